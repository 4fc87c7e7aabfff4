"""Who somebody is: one transaction as a user over a pooled connection, and nothing of it for the next borrower."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.identity import act_as_crawl, acting_as
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import Role, add_user, disable_user
from ims_spiders.exceptions import ConfigurationError
from tests.db.rights import Archive, Login, add_person, archive_of_people

WHO = "SELECT current_user, ims.current_user_id(), current_setting('role')"
PRODUCTS = "SELECT DISTINCT product FROM ims.crawl_sessions"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, folder: Path) -> Iterator[Archive]:
    with archive_of_people(server, "identified", folder) as made:
        yield made


@pytest.fixture
def service(archive: Archive) -> Iterator[Engine]:
    """The service's engine with a single connection, so that the next borrower gets the last one's."""
    engine = archive.engine("service", DATABASE_POOL_SIZE=1, DATABASE_MAX_OVERFLOW=0)
    yield engine
    engine.dispose()


def read(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(statement)]


def assert_nobody(archive: Archive, engine: Engine) -> None:
    """The connection in the pool is the service's again, and it is the same connection."""
    with engine.connect() as connection:
        assert read(connection, WHO) == [(archive.roles["service"], None, "none")]
        with pytest.raises(ProgrammingError, match="permission denied"):
            read(connection, PRODUCTS)


def backend(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def end_well(connection: Connection) -> None:
    read(connection, PRODUCTS)


def end_with_a_bug(connection: Connection) -> None:
    raise KeyError("a bug")


def end_with_a_failed_statement(connection: Connection) -> None:
    read(connection, "SELECT 1 / 0")


def time_out(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = '20ms'")
    read(connection, "SELECT pg_sleep(5)")


def roll_back(connection: Connection) -> None:
    read(connection, PRODUCTS)
    connection.get_transaction().rollback()  # type: ignore[union-attr]


def act_and(end: Callable[[Connection], None], service: Engine) -> None:
    with acting_as(service, "kim") as connection:
        assert read(connection, PRODUCTS) == [("kim",)]
        end(connection)


@pytest.mark.parametrize(
    ("end", "raised"),
    [
        (end_well, None),
        (end_with_a_bug, KeyError),
        (end_with_a_failed_statement, DBAPIError),
        (time_out, OperationalError),
        (roll_back, None),
    ],
)
def test_the_next_borrower_is_the_service(
    archive: Archive, service: Engine, end: Callable[[Connection], None], raised: type[Exception] | None
) -> None:
    process = backend(service)
    if raised is None:
        with acting_as(service, "kim") as connection:
            assert read(connection, WHO)[0][:2] == (archive.roles["kim"], archive.numbers["kim"])
            end(connection)
    else:
        with pytest.raises(raised):
            act_and(end, service)
    assert_nobody(archive, service)
    assert backend(service) == process


LEFT_BEHIND = {
    "a setting": (
        "SELECT set_config('ims.note', 'kim', false)",
        "SELECT coalesce(current_setting('ims.note', true), '') = ''",
    ),
    "a search_path": ("SET search_path = public", "SELECT current_setting('search_path') = '\"$user\", public'"),
    "row_security": ("SET row_security = off", "SELECT current_setting('row_security') = 'on'"),
    "a held cursor": (
        f"DECLARE held CURSOR WITH HOLD FOR {PRODUCTS}",
        "SELECT count(*) = 0 FROM pg_cursors",
    ),
    "a prepared statement": (f"PREPARE kims AS {PRODUCTS}", "SELECT count(*) = 0 FROM pg_prepared_statements"),
    "a channel": ("LISTEN kims", "SELECT count(*) = 0 FROM pg_listening_channels()"),
    "a lock": (
        "SELECT pg_advisory_lock(77)",
        "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    ),
}


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_nothing_of_a_user_is_left_for_the_next_borrower(archive: Archive, service: Engine, what: str) -> None:
    leave, is_gone = LEFT_BEHIND[what]
    process = backend(service)
    with acting_as(service, "kim") as connection:
        connection.exec_driver_sql(leave)
        assert what == "a channel" or read(connection, is_gone) == [(False,)]  # a channel is opened by the commit
    with service.connect() as connection:
        assert read(connection, is_gone) == [(True,)]
    assert_nobody(archive, service)
    assert backend(service) == process


def test_what_the_engine_was_opened_with_holds_for_the_next_borrower(service: Engine) -> None:
    with service.connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0; SET TimeZone = 'Asia/Seoul'")
        connection.commit()
    with service.connect() as connection:
        assert read(connection, "SHOW statement_timeout") == [("2min",)]
        assert read(connection, "SHOW TimeZone") == [("UTC",)]


def test_a_role_that_was_set_for_the_session_ends_with_its_borrower(archive: Archive, service: Engine) -> None:
    with service.connect() as connection:
        connection.exec_driver_sql(f"SET SESSION ROLE {archive.roles['kim']}")
        connection.commit()
        assert read(connection, PRODUCTS) == [("kim",)]
    assert_nobody(archive, service)


def test_a_statement_prepared_by_one_shows_another_their_own(archive: Archive, service: Engine) -> None:
    """A plan is made anew for whoever runs it."""
    with service.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {archive.roles['kim']}")
        connection.exec_driver_sql(f"PREPARE products AS {PRODUCTS}")
        for who, sees in (("kim", "kim"), ("lee", "secret"), ("kim", "kim"), ("lee", "secret")):
            connection.exec_driver_sql(f"SET ROLE {archive.roles[who]}")
            for _ in range(7):  # after five a plan may be kept
                assert read(connection, "EXECUTE products") == [(sees,)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nobody", "no user 'nobody'"), ("gone", "disabled"), ("plain", "has no database role"), ("", "no user")],
)
def test_nobody_acts_as_one_who_may_not(archive: Archive, service: Engine, name: str, reason: str) -> None:
    with archive.owner.begin() as connection:
        connection.execute(text("INSERT INTO ims.users (username) VALUES ('plain') ON CONFLICT DO NOTHING"))
    with pytest.raises(ConfigurationError, match=reason), acting_as(service, name):
        pytest.fail("it began")
    assert_nobody(archive, service)


def test_who_is_no_member_of_the_service_acts_as_nobody_else(archive: Archive) -> None:
    for who in ("kim", "ann", "crawler"):
        engine = archive.engine(who)
        with pytest.raises(ConfigurationError, match=r"cannot act as|no user"), acting_as(engine, "lee"):
            pytest.fail("it began")
        engine.dispose()


def test_an_admin_acts_under_no_other_name(archive: Archive, folder: Path) -> None:
    """Else the trail would say that another did what the admin does; the owner, a machine's login, may."""
    add_person(archive, "chief", Passwords(folder), "admin")
    engine = archive.engine("boss")
    for name in ("lee", "chief", "ann"):
        with pytest.raises(ConfigurationError, match=f"cannot act as {name}"), acting_as(engine, name):
            pytest.fail("it began")
    engine.dispose()
    with acting_as(archive.owner, "lee") as connection:
        assert read(connection, PRODUCTS) == [("secret",)]


def test_outside_of_a_transaction_nothing_changes(archive: Archive, service: Engine) -> None:
    with service.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        kim = archive.numbers["kim"]
        assert read(connection, f"SELECT ims.set_current_user({kim})") == [(archive.roles["kim"],)]
        assert read(connection, WHO) == [(archive.roles["service"], None, "none")]


def test_a_savepoint_that_is_rolled_back_takes_the_identity_along(archive: Archive, service: Engine) -> None:
    with service.connect() as connection, connection.begin():
        nested = connection.begin_nested()
        read(connection, f"SELECT ims.set_current_user({archive.numbers['kim']})")
        assert read(connection, PRODUCTS) == [("kim",)]
        nested.rollback()
        assert read(connection, WHO)[0][0] == archive.roles["service"]


def test_users_at_the_same_time_see_their_own(archive: Archive) -> None:
    engine = archive.engine("service", DATABASE_POOL_SIZE=2, DATABASE_MAX_OVERFLOW=0)

    def look(number: int) -> tuple[str, list[tuple[Any, ...]]]:
        who = "kim" if number % 2 else "lee"
        with acting_as(engine, who) as connection:
            seen = read(connection, PRODUCTS)
            if number % 5 == 0:
                connection.get_transaction().rollback()  # type: ignore[union-attr]
            return who, seen

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(look, range(200)))
    engine.dispose()
    assert {who for who, _ in seen} == {"kim", "lee"}
    assert all(rows == [("kim" if who == "kim" else "secret",)] for who, rows in seen)


def test_a_crawl_has_its_rights_until_its_transaction_ends(archive: Archive) -> None:
    engine = archive.engine("crawler")
    with engine.connect() as connection, connection.begin():
        act_as_crawl(connection)
        assert len(read(connection, PRODUCTS)) == 3
    engine.dispose()
    kim = archive.engine("kim")
    with kim.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        act_as_crawl(connection)
    kim.dispose()


def test_rights_follow_the_role_that_one_is_given(archive: Archive, folder: Path) -> None:
    """Those that went are gone for connections that were open, too."""
    everybodys = [("gone",), ("kim",), ("park",), ("secret",)]
    steps: list[Role] = ["user", "admin", "readonly", "user"]
    add_person(archive, "park", Passwords(folder), "user")
    with archive.login("park", autocommit=True) as park:
        park.run("INSERT INTO ims.crawl_sessions (user_id, product) VALUES (ims.current_user_id(), 'park')")
    with archive.login("park") as early:
        for role in steps:
            add_user(archive.owner, "park", Passwords(folder), role)
            with archive.login("park") as late:
                for login in (early, late):
                    assert login.run(f"{PRODUCTS} ORDER BY 1") == ([("park",)] if role == "user" else everybodys)
                    assert may(login, "SELECT FROM ims.audit_log") == (role == "admin")
                    assert may(login, "UPDATE ims.issues SET title = title") == (role == "admin")
                    assert may(login, "UPDATE ims.crawl_sessions SET product = product") == (role != "readonly")
                    login.connection.rollback()


def may(login: Login, statement: str) -> bool:
    """Whether the statement is permitted; it is undone."""
    login.run("SAVEPOINT attempt")
    try:
        login.run(statement)
    except psycopg2.errors.InsufficientPrivilege:
        return False
    finally:
        login.run("ROLLBACK TO SAVEPOINT attempt")
    return True


def test_one_who_is_disabled_is_locked_out_at_once(archive: Archive, folder: Path) -> None:
    people: dict[str, Role] = {"choi": "user", "han": "readonly", "yoo": "admin"}
    for name, role in people.items():
        add_person(archive, name, Passwords(folder), role)
        with archive.login(name) as login:
            login.run(PRODUCTS)
            assert disable_user(archive.owner, name) == 1
            with pytest.raises(psycopg2.OperationalError):
                login.run(PRODUCTS)
        with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"), archive.login(name):
            pytest.fail("it logged in")
        with archive.login("root") as root:
            root.run(f"SET SESSION AUTHORIZATION {archive.roles[name]}")
            assert root.refused(PRODUCTS) == "42501"
        add_person(archive, name, Passwords(folder), role)
        with archive.login(name) as login:
            login.run(PRODUCTS)


def test_one_archives_user_is_nobody_in_another(server: EmbeddedServer, archive: Archive, tmp_path: Path) -> None:
    with archive_of_people(server, "neighbour", tmp_path) as other:
        assert other.roles["kim"] != archive.roles["kim"]
        for who in ("kim", "ann", "boss"):
            with (
                pytest.raises(psycopg2.OperationalError, match="permission denied for database"),
                archive.login(who, database="neighbour"),
            ):
                pytest.fail("it connected")
        with other.login("root") as root:
            root.run(f"SET SESSION AUTHORIZATION {archive.roles['kim']}")
            assert root.value("SELECT ims.current_user_id()") is None
            assert root.run(PRODUCTS) == []
        for who, role in archive.roles.items():
            with other.login("kim") as kim:
                if who not in {"root", "owner"}:
                    assert kim.refused(f"SET ROLE {role}") == "42501"


def test_a_user_may_choose_the_uuid_of_a_session_of_their_own(archive: Archive) -> None:
    uuid = "00000000-0000-4000-8000-00000000c1a1"
    insert = f"INSERT INTO ims.crawl_sessions (session_uuid, user_id) VALUES ('{uuid}', ims.current_user_id())"
    delete = f"DELETE FROM ims.crawl_sessions WHERE session_uuid = '{uuid}'"
    with archive.login("kim") as kim:
        # One's own is free again once it is deleted; tests/db/attacks try everybody else's.
        assert [kim.changes(statement) for statement in (insert, delete, insert, delete)] == [1, 1, 1, 1]
