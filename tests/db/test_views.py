"""The views: what they show of sessions and issues, and whom a refresh keeps waiting."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.identity import acting_as
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.projection import Projection
from ims_spiders.db.users import add_user
from tests.db.agreement import assert_everything_agrees, call
from tests.db.factory import at, changed, error, issue, session, session_uuid
from tests.db.inspect_rows import rows, value


@pytest.fixture
def archive(engine: Engine, projection: Projection) -> Engine:
    """Two sessions of two users over overlapping issues, one of them closed meanwhile, with errors."""
    documents = [issue(number) for number in (103, 101, 102)]
    for place, document in enumerate(documents):
        document["crawl"]["crawl_order"] = place
    projection.write_session(session())
    projection.write_issues(session_uuid(), documents)
    projection.write_errors(session_uuid(), [error(), error(severity="warning"), error(severity="warning")])
    projection.write_session(session(2, 60, username="lee", product=None))
    closed = changed(documents[0], 61, 2, status="Closed", product="JEUS", closed_date="2026-02-28T15:30:00Z")
    projection.write_issues(session_uuid(2), [closed])
    projection.refresh_statistics()
    return engine


def test_a_session_is_shown_with_its_issues_in_crawl_order(archive: Engine) -> None:
    found = rows(
        archive,
        """SELECT username, issue_ids, issue_count, error_count, warning_count, parsing_method, status
           FROM ims.v_session_detail ORDER BY started_at""",
    )
    assert found == [
        ("kim", ["103", "101", "102"], 3, 1, 2, "rules", "completed"),
        ("lee", ["103"], 1, 0, 0, "rules", "completed"),
    ]


def test_all_views_agree_with_a_recount(archive: Engine) -> None:
    assert_everything_agrees(archive)
    call(archive, "set_time_zone('Asia/Seoul')")
    assert_everything_agrees(archive)
    trends = rows(
        archive, "SELECT month::text, registered_count, closed_count FROM ims.mv_issue_trends WHERE closed_count > 0"
    )
    assert trends == [("2026-03-01", 0, 1)]


def test_an_empty_archive_has_empty_views(engine: Engine) -> None:
    assert_everything_agrees(engine)
    for name in ("v_user_dashboard", "v_session_detail", "v_issue_search", "v_recent_activity", "v_product_stats"):
        assert rows(engine, f"SELECT * FROM ims.{name}") == []


def test_the_dashboard_shows_today_and_this_month(engine: Engine, projection: Projection) -> None:
    projection.write_session(session())
    with engine.begin() as connection:
        connection.execute(text("UPDATE ims.crawl_sessions SET started_at = now()"))
    found = rows(
        engine,
        """SELECT username, total_sessions, sessions_today, issues_today, sessions_this_month, issues_this_month, role
           FROM ims.v_user_dashboard""",
    )
    assert found == [("kim", 1, 1, 12, 1, 12, "user")]


def test_a_materialized_view_is_as_of_its_last_refresh(archive: Engine) -> None:
    count = "SELECT count(*) FROM ims.mv_daily_session_summary"
    call(archive, "refresh_materialized_views()")
    assert value(archive, count) == 2
    with archive.begin() as connection:
        connection.execute(text("DELETE FROM ims.crawl_sessions"))
    assert value(archive, count) == 2
    call(archive, "refresh_materialized_views()")
    assert value(archive, count) == 0


def test_who_reads_is_not_locked_out_by_a_refresh_nor_the_other_way_round(archive: Engine) -> None:
    views = ("mv_daily_session_summary", "mv_issue_trends")
    with archive.connect() as reader, archive.connect() as refresher:
        for connection in (reader, refresher):
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        for name in views:
            reader.execute(text(f"SELECT count(*) FROM ims.{name}"))
        refresher.execute(text("SELECT ims.refresh_materialized_views()"))
        # The refresh has its locks until its transaction ends; the reader goes on, and so does a new one.
        for name in views:
            reader.execute(text(f"SELECT count(*) FROM ims.{name}"))
            assert rows(archive, f"SELECT count(*) FROM ims.{name}")
        refresher.commit()


def test_two_refreshes_at_once_both_succeed(archive: Engine) -> None:
    failures: list[BaseException] = []

    def refresh() -> None:
        try:
            call(archive, "refresh_materialized_views()")
        except BaseException as problem:
            failures.append(problem)
            raise

    threads = [threading.Thread(target=refresh) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert value(archive, "SELECT count(*) FROM ims.mv_daily_session_summary") == 2


def test_session_count_counts_what_the_reader_may_see(archive: Engine, tmp_path: Path) -> None:
    add_user(archive, "kim", Passwords(tmp_path))
    with acting_as(archive, "kim") as connection:
        seen = connection.execute(
            text("SELECT session_count, crawl_count FROM ims.v_issue_search WHERE issue_id = '103'")
        )
        assert seen.one() == (1, 2)
        activity = connection.execute(text("SELECT username, occurred_at FROM ims.v_recent_activity")).all()
        assert [tuple(row) for row in activity] == [("kim", at(0))]
        assert connection.execute(text("SELECT count(*) FROM ims.v_user_dashboard")).scalar_one() == 1
