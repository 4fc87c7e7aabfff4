"""Users: made known, brought up to date, listed."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.projection import Projection
from ims_spiders.db.users import add_user, list_users
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import session


def test_a_user_is_added_with_all_that_is_given(engine: Engine) -> None:
    user = add_user(engine, " kim ", "kim@example.com", "김기홍", "지원팀", "admin")
    assert (user.username, user.email, user.full_name, user.department, user.role) == (
        "kim", "kim@example.com", "김기홍", "지원팀", "admin",
    )  # fmt: skip
    assert user.is_active
    assert [entry.username for entry in list_users(engine)] == ["kim"]


def test_one_whom_a_crawl_made_known_is_completed(engine: Engine, projection: Projection) -> None:
    projection.write_session(session())
    before = list_users(engine)[0]
    user = add_user(engine, "kim", email="kim@example.com")
    assert user.user_id == before.user_id
    assert add_user(engine, "kim", department="QA").email == "kim@example.com"
    projection.write_session(session())
    assert [(entry.email, entry.department) for entry in list_users(engine)] == [("kim@example.com", "QA")]


def test_users_are_listed_by_name(engine: Engine) -> None:
    for name in ("park", "choi", "lee"):
        add_user(engine, name)
    assert [entry.username for entry in list_users(engine)] == ["choi", "lee", "park"]


def test_a_blank_name_and_an_unknown_role_are_refused(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        add_user(engine, "  ")
    with pytest.raises(DBAPIError, match="users_role_check"):
        add_user(engine, "kim", role="king")  # type: ignore[arg-type]
