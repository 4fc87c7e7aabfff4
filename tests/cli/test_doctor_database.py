"""What the doctor says of databases; and that its advice mends what it is about."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ims_spiders.cli.checks_database import database
from ims_spiders.cli.checks_database import server as server_check
from ims_spiders.cli.checks_result import Check
from ims_spiders.db.check_server import ServerFacts
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.status import Sessions
from ims_spiders.db.users import add_user
from tests.cli.conftest import Ims
from tests.crawl.crawling import database_url
from tests.db.catalogue import superuser
from tests.db.factory import folder, issue, session

Look = Callable[[], dict[str, Check]]
SOUND = ServerFacts(18, "UTF8", {"fsync": True, "full_page_writes": True}, 50, 0.1)


def looking_at(data_dir: Path) -> dict[str, Check]:
    return {check.name: check for check in database(data_dir, Sessions(data_dir).look())}


@pytest.fixture
def archive(ims: Ims, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Ims:
    """`ims` with an archive in which nothing is."""
    ims.environment["DATABASE_URL"] = database_url(engine)
    monkeypatch.chdir(ims.folder)
    monkeypatch.setenv("DATABASE_URL", ims.environment["DATABASE_URL"])
    return ims


def follow(ims: Ims, check: Check) -> None:
    """Do what a check says is to be run, command by command."""
    assert check.advice is not None
    assert check.advice.startswith("run: ")
    for command in check.advice.removeprefix("run: ").split("; "):
        name, *arguments = shlex.split(command)
        assert name == "ims"
        done = ims.run(*arguments)
        assert done.returncode == 0, done.stderr


def test_an_archive_whose_rights_were_changed(archive: Ims, engine: Engine) -> None:
    sound = looking_at(archive.folder)
    assert {name: sound[name].state for name in ("Database rights", "Database content")} == {
        "Database rights": "ok",
        "Database content": "ok",
    }
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP POLICY users_own ON ims.users; CREATE POLICY hole ON ims.pages USING (true)")
    found = looking_at(archive.folder)["Database rights"]
    assert not found.ok
    assert "users_own" in found.found
    assert "hole" in found.found
    follow(archive, found)
    assert looking_at(archive.folder)["Database rights"].ok
    assert "was there already" in archive.run("db", "init").stderr


def test_a_users_own_login_may_search_and_not_crawl(
    archive: Ims, engine: Engine, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = Passwords(archive.folder)
    role = str(add_user(engine, "kim", passwords).database_role)
    password = str(passwords.read(role))
    own = engine.url.set(username=role, password=password, query={"sslmode": "disable"})
    monkeypatch.setenv("DATABASE_URL", own.render_as_string(hide_password=False))
    try:
        found = looking_at(archive.folder)
    finally:
        administrator = superuser(server, str(engine.url.database))
        with administrator.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
        administrator.dispose()
    assert f"the login {role} may not do what a crawl does" in found["Database rights"].found
    assert (found["Database rights"].advice or "").startswith(
        "crawl with the login of ims_owner, or have it run: GRANT"
    )
    assert found["Database content"].state == "skip"
    assert password not in str(found)


def test_what_was_mended_is_said(archive: Ims, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ims.schedules NO FORCE ROW LEVEL SECURITY")
    done = archive.run("db", "init")
    assert done.stderr == ("Mended: row security is not forced on ims.schedules.\nSchema ims was there already.\n")


def test_sessions_that_are_in_files_only(archive: Ims) -> None:
    data_dir = archive.folder / "data"
    folder(data_dir, session(status="completed"), [issue(7)])
    found = looking_at(data_dir)["Database content"]
    assert (found.state, found.ok) == ("warn", True)
    follow(archive, found)
    assert looking_at(data_dir)["Database content"].state == "ok"


def test_a_server_that_waits_for_no_disk(archive: Ims) -> None:
    """As the suite's own."""
    found = looking_at(archive.folder)["Database"]
    assert (found.state, found.ok) == ("warn", True)
    assert "fsync and full_page_writes off" in found.found
    assert "ALTER SYSTEM SET fsync = on" in (found.advice or "")


def test_the_embedded_server_asleep_and_awake(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, ims: Ims
) -> None:
    data_dir = own_server.folder.parent
    monkeypatch.chdir(ims.folder)
    assert list(looking_at(ims.folder / "nothing")) == ["Database"]
    asleep = looking_at(data_dir)
    assert asleep["Database"].ok
    assert (asleep["Database rights"].state, asleep["Database rights"].advice) == ("skip", "run: ims db start")
    assert not own_server.status().running
    follow(ims, asleep["Database rights"])
    empty = looking_at(data_dir)["Database"]
    assert not empty.ok
    assert empty.advice == "run: ims db init"
    follow(ims, empty)
    awake = looking_at(data_dir)
    assert {check.state for check in awake.values()} == {"ok"}
    assert set(awake) == {"Database", "Database rights", "Database content"}


@pytest.mark.parametrize(
    ("changes", "state", "named"),
    [
        ({}, "ok", "schema ready"),
        ({"major": 15}, "fail", "too old"),
        ({"encoding": "SQL_ASCII"}, "fail", "SQL_ASCII"),
        ({"durable": {"fsync": True, "full_page_writes": False}}, "warn", "full_page_writes off"),
        ({"connections_left": 2}, "warn", "2 more connections"),
        ({"ahead": 90.0}, "warn", "90 seconds ahead of"),
        ({"ahead": -90.0}, "warn", "90 seconds behind"),
    ],
)
def test_what_a_server_may_lack(changes: dict[str, object], state: str, named: str) -> None:
    found = server_check(replace(SOUND, **changes), "db.example.com", 5)  # type: ignore[arg-type]
    assert found.state == state
    assert named in found.found
    assert (found.advice is None) == (state == "ok")
