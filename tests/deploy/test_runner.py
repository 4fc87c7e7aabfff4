"""Which version a job runs, where Scrapyd's folders are, and what its log must not show."""

from __future__ import annotations

import logging
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapyd.config import Config

from ims_spiders.daemon.configuration import FOLDERS, cancel_mark, complete, set_option
from ims_spiders.daemon.job import clean_log
from ims_spiders.daemon.runner import choose_version
from ims_spiders.exceptions import ConfigurationError
from tests.crawl.crawling import ROOT, Archive

JOB = """
import os
from pathlib import Path
def run(arguments):
    mark = Path(os.environ["IMS_CANCEL_MARK"])
    print({version!r}, arguments, mark.name == str(os.getpid()), mark.exists(), os.environ.get("SCRAPYD_PASSWORD"))
    return 5
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A data folder in which two versions are deployed."""
    for version in ("9", "10"):
        egg = tmp_path / "data" / "scrapyd" / "eggs" / "ims_spiders" / f"{version}.egg"
        egg.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(egg, "w") as file:
            for package in ("ims_spiders", "ims_spiders/daemon"):
                file.writestr(f"{package}/__init__.py", "")
            file.writestr("ims_spiders/daemon/job.py", JOB.format(version=version))
            file.writestr("EGG-INFO/PKG-INFO", "Metadata-Version: 2.1\nName: ims-spiders\nVersion: 1\n")
            file.writestr("EGG-INFO/entry_points.txt", "[scrapy]\nsettings = ims_spiders.settings\n")
    return Archive(tmp_path / "data", None)


@pytest.mark.parametrize(("wanted", "version"), [({}, "10"), ({"SCRAPYD_EGG_VERSION": "9"}, "9")])
def test_an_egg_goes_before_what_is_installed_and_the_newest_before_others(
    archive: Archive, wanted: dict[str, str], version: str
) -> None:
    more = {"SCRAPY_PROJECT": "ims_spiders", "IMS_SCRAPYD_CONF": str(ROOT / "deploy" / "scrapyd.conf"), **wanted}
    env = archive.variables("http://127.0.0.1:1", "nobody", "nothing", SCRAPYD_PASSWORD="c4n4ry", **more)
    marks = archive.data_dir / "scrapyd" / "dbs" / "cancelled"
    # An earlier job of the same number was cancelled, and killed before it could take its mark away.
    shell = f'mkdir -p {marks}; touch {marks}/$$; exec "$@"'
    command = [
        "sh",
        "-c",
        shell,
        "sh",
        sys.executable,
        "-m",
        "ims_spiders.daemon.runner",
        "crawl",
        "ims",
        "-a",
        "_job=1",
    ]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{version} ['ims', '-a', '_job=1'] True False None\n", done.stderr
    assert done.returncode == 5
    assert list(marks.iterdir()) == []


def test_without_an_egg_nothing_else_is_run_in_its_place(tmp_path: Path) -> None:
    config = Config({"eggs_dir": str(tmp_path)})
    config.cp.add_section("settings")
    config.cp.set("settings", "default", "ims_spiders.settings")
    for project, version in (("ims_spiders", None), ("default", "7")):
        with pytest.raises(ConfigurationError, match="there is no egg of"):
            choose_version(config, project, version)


def test_folders_are_in_the_data_folder_unless_they_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMS_DATA_DIR", str(tmp_path / "100%"))
    config = Config(dict.fromkeys(FOLDERS, ""))
    set_option(config, "logs_dir", "logs")
    set_option(config, "eggs_dir", "/srv/eggs")
    set_option(config, "dbs_dir", "dbs")
    set_option(config, "items_dir", "s3://bucket/items")
    for _ in range(2):
        complete(config)
        folders = [config.get(name) for name in FOLDERS]
        base = tmp_path / "100%" / "scrapyd"
        assert folders == ["/srv/eggs", str(base / "logs"), str(base / "dbs"), "s3://bucket/items", ""]
    assert cancel_mark(config, 7) == base / "dbs" / "cancelled" / "7"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """What Scrapyd would call the job's log."""
    handler = logging.FileHandler(tmp_path / "job.log")
    logging.getLogger().addHandler(handler)
    yield tmp_path / "job.log"
    logging.getLogger().removeHandler(handler)
    handler.close()


def test_no_secret_gets_into_the_jobs_log(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_PASSWORD", "c4n4ry-pass")
    before = {handler: list(handler.filters) for handler in logging.getLogger().handlers}
    clean_log()
    logging.getLogger("anybody").warning("logged in with %s", "c4n4ry-pass")
    for handler, filters in before.items():
        handler.filters = filters
    assert log.read_text() == "logged in with ***\n"
