"""What `make deploy` says when it cannot deploy, and that an egg holds all that the package needs to run from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ims_spiders.daemon.deploy import SOURCES, copy_sources
from ims_spiders.db.embedded import EmbeddedServer
from tests.crawl.crawling import ROOT, Archive
from tests.deploy.scrapyd import Scrapyd

DEVELOPERS = {"ims_spiders/db/migrations/script.py.mako"}
"""Read by those who write a revision, who have the source tree."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrapyd]:
    """A Scrapyd as it comes: no uploads."""
    archive = Archive(tmp_path_factory.mktemp("closed") / "data", None)
    with Scrapyd(archive, archive.variables("http://127.0.0.1:1", "nobody", "nothing")) as running:
        yield running


@pytest.fixture(scope="module")
def egg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by scrapyd-client, from what it is given by `make deploy`."""
    folder = tmp_path_factory.mktemp("egg")
    copy_sources(ROOT, folder)
    made = folder / "made.egg"
    command = [sys.executable, "-m", "scrapyd_client.deploy", "--build-egg", str(made)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return made


def test_code_is_not_let_in_unless_that_was_asked_for(closed: Scrapyd) -> None:
    for service in ("addversion.json", "delversion.json", "delproject.json"):
        assert closed.ask(service, (closed.username, closed.password), project="default", version="1")[0] == 404
    deployed = closed.deploy()
    assert deployed.returncode == 2
    assert "make scrapyd ALLOW_DEPLOY=1" in deployed.stderr
    assert deployed.stdout == ""


def test_what_is_wrong_is_said_with_what_to_do(closed: Scrapyd) -> None:
    for wrong, said in (
        ({"SCRAPYD_PASSWORD": "wrong-password"}, "refuses the user name or password"),
        ({"SCRAPYD_URL": "http://127.0.0.1:1"}, "no Scrapyd at http://127.0.0.1:1/"),
        ({"SCRAPYD_URL": "127.0.0.1:6800"}, "must be an address"),
        ({"IMS_DATA_DIR": str(closed.archive.data_dir / "elsewhere")}, "no password for Scrapyd is known"),
        ({"IMS_SCRAPYD_CONF": "/nonexistent/scrapyd.conf"}, "does not exist"),
    ):
        deployed = closed.deploy(**wrong)
        assert deployed.returncode == 2, (wrong, deployed.stderr)
        assert said in deployed.stderr
        assert "Traceback" not in deployed.stderr
        assert "wrong-password" not in deployed.stderr


def test_what_is_installed_can_be_scheduled_without_an_egg(closed: Scrapyd) -> None:
    assert '"spiders": ["ims"]' in closed.get("listspiders.json?project=default")
    answer = closed.post("schedule.json", project="default", spider="ims", prodct="OpenFrame")
    assert answer["status"] == "error"
    assert "unknown argument 'prodct'" in answer["message"]


def test_scrapyds_own_command_is_not_open_either(tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "deploy" / "scrapyd.conf", tmp_path / "scrapyd.conf")
    archive = Archive(tmp_path / "data", None)
    variables = archive.variables("http://127.0.0.1:1", "nobody", "nothing")
    with Scrapyd(archive, variables, module="scrapyd", folder=tmp_path) as stock:
        assert stock.ask("schedule.json", None, project="default", spider="ims")[0] == 401
        assert stock.ask("addversion.json", (stock.username, stock.password), project="default")[0] == 404
        assert '"projects": ["default"]' in stock.get("listprojects.json")
    assert not (tmp_path / "eggs").exists()
    assert not (tmp_path / "dbs").exists()


def test_jobs_and_password_outlive_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "data", None)
    variables = archive.variables("http://127.0.0.1:1", "nobody", "nothing")
    with Scrapyd(archive, variables) as first:
        form = {"project": "default", "spider": "ims", "jobid": "early", "resume": "last"}
        assert first.post("schedule.json", **form)["status"] == "ok"
        first.wait(lambda: '"currstate": "finished"' in first.get("status.json?job=early"), "the job does not end")
        assert "exitstatus=2 project='default' spider='ims' job='early'" in first.log.read_text()
    with Scrapyd(archive, variables) as second:
        assert second.password == first.password
        assert '"currstate": "finished"' in second.get("status.json?job=early")
        log = second.get("logs/default/ims/early.log")
    assert f"Job early runs {ROOT / 'ims_spiders'}" in log
    assert "there is no session" in log


def test_a_second_one_on_the_same_port_says_so(closed: Scrapyd) -> None:
    command = [sys.executable, "-m", "ims_spiders.daemon"]
    second = subprocess.run(
        command, env=closed.variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 2
    assert f"port {closed.port} of 127.0.0.1 is taken" in second.stderr


def test_an_egg_holds_every_file_of_the_package(egg: Path) -> None:
    package = ROOT / "ims_spiders"
    links = [path for path in package.rglob("*") if path.is_symlink()]
    files = {path for folder in (package, *links) for path in folder.rglob("*") if path.is_file()}
    wanted = {path.relative_to(ROOT).as_posix() for path in files if path.suffix not in {".pyc", ".md"}}
    assert {"ims_spiders/db/sql/02_create_database_schema.sql", "ims_spiders/db/launch.py"} <= wanted
    assert wanted - set(zipfile.ZipFile(egg).namelist()) - DEVELOPERS == set()


@pytest.mark.long
def test_from_an_egg_the_embedded_database_runs(egg: Path, own_server: EmbeddedServer, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(egg)!r}); import ims_spiders; assert '.egg' in ims_spiders.__file__\n"
        "from ims_spiders.cli import main; main()"
    )
    archive = Archive(own_server.folder.parent, None)
    env = archive.variables("http://127.0.0.1:1", "nobody", "nothing")
    for arguments in (["init"], ["upgrade", "--check"]):
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, "db", *arguments],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_building_leaves_the_source_tree_alone(tmp_path: Path) -> None:
    for name in SOURCES:
        source = ROOT / name
        if source.is_file():
            shutil.copyfile(source, tmp_path / name)
    (tmp_path / "ims_spiders" / "__pycache__").mkdir(parents=True)
    (tmp_path / "ims_spiders" / "__pycache__" / "old.pyc").touch()
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "one.sql").touch()
    (tmp_path / "ims_spiders" / "sql").symlink_to("../real")
    copied = tmp_path / "copied"
    copied.mkdir()
    copy_sources(tmp_path, copied)
    assert not (copied / "ims_spiders" / "__pycache__").exists()
    assert not (copied / "ims_spiders" / "sql").is_symlink()
    assert (copied / "ims_spiders" / "sql" / "one.sql").is_file()
