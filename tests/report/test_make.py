"""What a report says, against figures counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.report.development import timeline
from ims_spiders.report.model import Month
from ims_spiders.report.times import minute
from tests.db.factory import session_uuid
from tests.report.archive import fill, report_on


@pytest.fixture
def archive(engine: Engine) -> Engine:
    fill(engine)
    return engine


def test_figures(archive: Engine) -> None:
    made = report_on(archive)
    assert (made.found, [issue.issue_id for issue in made.issues]) == (3, ["2", "3", "1"])
    assert made.by_status == (("(none)", 1), ("Closed", 1), ("Open", 1))
    assert made.by_product == (("(none)", 1), ("JEUS", 1), ("OpenFrame Batch", 1))
    assert made.by_year == (("2025", 2), ("(unknown)", 1))
    assert made.months == (Month("2025-01", 1, 0, 1), Month("2025-02", 0, 1, 2), Month("2025-03", 1, 1, 1))
    assert made.archive.issues == 4
    assert minute(made.archive.last_crawled_at) == "2026-03-01 19:01"
    assert made.zone == "KST (UTC+09:00)"


def test_when_not_all_are_shown_all_are_counted(archive: Engine) -> None:
    made = report_on(archive, limit=1)
    assert (made.found, made.counted, len(made.issues)) == (3, 3, 1)
    assert made.by_status == (("(none)", 1), ("Closed", 1), ("Open", 1))
    assert made.by_product == (("(none)", 1), ("JEUS", 1), ("OpenFrame Batch", 1))
    # Years are those of the archive, which is in UTC.
    assert made.by_year == (("2024", 1), ("2025", 1), ("(unknown)", 1))
    assert made.months == (Month("2025-03", 1, 0, 1),)
    made = report_on(archive, None, session="last", limit=1)
    assert (made.found, made.counted, made.by_product) == (2, 1, (("ProSort", 1),))


def test_what_was_asked_and_how_it_was_read(archive: Engine) -> None:
    asked = report_on(archive, "find deadlock in JEUS since January 2025").question
    assert (asked.asked, asked.ims_query) == ("find deadlock in JEUS since January 2025", "deadlock")
    assert (asked.products, asked.since, asked.until) == (("JEUS",), date(2025, 1, 1), None)
    assert "deadlock" in asked.explanation


def test_an_issue(archive: Engine) -> None:
    (issue,) = (issue for issue in report_on(archive).issues if issue.issue_id == "1")
    assert (issue.issue_id, issue.status, issue.days_open, issue.files) == ("1", "Closed", 40, 1)
    assert (minute(issue.registered), minute(issue.closed)) == ("2025-01-01 05:00", "2025-02-10 12:00")
    assert [(comment.number, comment.author) for comment in issue.key_comments] == [
        (11, "민사혁"), (12, "青井 架空"), (13, ""),
    ]  # fmt: skip
    assert [(minute(event.at), event.kind, event.who, event.what) for event in issue.events] == [
        ("2025-01-01 05:00", "registered", "하늘빛", ""),
        ("2025-01-02 09:00", "status", "kim", "New → Open"),
        ("2025-01-05 10:00", "comment", "민사혁", ""),
        ("2025-02-09 10:00", "comment", "青井 架空", ""),
        ("2025-02-09 11:00", "comment", "", ""),
        ("2025-02-10 12:00", "status", "lee", "Open → Closed"),
    ]
    assert ("Reporter", "하늘빛") in issue.facts
    everything = repr(issue)
    assert not [other for other in ("Another Bank", "site17", "@example.com") if other in everything]


def test_a_closing_that_no_history_tells_of(archive: Engine) -> None:
    (issue,) = (issue for issue in report_on(archive).issues if issue.issue_id == "3")
    assert [event.kind for event in issue.events] == ["closed"]


def test_the_timeline_keeps_the_latest(archive: Engine) -> None:
    made = report_on(archive)
    assert (len(made.timeline), made.events_left_out) == (9, 0)
    assert [event.at for event in made.timeline] == sorted(event.at for event in made.timeline)
    latest, left_out = timeline(made.issues, 2)
    assert ([event.kind for event in latest], left_out) == (["comment", "closed"], 7)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"product": "openframe"}, ["1"]),
        ({"product": "OpenFrame Batch, JEUS"}, ["2", "1"]),
        ({"statuses": ("open", "Closed")}, ["2", "1"]),
        ({"since": date(2025, 1, 1)}, ["2"]),
        ({"since": date(2024, 12, 31), "until": date(2024, 12, 31)}, ["1"]),
        ({"limit": 1}, ["2"]),
        ({"session": session_uuid(1)}, ["2", "1"]),
        ({"session": "last"}, ["3"]),
        ({"session": "last", "user": "kim"}, ["2", "1"]),
    ],
)
def test_filters(archive: Engine, filters: dict[str, Any], expected: list[str]) -> None:
    made = report_on(archive, **filters)
    assert [issue.issue_id for issue in made.issues] == expected
    assert made.found == (3 if "limit" in filters else len(expected))


def test_options_go_before_the_sentence(archive: Engine) -> None:
    text = "find deadlock in JEUS until January 2025"
    assert report_on(archive, text).issues == ()
    made = report_on(archive, text, product="OpenFrame")
    assert [issue.issue_id for issue in made.issues] == ["1"]
    assert (made.question.products, made.question.until) == (("OpenFrame",), date(2025, 1, 31))


def test_all_of_a_session_without_a_query(archive: Engine) -> None:
    made = report_on(archive, None, session="last", title=" Crawl\nof today ")
    assert (made.title, [issue.issue_id for issue in made.issues]) == ("Crawl of today", ["4", "3"])
    assert made.question.session is not None
    assert (made.question.session.username, made.question.session.uuid) == ("lee", session_uuid(2))


def test_nothing_found(archive: Engine, engine: Engine) -> None:
    made = report_on(archive, "+nowhere")
    assert (made.found, made.issues, made.months, made.timeline) == (0, (), (), ())


def test_an_empty_archive(engine: Engine) -> None:
    made = report_on(engine)
    assert (made.found, made.archive.issues, made.archive.last_crawled_at) == (0, 0, None)


def test_sessions_of_others_are_not_to_be_seen(archive: Engine, log_in: Callable[..., Engine]) -> None:
    with pytest.raises(ConfigurationError, match="ims db history"):
        report_on(archive, session=session_uuid(9))
    with pytest.raises(ConfigurationError, match="nobody"):
        report_on(archive, user="nobody")
    kim = log_in("kim")
    for refused in (session_uuid(2), session_uuid(9)):
        with pytest.raises(ConfigurationError, match="ims db history"):
            report_on(kim, session=refused)
    assert [issue.issue_id for issue in report_on(kim, session="last").issues] == ["2", "1"]
    # Issues are everybody's.
    assert report_on(kim).found == 3
