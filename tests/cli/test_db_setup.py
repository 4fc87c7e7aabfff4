"""`ims db init` and `ims db upgrade`, on a server of one's own and on the embedded one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import VERSION, schema_version, without_transaction
from tests.cli.conftest import Ims
from tests.conftest import database_engine
from tests.db.catalogue import catalogue, database
from tests.db.factory import folder, session
from tests.db.inspect_rows import value
from tests.db.test_upgrade import BASELINE


@pytest.fixture
def of_others(server: EmbeddedServer, ims: Ims) -> Iterator[Engine]:
    """An empty database on a server that the settings name."""
    with database(server, "of_others"):
        ims.environment["DATABASE_URL"] = server.dsn(database="of_others")
        engine = database_engine(server, "of_others")
        yield engine
        engine.dispose()


def make_version_1(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(without_transaction(BASELINE.read_text()), execution_options={"no_parameters": True})


def test_samples_are_made_when_asked_for(ims: Ims, of_others: Engine) -> None:
    assert "is ready" in ims.run("db", "init").stderr
    assert value(of_others, "SELECT count(*) FROM ims.users") == 0
    assert ims.run("db", "init", "--with-samples").returncode == 0
    assert value(of_others, "SELECT count(*) FROM ims.users WHERE username LIKE 'sample%'") == 3


def test_an_upgrade_is_announced_then_made(ims: Ims, of_others: Engine) -> None:
    make_version_1(of_others)
    before = catalogue(of_others)
    due = ims.run("db", "upgrade", "--check", "--json")
    assert due.returncode == 1
    assert json.loads(due.stdout) == {"schema": "ims", "from": "1", "to": VERSION, "due": True}
    assert f"from version 1 to {VERSION}" in ims.run("db", "upgrade", "--check").stderr
    assert catalogue(of_others) == before

    done = ims.run("db", "upgrade")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Schema ims was upgraded from version 1 to {VERSION}.\n"
    assert schema_version(of_others) == VERSION

    again = ims.run("db", "upgrade", "--check")
    assert (again.returncode, again.stderr) == (0, f"Schema ims is version {VERSION}, the newest.\n")
    assert json.loads(ims.run("db", "upgrade", "--json").stdout)["from"] == VERSION


def test_no_other_command_upgrades_a_server_of_ones_own(ims: Ims, of_others: Engine) -> None:
    make_version_1(of_others)
    folder(ims.folder / "data", session(), [])
    for command in (["init"], ["load"], ["user", "add", "kim"]):
        refused = ims.run("db", *command)
        assert refused.returncode == 2, command
        assert "`ims db upgrade`" in refused.stderr
    assert schema_version(of_others) == "1"


def test_the_doctor_sees_that_an_upgrade_is_due(ims_at: Ims, of_others: Engine) -> None:
    make_version_1(of_others)
    found = {check["name"]: check for check in json.loads(ims_at.run("doctor", "--json", IMS_RENDER="never").stdout)}
    assert found["Database"]["ok"] is False
    assert "`ims db upgrade`" in found["Database"]["advice"]


def test_a_crawl_leaves_such_a_server_behind_and_says_why(ims_at: Ims, of_others: Engine) -> None:
    make_version_1(of_others)
    crawled = ims_at.run("crawl", "--max-results", "1", "--no-related")
    assert crawled.returncode == 6
    assert "`ims db upgrade`" in crawled.stderr
    assert schema_version(of_others) == "1"
    assert ims_at.run("db", "upgrade").returncode == 0
    assert ims_at.run("db", "load").returncode == 0
    assert value(of_others, "SELECT count(*) FROM ims.session_issues") == 1


@pytest.mark.long
def test_the_embedded_one_is_upgraded_on_the_way(ims: Ims) -> None:
    assert ims.run("db", "start").returncode == 0
    assert ims.run("db", "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(BASELINE)).returncode == 0
    assert ims.run("db", "upgrade", "--check").returncode == 1
    loaded = ims.run("db", "load")
    assert loaded.returncode == 0, loaded.stderr
    assert ims.run("db", "upgrade", "--check").returncode == 0


def test_what_is_not_there_is_not_upgraded(ims: Ims, of_others: Engine) -> None:
    refused = ims.run("db", "upgrade", "--check")
    assert refused.returncode == 2
    assert "`ims db init`" in refused.stderr
    assert schema_version(of_others) is None
