"""Figures and history, as far as one may see them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.engine import open_engine
from ims_spiders.db.load import load
from ims_spiders.db.overview import archive_figures, history, user_figures
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import add_user
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import START, at, changed, folder, issue, session, session_uuid


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Engine:
    """Sessions of kim long ago and of lee just now; one is still running."""
    documents = [issue(number) for number in (1, 2, 3)]
    now = (datetime.now(UTC) - START).total_seconds() / 60
    folder(tmp_path, session(1, issues_crawled=3), documents)
    folder(
        tmp_path, session(2, 60, status="failed", product="JEUS", issues_crawled=1), [issue(9, 61, 2, product="JEUS")]
    )
    folder(
        tmp_path,
        session(3, now, username="lee", issues_crawled=2, attachments_downloaded=5),
        [changed(documents[0], now, 3, status="Closed"), issue(10, now, 3)],
    )
    folder(tmp_path, session(4, now - 9, username="lee", status="running", completed_at=None), [])
    load(engine, tmp_path)
    return engine


@pytest.fixture
def as_user(archive: Engine, tmp_path: Path) -> Any:
    """Connects as a user of the archive, made known with a role."""
    opened = []

    def connect(name: str, role: Any = "user") -> Engine:
        passwords = Passwords(tmp_path)
        database_role = str(add_user(archive, name, passwords, role).database_role)
        url = archive.url.set(username=database_role, password=passwords.read(database_role))
        opened.append(open_engine(url.difference_update_query(["passfile"])))
        return opened[-1]

    yield connect
    for engine in opened:
        engine.dispose()


def test_figures_of_the_archive(archive: Engine) -> None:
    found = archive_figures(archive)
    tables = {table["table"]: table["rows"] for table in found["tables"]}
    assert tables | {
        "issues": 5, "issue_comments": 10, "attachments": 10, "crawl_sessions": 4, "session_issues": 6, "users": 2
    } == tables  # fmt: skip
    assert all(table["bytes"] > 8_000 for table in found["tables"])
    assert found["database_bytes"] > sum(table["bytes"] for table in found["tables"])
    assert found["first_session_at"] == at(0)
    assert found["last_session_at"] > at(60)
    assert (found["time_zone"], found["pending_days"]) == ("UTC", 0)
    assert found["today"] == {
        "sessions": 1, "failed_sessions": 0, "issues_crawled": 2, "new_issues": 1, "attachments_downloaded": 5
    }  # fmt: skip
    assert found["this_month"] == {"sessions": 1, "issues_crawled": 2}
    products = [(row["product"], row["issue_count"], row["open_count"]) for row in found["products"]]
    assert products == [("OpenFrame Batch", 4, 3), ("JEUS", 1, 1)]


def test_what_is_still_to_be_worked_out_is_told(archive: Engine) -> None:
    with archive.begin() as connection:
        connection.execute(
            text("INSERT INTO ims_private.statistics_pending SELECT user_id, '2026-01-01' FROM ims.users")
        )
    assert archive_figures(archive)["pending_days"] == 2


def test_figures_as_a_user_sees_them(as_user: Any) -> None:
    found = archive_figures(as_user("lee"))
    tables = {table["table"]: table["rows"] for table in found["tables"]}
    assert "audit_log" not in tables
    assert (tables["issues"], tables["crawl_sessions"], tables["users"]) == (5, 2, 1)
    assert found["pending_days"] is None
    assert found["today"]["sessions"] == 1
    assert archive_figures(as_user("kim"))["today"]["sessions"] == 0


def test_a_users_dashboard(archive: Engine) -> None:
    kim = user_figures(archive, "kim")
    assert kim | {
        "username": "kim", "total_sessions": 2, "completed_sessions": 1, "failed_sessions": 1, "unique_issues": 4,
        "issues_crawled": 4, "sessions_today": None,
    } == kim  # fmt: skip
    lee = user_figures(archive, "lee")
    assert (lee["total_sessions"], lee["running_sessions"], lee["sessions_today"]) == (2, 1, 1)
    with pytest.raises(ConfigurationError, match="nobody"):
        user_figures(archive, "nobody")


def test_who_sees_whose(as_user: Any, archive: Engine) -> None:
    lee = as_user("lee")
    assert user_figures(lee, "lee")["total_sessions"] == 2
    with pytest.raises(ConfigurationError, match="no user 'kim' to be seen"):
        user_figures(lee, "kim")
    assert {row["username"] for row in history(lee)} == {"lee"}
    analyst = as_user("ann", "readonly")
    assert user_figures(analyst, "kim")["total_sessions"] == 2
    assert {row["username"] for row in history(analyst)} == {"kim", "lee"}


def test_the_service_becomes_the_user(as_user: Any, archive: Engine) -> None:
    as_user("lee")
    gate = f"gate_of_{archive.url.database}"
    with archive.begin() as connection:
        connection.execute(text(f"CREATE ROLE {gate} LOGIN PASSWORD 'open'"))
        connection.execute(text(f"GRANT ims_service TO {gate} WITH INHERIT TRUE"))
    service = open_engine(archive.url.set(username=gate, password="open").difference_update_query(["passfile"]))
    assert user_figures(service, "lee")["total_sessions"] == 2
    assert {row["username"] for row in history(service, "lee")} == {"lee"}
    service.dispose()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [3, 4, 2, 1]),
        ({"limit": 2}, [3, 4]),
        ({"user": "kim"}, [2, 1]),
        ({"status": "failed"}, [2]),
        ({"product": "Open"}, [3, 4, 1]),
        ({"product": "JEUS", "status": "completed"}, []),
    ],
)
def test_history_is_newest_first_and_filtered(archive: Engine, wanted: dict[str, Any], expected: list[int]) -> None:
    assert [str(row["session_uuid"]) for row in history(archive, **wanted)] == [session_uuid(n) for n in expected]


def test_a_line_of_history(archive: Engine) -> None:
    (line,) = history(archive, status="failed")
    assert line | {
        "username": "kim", "started_at": at(60), "product": "JEUS", "query": "TPETIME 오류", "status": "failed",
        "found": 12, "crawled": 1, "failed": 0, "attachments": 3, "exit_code": 0,
    } == line  # fmt: skip
    assert str(line["duration_seconds"]) == "300.125"
