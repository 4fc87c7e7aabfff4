"""Statistics when much happens at once: no figure is lost, and nobody who writes through the projection is let down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from ims_spiders.items import utc_milliseconds
from tests.db.agreement import KEPT_BY_TRIGGERS, assert_figures_agree, call
from tests.db.factory import START, changed, issue, session, session_uuid
from tests.db.inspect_rows import rows, value

THREADS = 8


def content(number: int, status: str, days: int = 0, username: str = "kim") -> dict[str, Any]:
    """A session on that day after the first."""
    begun = utc_milliseconds(START + timedelta(days=days, minutes=number))
    return session(number, username=username, status=status, started_at=begun)


def at_once(works: Iterable[Callable[[], Any]]) -> None:
    """Run all of them in threads that begin together; what one raises fails the test."""
    failures: list[BaseException] = []
    all_works = list(works)
    barrier = threading.Barrier(len(all_works))

    def run(work: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            work()
        except BaseException as problem:
            failures.append(problem)
            raise

    threads = [threading.Thread(target=run, args=(work,)) for work in all_works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def wait_until_blocked(engine: Engine) -> None:
    for _ in range(500):
        if value(engine, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody had to wait")


@pytest.mark.parametrize("days", [0, 1])
def test_two_sessions_that_end_at_the_same_moment_see_each_other(
    engine: Engine, projection: Projection, days: int
) -> None:
    """On one day, and on two days of one month; the second has to wait until the first is there for all to see."""
    for number, day in ((1, 0), (2, days)):
        projection.write_session(content(number, "running", day))
        projection.write_issues(session_uuid(number), [issue(n, number, number) for n in (100, 100 + number)])
    end = text("UPDATE ims.crawl_sessions SET status = 'completed' WHERE session_uuid = :uuid")
    with engine.connect() as first:
        first.execute(end, {"uuid": session_uuid(1)})
        other = threading.Thread(target=projection.write_session, args=(content(2, "completed", days),))
        other.start()
        wait_until_blocked(engine)
        first.commit()
    other.join(30)
    assert_figures_agree(engine, KEPT_BY_TRIGGERS)
    assert rows(engine, "SELECT total_sessions, unique_issues FROM ims.analytics_monthly") == [(2, 3)]


def test_eight_sessions_end_at_once(engine: Engine, projection: Projection) -> None:
    numbers = range(1, THREADS * 3 + 1)
    for number in numbers:
        projection.write_session(content(number, "running", number % 3, "kim" if number % 4 else "lee"))

    def crawl(mine: Iterable[int]) -> None:
        for number in mine:
            documents = [issue(n, number, number) for n in range(100 + number % 5, 110)]
            projection.write_issues(session_uuid(number), documents)
            projection.write_session(content(number, "completed", number % 3, "kim" if number % 4 else "lee"))

    at_once(partial(crawl, numbers[place::THREADS]) for place in range(THREADS))
    # Sightings that came in late have marked other days; the sessions' own figures are there without asking.
    assert rows(engine, "SELECT sum(sessions_count) FROM ims.analytics_daily") == [(len(numbers),)]
    projection.refresh_statistics()
    assert_figures_agree(engine, KEPT_BY_TRIGGERS)


def test_loads_deletions_refreshes_and_ends_at_once(engine: Engine, projection: Projection) -> None:
    for number in range(1, 21):
        projection.write_session(content(number, "completed" if number % 2 else "running", number % 3))

    def load(numbers: Iterable[int]) -> None:
        for number in numbers:
            projection.write_session(content(number, "completed", number % 3))
            projection.write_issues(session_uuid(number), [changed(issue(n), number, number) for n in range(100, 106)])
        projection.refresh_statistics()

    def refresh() -> None:
        for _ in range(10):
            projection.refresh_statistics()

    def delete() -> None:
        for number in range(31, 36):
            projection.write_session(content(number, "failed", number % 3))
            with engine.begin() as connection:
                connection.execute(
                    text("DELETE FROM ims.crawl_sessions WHERE session_uuid = :uuid"), {"uuid": session_uuid(number)}
                )

    at_once([lambda: load(range(1, 21)), lambda: load(range(20, 0, -1)), refresh, delete, lambda: load(range(5, 15))])
    projection.refresh_statistics()
    assert_figures_agree(engine, KEPT_BY_TRIGGERS)


def test_a_mark_of_a_day_outlives_whoever_works_it_off_before(engine: Engine, projection: Projection) -> None:
    """The day is marked already; a sighting that nobody sees yet marks it again, and is not forgotten."""
    projection.write_session(content(1, "completed"))
    assert value(engine, "SELECT count(*) FROM ims_private.statistics_pending") > 0
    with engine.connect() as writer:
        writer.execute(text("SET LOCAL ROLE ims_crawl"))
        writer.execute(text("INSERT INTO ims.issues (issue_id, title) VALUES ('100', 'x')"))
        writer.execute(
            text(
                "INSERT INTO ims.session_issues (session_id, issue_pk) SELECT session_id, issue_pk \
                FROM ims.crawl_sessions, ims.issues"
            )
        )
        projection.refresh_statistics()
        assert rows(engine, "SELECT unique_issues FROM ims.analytics_daily") == [(0,)]
        writer.commit()
    assert call(engine, "refresh_statistics()") == [1]
    assert rows(engine, "SELECT unique_issues FROM ims.analytics_daily") == [(1,)]


def test_a_session_does_not_end_past_sightings_that_are_being_written(engine: Engine, projection: Projection) -> None:
    projection.write_session(content(1, "running"))
    with engine.connect() as writer:
        writer.execute(text("SET LOCAL ROLE ims_crawl"))
        writer.execute(text("INSERT INTO ims.issues (issue_id, title) VALUES ('100', 'x')"))
        writer.execute(
            text(
                "INSERT INTO ims.session_issues (session_id, issue_pk) SELECT session_id, issue_pk \
                FROM ims.crawl_sessions, ims.issues"
            )
        )
        ending = threading.Thread(target=projection.write_session, args=(content(1, "completed"),))
        ending.start()
        wait_until_blocked(engine)
        writer.commit()
    ending.join(30)
    assert rows(engine, "SELECT unique_issues FROM ims.analytics_daily") == [(1,)]


def test_a_changed_time_zone_waits_for_a_session_that_is_ending(engine: Engine, projection: Projection) -> None:
    """It began at 20:00 in London, which is the next day in Seoul."""
    late = utc_milliseconds(START + timedelta(hours=11))
    projection.write_session(session(status="running", started_at=late))
    with engine.connect() as ending:
        ending.execute(text("UPDATE ims.crawl_sessions SET status = 'completed'"))
        change = threading.Thread(target=call, args=(engine, "set_time_zone('Asia/Seoul')"))
        change.start()
        wait_until_blocked(engine)
        ending.commit()
    change.join(30)
    assert rows(engine, "SELECT stat_date::text, sessions_count FROM ims.analytics_daily") == [("2026-03-02", 1)]
