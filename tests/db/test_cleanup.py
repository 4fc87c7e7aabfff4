"""Cleanup: what it would delete is what it deletes; issues, running sessions and the present month stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.cleanup import Cleanup, clean_up, parse_age, preview
from ims_spiders.db.load import load
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import START, error, folder, issue, session, session_uuid
from tests.db.inspect_rows import dump, rows, value


def days_ago(days: float) -> float:
    """In minutes after the first session of the factory."""
    return (datetime.now(UTC) - START).total_seconds() / 60 - days * 1440


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Engine:
    """Sessions of 100, 50 and 10 days ago, of two users, and one of long ago that still runs."""
    plan = [
        (1, 100.0, "kim", "completed"),
        (2, 99, "lee", "failed"),
        (3, 50, "kim", "completed"),
        (4, 10, "kim", "failed"),
    ]
    for number, days, user, status in plan:
        minutes = days_ago(days)
        seen = [issue(number * 10 + n, minutes, number) for n in range(number)]
        folder(tmp_path, session(number, minutes, username=user, status=status), seen).append_error(error())
    folder(tmp_path, session(5, days_ago(200), username="kim", status="running", completed_at=None), [])
    load(engine, tmp_path)
    return engine


@pytest.mark.parametrize(
    ("age", "days"), [("90d", 90), ("12w", 84), ("6m", 180), ("1y", 365), ("1d", 1), (" 7d ", 7), ("100y", 36_500)]
)
def test_ages(age: str, days: int) -> None:
    assert parse_age(age, "--older-than") == days


@pytest.mark.parametrize(
    "age", ["0d", "0w", "d", "90", "-1d", "1.5d", "90 d", "1h", "90D", "", "101y", "999999d", "１d"]
)
def test_no_ages(age: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--older-than: .* is no age; it looks like 90d"):
        parse_age(age, "--older-than")


def test_the_preview_is_what_goes(archive: Engine) -> None:
    wanted = Cleanup(days=60)
    before = dump(archive)
    found = preview(archive, wanted)
    assert [(row["status"], row["sessions"]) for row in found.sessions] == [("completed", 1), ("failed", 1)]
    assert (found.links, found.errors, found.queries) == (3, 2, 2)
    assert dump(archive) == before
    assert clean_up(archive, wanted).sessions == 2
    after = dump(archive)
    for table, gone in (("crawl_sessions", 2), ("session_issues", 3), ("session_errors", 2), ("search_queries", 2)):
        assert len(after[table]) == len(before[table]) - gone, table
    for table in ("issue_comments", "issue_history"):
        assert after[table] == before[table]
    assert len(after["issues"]) == len(before["issues"]) == 10
    assert preview(archive, wanted).is_empty


def test_running_sessions_stay_however_old(archive: Engine) -> None:
    assert clean_up(archive, Cleanup(days=1)).sessions == 4
    assert rows(archive, "SELECT status FROM ims.crawl_sessions") == [("running",)]


def test_only_a_users_own(archive: Engine) -> None:
    wanted = Cleanup(days=60, user="lee")
    assert [row["status"] for row in preview(archive, wanted).sessions] == ["failed"]
    assert clean_up(archive, wanted).sessions == 1
    assert (
        value(archive, "SELECT count(*) FROM ims.crawl_sessions JOIN ims.users USING (user_id) WHERE username = 'kim'")
        == 4
    )
    with pytest.raises(ConfigurationError, match="nobody"):
        preview(archive, Cleanup(days=60, user="nobody"))


def test_a_load_leaves_deleted_sessions_out_unless_they_are_named(archive: Engine, tmp_path: Path) -> None:
    clean_up(archive, Cleanup(days=60))
    load(archive, tmp_path)
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 3
    load(archive, tmp_path, [session_uuid(1)])
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 4


def test_months_of_the_trail(archive: Engine) -> None:
    old = (datetime.now(UTC) - timedelta(days=400)).date()
    with archive.begin() as connection:
        made = connection.scalar(text("SELECT ims.create_monthly_partition('audit_log', :day)"), {"day": old})
        connection.execute(text("INSERT INTO ims.audit_log (action, created_at) VALUES ('old', :day)"), {"day": old})
    wanted = Cleanup(audit_days=300)
    found = preview(archive, wanted)
    assert [(row["partition"], row["month"]) for row in found.audit_months] == [(made, old.strftime("%Y-%m"))]
    assert (found.sessions, found.is_empty) == ([], False)
    assert clean_up(archive, wanted).audit_months == [made]
    assert value(archive, "SELECT count(*) FROM ims.audit_log WHERE action = 'old'") == 0
    assert preview(archive, wanted).is_empty
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 5


def test_the_present_month_of_the_trail_stays(archive: Engine) -> None:
    wanted = Cleanup(audit_days=1)
    assert preview(archive, wanted).audit_months == []
    assert clean_up(archive, wanted).audit_months == []
    assert value(archive, "SELECT count(*) FROM ims.audit_log WHERE created_at > now() - interval '1 hour'") > 0
