"""deploy/README.md names only files, commands, options and variables that there are."""

from __future__ import annotations

import re

import pytest

from tests.crawl.crawling import ROOT
from tests.deploy.test_env_example import ASSIGNMENTS
from tests.test_docs import COMMANDS, OPTIONS

DEPLOY = ROOT / "deploy"
PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL) + re.findall(r"`([^`\n]+)`", PAGE))
MAKE = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_file_of_the_folder_is_explained() -> None:
    for path in DEPLOY.iterdir():
        if path.is_dir():
            assert f"{path.name}/" in PAGE
        elif not path.name.startswith(("README", "Containerfile.", "backup_", ".")):
            assert path.name in PAGE


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"(?<![\w/$])(?:/opt/ims_spiders/)?(deploy/[\w./-]*\w)", CODE))
    assert {"deploy/backup.sh", "deploy/restore.sh", "deploy/Containerfile"} <= named
    assert [name for name in named if not (ROOT / name).exists() and name != "deploy/.env"] == []
    units = {
        name.replace("OpenFrame", "").rstrip(".*")
        for name in re.findall(r"ims-(?:backup|crawl|database|scrapyd)[\w@.*]*", CODE)
    }
    known = {unit.name.split(".")[0] for unit in (DEPLOY / "systemd").iterdir()}
    assert {unit.split(".")[0] for unit in units} <= known


def test_every_command_is_there() -> None:
    asked = re.findall(r"(?<![\w/.-])ims ((?:db )?(?:user )?[a-z][a-z-]+)", CODE)
    assert len(set(asked)) > 8
    assert [name for name in asked if f"ims {name}" not in COMMANDS] == []
    assert set(re.findall(r"\bmake (?:-C \S+ )?([a-z-]+)", CODE)) <= set(MAKE)


@pytest.mark.parametrize("script", ["backup.sh", "restore.sh"])
def test_every_option_of_a_script_is_there(script: str) -> None:
    for line in re.findall(rf"{script} (.*)", CODE):
        known = (DEPLOY / script).read_text()
        assert all(f"  {option} " in known for option in re.findall(r"--[a-z-]+", line.partition("#")[0]))


def test_every_option_of_ims_is_there() -> None:
    for line in re.findall(r"(?:^|[ /])ims ((?:db|crawl|doctor)[^`\n]*)", CODE):
        assert {*re.findall(r"(?<=\s)--[a-z-]+", line)} <= {*OPTIONS, "--help"}


def test_every_variable_is_there() -> None:
    named = set(re.findall(r"\b((?:IMS|DATABASE|SCRAPYD)_[A-Z_]+)\b", CODE))
    assert named - set(ASSIGNMENTS) == set()
