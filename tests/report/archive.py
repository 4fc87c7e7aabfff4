"""A small archive to count by hand, and text of people who mean harm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from ims_spiders.db.projection import Projection
from ims_spiders.items import Attachment, Comment, HistoryEntry
from ims_spiders.query import QueryReader
from ims_spiders.report.found import Wanted
from ims_spiders.report.make import Request, make_report
from ims_spiders.report.model import Report
from tests.db.factory import issue, session, session_uuid

HOSTILE = (
    "<script>document.title='ran'</script>",
    "]]><img src=x onerror=\"document.title='ran'\">",
    "</style></title></svg><svg onload=\"document.title='ran'\">",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example/>",
    "| cell | cell |\n# heading\n\n```\n<b>bold</b>\n```\n---\n- item",
    "\N{RIGHT-TO-LEFT OVERRIDE}reversed\N{POP DIRECTIONAL FORMATTING} \x07bell {{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; &#60;script&#62; __proto__ *bold* ~~struck~~",
)


def utc(*parts: int) -> datetime:
    """A time of day in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def fill(engine: Engine) -> None:
    """Issues 1, 2 and 3 speak of deadlocks, 4 does not; kim's crawl saw 1 and 2, lee's later one 3 and 4."""
    projection = Projection(engine)
    projection.write_session(session(1, issues_crawled=2))
    projection.write_issues(session_uuid(1), [_first(), _second()])
    projection.write_session(session(2, 60, username="lee", issues_crawled=2, product=None, original_query=""))
    projection.write_issues(session_uuid(2), [_third(), _bare(4, 2, title="Printer", product="ProSort")])


def hostile(engine: Engine) -> None:
    """An issue for each hostile text, which stands wherever an issue has text."""
    projection = Projection(engine)
    projection.write_session(session(1, product=HOSTILE[0], original_query=HOSTILE[1], username=HOSTILE[0]))
    documents = [_of_hostile_text(number, text) for number, text in enumerate(HOSTILE, 1)]
    projection.write_issues(session_uuid(1), documents)


def report_on(
    engine: Engine, text: str | None = "+deadlock", title: str | None = None, user: str | None = None, **more: Any
) -> Report:
    """A report on a query, read on a day of 2026."""
    return make_report(engine, Request(Wanted(text, **more), user, title), QueryReader, utc(2026, 3, 1).date())


def _first() -> dict[str, Any]:
    # In Seoul it was registered in the next year.
    return _bare(
        1, 1, title="deadlock in batch 교착 상태", product="OpenFrame Batch", status="Closed",
        registered_date=utc(2024, 12, 31, 20), closed_date=utc(2025, 2, 10, 3), reporter="하늘빛",
        owner_email="owner@example.com", customer="Another Bank", site="site17", version="7.1",
        description="처리 중 교착 상태가 발생합니다.\n\nデッドロックが発生します。",
        comments=[
            Comment(11, "민사혁", None, utc(2025, 1, 5, 1), "Thanks, we are going to look into this matter soon."),
            Comment(12, "青井 架空", "aoi@example.com", utc(2025, 2, 9, 1), "原因はロック順序です。修正しました。"),
            Comment(13, None, None, utc(2025, 2, 9, 2), "thanks"),
        ],
        history=[
            HistoryEntry(utc(2025, 1, 2), "kim", None, "status_change", "Status", "New", "Open", "Status : New → Open"),
            HistoryEntry(utc(2025, 1, 3), "kim", None, "assignment", "Owner", None, "lee", "Owner : → lee"),
            HistoryEntry(utc(2025, 2, 10, 3), "lee", None, "status_change", "Status", "Open", "Closed", "to Closed"),
        ],
        attachments=[Attachment("5", "ISSUE", "server.log")],
    )  # fmt: skip


def _second() -> dict[str, Any]:
    return _bare(
        2, 1, title="JEUS deadlock", product="JEUS", status="Open", registered_date=utc(2025, 3, 3, 1),
        description="deadlock deadlock deadlock",
        comments=[Comment(21, "Casey O'Mock", None, utc(2025, 3, 4, 1), "Which deadlock do you mean, please?")],
    )  # fmt: skip


def _third() -> dict[str, Any]:
    return _bare(3, 2, title="a deadlock of no date", product=None, status=None, closed_date=utc(2025, 3, 20))


def _bare(number: int, session_number: int, **changes: Any) -> dict[str, Any]:
    """An issue with nothing but what is given."""
    nothing: dict[str, Any] = {
        "description": "", "registered_date": None, "priority": None, "comments": [], "history": [], "attachments": [],
    }  # fmt: skip
    return issue(number, 1 + 60 * (session_number - 1), session_number, **{**nothing, **changes})


def _of_hostile_text(number: int, text: str) -> dict[str, Any]:
    moment = utc(2025, 1, number)
    return _bare(
        number, 1, title=text, product=text, status=text, reporter=text, owner=text, version=text, module=text,
        url="javascript:document.title='ran'", description=text, registered_date=moment, closed_date=moment,
        comments=[Comment(number, text, None, moment, text)],
        history=[HistoryEntry(moment, text, None, "status_change", "Status", text, text, text)],
    )  # fmt: skip
