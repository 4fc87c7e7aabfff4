"""The figures of `ims analytics`, against a count by hand, and who sees whose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from ims_spiders.db.projection import Projection
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.report.times import minute
from ims_spiders.report.usage import usage
from ims_spiders.report.usage_model import Durations, Trend, Work
from ims_spiders.report.usage_page import all_trends, last_days, last_months, totals
from tests.db.factory import issue, session, session_uuid

IN_APRIL = 32 * 1440
"""Minutes from the factory's first day to the second of April."""


@pytest.fixture
def archive(engine: Engine) -> Engine:
    """Kim crawled on the first of March, once well, once badly, and is crawling; lee stopped a crawl in April."""
    projection = Projection(engine)
    projection.write_session(session(1, issues_crawled=2))
    projection.write_issues(session_uuid(1), [issue(1), issue(2)])
    failed: dict[str, Any] = {
        "status": "failed",
        "duration_seconds": 100,
        "issues_crawled": 0,
        "attachments_downloaded": 0,
    }
    asked = {"original_query": "deadlock", "parsed_query": "deadlock", "query_language": "en", "total_issues_found": 3}
    projection.write_session(
        session(2, 60, parsing_method="direct", parsing_confidence=1, product="JEUS", **failed, **asked)
    )
    projection.write_session(session(3, 90, status="running", completed_at=None, duration_seconds=None))
    projection.write_session(
        session(4, IN_APRIL, username="lee", status="interrupted", product=None, duration_seconds=500, issues_crawled=2)
    )
    projection.write_issues(
        session_uuid(4), [issue(2, IN_APRIL + 1, 4), issue(3, IN_APRIL + 1, 4, product="JEUS", status="Closed")]
    )
    projection.refresh_statistics()
    return engine


MARCH = Work("2026-03-01", 2, 1, 1, 2, 2, 3)
APRIL = Work("2026-04-02", 1, 0, 0, 2, 1, 3)


def test_activity(archive: Engine) -> None:
    found = usage(archive)
    assert found.days == (MARCH, APRIL)
    assert found.months == (Work("2026-03", 2, 1, 1, 2, 2, 3), Work("2026-04", 1, 0, 0, 2, 1, 3))
    assert totals(found.days) == Work("total", 3, 1, 1, 4, 3, 6)
    assert found.durations == Durations(3, 300.042, 300.125, 460.025, 500.0, 40.25)
    assert found.asked_products == (("(all)", 1), ("JEUS", 1), ("OpenFrame", 1))
    assert [(row.kind, row.status, row.username, minute(row.at)) for row in found.activity] == [
        ("session", "interrupted", "lee", "2026-04-02 18:00"), ("session", "running", "kim", "2026-03-01 19:30"),
        ("session", "failed", "kim", "2026-03-01 19:00"), ("session", "completed", "kim", "2026-03-01 18:00"),
    ]  # fmt: skip


def test_people_and_products(archive: Engine) -> None:
    found = usage(archive)
    assert [(row.username, row.sessions, row.completed, row.failed, row.running) for row in found.people] == [
        ("kim", 3, 1, 1, 1), ("lee", 1, 0, 0, 0),
    ]  # fmt: skip
    assert [(row.issues_crawled, row.unique_issues, row.new_issues, row.queries) for row in found.people] == [
        (14, 2, 2, 3), (2, 2, 1, 1),
    ]  # fmt: skip
    products = found.products
    assert [(row.product, row.issues, row.open, row.closed, row.comments, row.attachments) for row in products] == [
        ("OpenFrame Batch", 2, 2, 0, 4, 4), ("JEUS", 1, 0, 1, 2, 2),
    ]  # fmt: skip
    assert (found.trends, found.trends_behind) == ((Trend("2026-02", 3, 0),), 0)


def test_queries(archive: Engine) -> None:
    found = usage(archive)
    assert [(row.query, row.times, row.results) for row in found.queries] == [
        ("TPETIME 오류", 3, 12.0),
        ("deadlock", 1, 3.0),
    ]
    assert (found.query_count, found.methods, found.languages) == (
        4,
        (("rules", 3), ("direct", 1)),
        (("ko", 3), ("en", 1)),
    )
    assert found.confidence == pytest.approx((3 * 0.85 + 1) / 4)
    assert dict(found.words) == {"tpetime": 2, "deadlock": 1}


@pytest.mark.parametrize(
    ("since", "until", "days", "queries"),
    [
        (date(2026, 3, 2), None, (APRIL,), 1),
        (None, date(2026, 4, 1), (MARCH,), 3),
        (date(2026, 3, 1), date(2026, 3, 1), (MARCH,), 3),
        (date(2026, 3, 2), date(2026, 4, 1), (), 0),
    ],
)
def test_a_period(
    archive: Engine, since: date | None, until: date | None, days: tuple[Work, ...], queries: int
) -> None:
    found = usage(archive, since=since, until=until)
    assert (found.days, found.query_count, len(found.activity)) == (days, queries, queries)
    assert found.durations.sessions == sum(day.sessions for day in days)


def test_one_user(archive: Engine) -> None:
    found = usage(archive, "lee")
    assert (found.days, [row.username for row in found.people]) == ((APRIL,), ["lee"])
    assert (found.query_count, found.durations.sessions, found.asked_products) == (1, 1, (("(all)", 1),))
    assert [row.username for row in found.activity] == ["lee"]
    assert len(found.products) == 2
    with pytest.raises(ConfigurationError, match="nobody"):
        usage(archive, "nobody")


def test_a_users_login_sees_its_own_and_how_far_the_trends_are_behind(
    archive: Engine, log_in: Callable[..., Engine]
) -> None:
    kim = log_in("kim")
    found = usage(kim)
    assert (found.days, [row.username for row in found.people]) == ((MARCH,), ["kim"])
    assert {row.username for row in found.activity} == {"kim"}
    assert (found.query_count, found.durations.longest) == (3, 300.125)
    assert (found.trends, found.trends_behind) == ((), 3)
    with pytest.raises(ConfigurationError, match="lee"):
        usage(kim, "lee")
    usage(archive)
    found = usage(kim)
    assert (found.trends, found.trends_behind) == ((Trend("2026-02", 3, 0),), 0)


def test_an_analyst_and_an_admin_see_everybody(archive: Engine, log_in: Callable[..., Engine]) -> None:
    analyst = usage(log_in("ann", "readonly"))
    assert (analyst.days, analyst.trends_behind) == ((MARCH, APRIL), 3)
    boss = usage(log_in("boss", "admin"))
    assert (boss.days, boss.trends_behind) == ((MARCH, APRIL), 0)


def test_days_and_months_without_sessions_are_shown(archive: Engine) -> None:
    days = last_days(usage(archive, until=date(2026, 4, 3)))
    assert (len(days), days[0].label, days[-1].label) == (31, "2026-03-04", "2026-04-03")
    assert [day.label for day in days if day.sessions] == ["2026-04-02"]
    days = last_days(usage(archive, since=date(2026, 3, 1), until=date(2026, 3, 2)))
    assert [(day.label, day.sessions) for day in days] == [("2026-03-01", 2), ("2026-03-02", 0)]
    assert [row.label for row in last_months(usage(archive))] == ["2026-03", "2026-04"]
    assert all_trends(usage(archive)) == [Trend("2026-02", 3, 0)]


def test_an_empty_archive(engine: Engine) -> None:
    found = usage(engine)
    assert (found.days, found.products, found.query_count, found.confidence, found.trends) == ((), (), 0, None, ())
    assert found.durations == Durations(0, None, None, None, None, None)
    assert (last_months(found), all_trends(found)) == ([], [])
