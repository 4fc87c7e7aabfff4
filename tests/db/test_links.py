"""Links that somebody writes by hand: how the issue was seen is filled in, what is said stays."""

from __future__ import annotations

from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from tests.db.factory import changed, issue, session, session_uuid
from tests.db.inspect_rows import rows


def test_a_link_by_hand_saw_the_issue_as_it_is(engine: Engine, projection: Projection) -> None:
    projection.write_session(session())
    projection.write_session(session(2, 60))
    first = issue(100)
    projection.write_issues(session_uuid(), [first])
    link = """INSERT INTO ims.session_issues (session_id, issue_pk, product, status)
        SELECT session_id, issue_pk, :product, :status FROM ims.crawl_sessions, ims.issues
        WHERE session_uuid = CAST(:uuid AS uuid)"""
    with engine.begin() as connection:
        connection.execute(text(link), {"uuid": session_uuid(2), "product": None, "status": None})
    projection.write_session(session(3, 120))
    with engine.begin() as connection:
        connection.execute(text(link), {"uuid": session_uuid(3), "product": None, "status": "Rejected"})
    projection.write_issues(session_uuid(), [changed(first, 30, 1, status="Closed")])
    seen = rows(engine, "SELECT product, status FROM ims.session_issues ORDER BY session_id")
    assert seen == [("OpenFrame Batch", "Closed"), ("OpenFrame Batch", "Open"), (None, "Rejected")]
    (monthly,) = rows(engine, "SELECT issue_status_breakdown FROM ims.analytics_monthly")
    assert set(monthly[0]) <= {"Open", "Closed", "Rejected"}
