"""Users: made known with a database role of their own, brought up to date, listed, disabled."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.projection import Projection
from ims_spiders.db.users import add_user, disable_user, find_user, list_users
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import session
from tests.db.inspect_rows import value


@pytest.fixture
def passwords(tmp_path: Path) -> Passwords:
    """An empty folder of passwords."""
    return Passwords(tmp_path)


def log_in(server: EmbeddedServer, engine: Engine, passwords: Passwords, role: str) -> psycopg2.extensions.connection:
    """A connection as that role, with the password file alone."""
    return psycopg2.connect(server.dsn(role, str(engine.url.database), passwords.path(role)))


def test_a_user_is_added_with_all_that_is_given(engine: Engine, passwords: Passwords) -> None:
    user = add_user(
        engine, " kim ", passwords, "admin", email="kim@example.com", full_name="김기홍", department="지원팀"
    )
    assert (user.username, user.email, user.full_name, user.department, user.role) == (
        "kim", "kim@example.com", "김기홍", "지원팀", "admin",
    )  # fmt: skip
    assert user.is_active
    assert [entry.user.username for entry in list_users(engine)] == ["kim"]


def test_one_whom_a_crawl_made_known_is_completed(engine: Engine, projection: Projection, passwords: Passwords) -> None:
    projection.write_session(session())
    before = list_users(engine)[0]
    assert (before.sessions, before.user.database_role) == (1, None)
    user = add_user(engine, "kim", passwords, email="kim@example.com")
    assert user.user_id == before.user.user_id
    assert add_user(engine, "kim", passwords, department="QA").email == "kim@example.com"
    projection.write_session(session())
    listed = [(entry.user.email, entry.user.department, entry.sessions) for entry in list_users(engine)]
    assert listed == [("kim@example.com", "QA", 1)]


def test_users_are_listed_by_name(engine: Engine, passwords: Passwords) -> None:
    for name in ("park", "choi", "lee"):
        add_user(engine, name, passwords)
    assert [entry.user.username for entry in list_users(engine)] == ["choi", "lee", "park"]


def test_a_blank_name_and_an_unknown_role_are_refused(engine: Engine, passwords: Passwords) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        add_user(engine, "  ", passwords)
    with pytest.raises(DBAPIError, match="users_role_check"):
        add_user(engine, "kim", passwords, "king")  # type: ignore[arg-type]


def test_the_password_file_lets_in_its_user_and_nobody_else(
    server: EmbeddedServer, engine: Engine, passwords: Passwords
) -> None:
    kim, lee = (add_user(engine, name, passwords) for name in ("kim_file", "lee_file"))
    assert kim.database_role is not None
    assert lee.database_role is not None
    path = passwords.path(kim.database_role)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    connection = log_in(server, engine, passwords, kim.database_role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, ims.current_user_id()")
        assert cursor.fetchone() == (kim.database_role, kim.user_id)
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(server.dsn(lee.database_role, str(engine.url.database), path))


def test_the_server_is_told_no_password(engine: Engine, passwords: Passwords, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="sqlalchemy.engine")
    role = add_user(engine, "kim_quiet", passwords).database_role
    assert role is not None
    password = passwords.read(role)
    assert password
    assert password not in caplog.text


def test_a_new_password_is_made_on_demand_only(engine: Engine, passwords: Passwords) -> None:
    role = add_user(engine, "kim_again", passwords).database_role
    assert role is not None
    first = passwords.read(role)
    add_user(engine, "kim_again", passwords, department="QA")
    assert passwords.read(role) == first
    add_user(engine, "kim_again", passwords, new_password=True)
    assert passwords.read(role) not in {first, None}


@pytest.mark.parametrize(
    ("username", "role"),
    [("J. O'Neil; DROP", "ims_j_o_neil_drop"), ("기홍", "ims_user_2"), ("admin", "ims_admin_2"), ("Ünal", "ims_unal")],
)
def test_any_name_gets_a_role_that_is_free(engine: Engine, passwords: Passwords, username: str, role: str) -> None:
    made = add_user(engine, username, passwords)
    assert (made.database_role or "").startswith(role.removesuffix("_2"))
    assert made.database_role not in {"ims_user", "ims_admin"}
    assert add_user(engine, username, passwords).database_role == made.database_role


def test_an_archive_made_anew_knows_the_roles_of_its_users(engine: Engine, passwords: Passwords) -> None:
    role = add_user(engine, "kim_anew", passwords).database_role
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ims.users")
    assert add_user(engine, "kim_anew", passwords).database_role == role


def test_disabling_locks_out_and_adding_lets_in_again(
    server: EmbeddedServer, engine: Engine, passwords: Passwords
) -> None:
    role = add_user(engine, "kim_out", passwords).database_role
    assert role is not None
    connection = log_in(server, engine, passwords, role)
    assert disable_user(engine, "kim_out") == 1
    with pytest.raises(psycopg2.OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
        log_in(server, engine, passwords, role)
    assert find_user(engine, "kim_out").is_active is False
    assert value(engine, "SELECT current_user") == "ims_owner"
    add_user(engine, "kim_out", passwords)
    log_in(server, engine, passwords, role).close()
    with pytest.raises(ConfigurationError, match="no user 'nobody'"):
        disable_user(engine, "nobody")
