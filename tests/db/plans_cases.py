"""What the product does with the database, one small piece each, to be watched while it reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.check_attachments import attachment_findings
from ims_spiders.db.check_context import CheckContext
from ims_spiders.db.check_issues import issue_findings
from ims_spiders.db.check_leftovers import leftover_findings
from ims_spiders.db.check_sessions import lost_session_findings, session_findings
from ims_spiders.db.cleanup import Cleanup, clean_up, preview
from ims_spiders.db.export import export
from ims_spiders.db.export_request import ExportRequest, Filters, TableName
from ims_spiders.db.identity import acting_as
from ims_spiders.db.load import load
from ims_spiders.db.overview import archive_figures, history, user_figures
from ims_spiders.db.projection import Projection
from ims_spiders.db.refresh import refresh
from ims_spiders.db.users import disable_user, find_user, list_users
from tests.db.factory import changed, error, folder, issue, session, session_uuid

USER = "kim"
TODAY = datetime.now(UTC).date()
EVERYTHING = frozenset(
    {
        "issues", "issue_comments", "issue_history", "attachments", "crawl_sessions", "session_issues",
        "search_queries", "session_errors", "pages", "audit_log",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Archive:
    """The big archive as its owner sees it, and a folder for files."""

    engine: Engine
    data_dir: Path

    def export(self, table: TableName, user: str | None = None, **filters: Any) -> None:
        """Export what the filters let through."""
        export(self.engine, ExportRequest(table, filters=Filters(**filters), user=user), BytesIO())

    @contextmanager
    def user(self) -> Iterator[Connection]:
        """A transaction of somebody who may read and write what is theirs."""
        with acting_as(self.engine, USER) as connection:
            connection.execute(text("SET LOCAL search_path = ims"))
            yield connection

    def asks(self, *statements: str) -> None:
        """The user asks for something."""
        with self.user() as connection:
            for statement in statements:
                connection.execute(text(statement)).all()


Case = Callable[[Archive], Any]
CASES: dict[str, tuple[Case, frozenset[str]]] = {}


def case(*whole: str) -> Callable[[Case], Case]:
    """Something that the product does, and the big tables that it may read from end to end."""

    def register(function: Case) -> Case:
        CASES[function.__name__] = function, frozenset(whole)
        return function

    return register


# The crawl ----------------------------------------------------------------------------------------------------------


@case()
def crawl_writes(archive: Archive) -> None:
    projection = Projection(archive.engine)
    documents = [issue(number) for number in range(900_000, 900_100)]
    for number in (1, 2, 3, 4):
        projection.write_session(session(number, number * 60, status="running"))
    assert projection.write_issues(session_uuid(1), documents).new == 100
    assert projection.write_issues(session_uuid(2), [changed(each, 120, 2) for each in documents]).unchanged == 100
    closed = [changed(each, 180, 3, status="Closed", comments=each["comments"][:1]) for each in documents]
    assert projection.write_issues(session_uuid(3), closed).changed == 100
    assert projection.write_issues(session_uuid(4), [changed(each, -60, 4) for each in documents]).unchanged == 100
    missing = error(error_detail={"exception": "IssueNotAvailable", "issue_id": "900007"})
    assert projection.write_errors(session_uuid(4), [missing, error()]) == []
    for number in (1, 2, 3, 4):
        projection.write_session(session(number, number * 60))
    assert projection.write_issues(session_uuid(1), [issue(900_200)]).new == 1
    projection.refresh_statistics()


@case("deleted_sessions")
def load_of_a_folder(archive: Archive) -> None:
    folder(archive.data_dir, session(10, 600), [issue(number, 601, 10) for number in range(900_300, 900_310)])
    assert load(archive.engine, archive.data_dir).issues.new == 10


# The command line ---------------------------------------------------------------------------------------------------


@case(*EVERYTHING)
def stats(archive: Archive) -> None:
    archive_figures(archive.engine)


@case()
def stats_of_a_user(archive: Archive) -> None:
    assert user_figures(archive.engine, USER)["total_sessions"] > 900


@case()
def history_of_all(archive: Archive) -> None:
    assert len(history(archive.engine)) == 20


@case()
def history_of_a_user(archive: Archive) -> None:
    assert len(history(archive.engine, USER)) == 20


@case()
def history_of_what_runs(archive: Archive) -> None:
    assert len(history(archive.engine, status="running")) == 20


@case("crawl_sessions")
def history_of_a_product(archive: Archive) -> None:
    """The beginning of a name: no index would know it in every collation."""
    assert len(history(archive.engine, product="Product 1", limit=50)) == 50


@case()
def preview_of_a_cleanup(archive: Archive) -> None:
    """How many sessions are too old is not known beforehand: they may be most of them."""
    assert preview(archive.engine, Cleanup(days=360, audit_days=30)).links > 0


@case()
def cleanup(archive: Archive) -> None:
    assert clean_up(archive.engine, Cleanup(days=360, audit_days=30)).sessions > 0


@case()
def cleanup_of_a_user(archive: Archive) -> None:
    wanted = Cleanup(days=350, user=USER)
    assert preview(archive.engine, wanted).sessions
    assert clean_up(archive.engine, wanted).sessions > 0


@case("crawl_sessions", "issues")
def refresh_of_days_and_months(archive: Archive) -> None:
    days, month = [TODAY - timedelta(days=n) for n in range(3)], TODAY.replace(day=1)
    assert refresh(archive.engine, days, [month]).days[TODAY.isoformat()] > 0


@case()
def users(archive: Archive) -> None:
    assert find_user(archive.engine, "user3").user_id == 3
    disable_user(archive.engine, "user3")


@case("crawl_sessions")
def list_of_users(archive: Archive) -> None:
    assert len(list_users(archive.engine)) >= 20


@case()
def check(archive: Archive) -> None:
    """One page of each part; the archive's files are not there."""
    with archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        context = CheckContext(connection, archive.data_dir, "ims", Counter(), None)
        assert context.sees_everything()
        folder(archive.data_dir, session(20, 900, issues_crawled=1), [issue(900_400, 901, 20)])
        assert [finding.kind for finding in session_findings(context)] == ["session_not_in_database"]
        load(archive.engine, archive.data_dir, [session_uuid(20)])
        assert list(session_findings(context)) == []
        assert next(lost_session_findings(context)).kind == "session_folder_missing"
        (archive.data_dir / "attachments" / "100001").mkdir(parents=True)
        assert list(leftover_findings(context)) == []


@case("issues")
def check_of_issues(archive: Archive) -> None:
    with archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        context = CheckContext(connection, archive.data_dir, "ims", Counter(), None)
        assert next(found for found in issue_findings(context) if found.kind == "issue_rows_differ")


@case("attachments")
def check_of_attachments(archive: Archive) -> None:
    with archive.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        context = CheckContext(connection, archive.data_dir, "ims", Counter(), None)
        assert next(attachment_findings(context, True)).kind == "attachment_missing"


@case()
def export_of_some_issues(archive: Archive) -> None:
    archive.export(TableName.ISSUES, statuses=("Reopened",))
    archive.export(TableName.ISSUES, product="Tibero")
    archive.export(TableName.ISSUES, product="Product 7", since=TODAY - timedelta(days=20), until=TODAY)


@case("issues")
def export_of_recent_issues(archive: Archive) -> None:
    archive.export(TableName.ISSUES, since=TODAY - timedelta(days=2))


@case()
def export_of_an_issues_comments(archive: Archive) -> None:
    archive.export(TableName.COMMENTS, statuses=("Reopened",))


@case("crawl_sessions")
def export_of_sessions(archive: Archive) -> None:
    """Of private tables the planner knows no distribution, so that it takes "since" for a third of all."""
    archive.export(TableName.SESSIONS, since=TODAY)


@case()
def export_of_own_sessions(archive: Archive) -> None:
    archive.export(TableName.SESSIONS, user=USER, since=TODAY)


# Functions and triggers ---------------------------------------------------------------------------------------------


@case()
def functions(archive: Archive) -> None:
    with archive.engine.begin() as connection:
        connection.execute(text("SET LOCAL search_path = ims"))
        for statement in (
            "SELECT * FROM search_issues('+deadlock TPETIME')",
            "SELECT * FROM search_issues('100017')",
            "SELECT * FROM search_issues('+w123 ''TPETIME during''', 'Product 2')",
            "SELECT * FROM get_user_stats(7)",
            "SELECT record_export('issues', '{}')",
            "SELECT aggregate_daily_stats()",
        ):
            assert connection.execute(text(statement)).all()
        document = json.dumps(issue(100_017, 9_999_999))
        upsert = text("SELECT upsert_issue(CAST(:document AS jsonb), CAST(:uuid AS uuid))")
        uuid = connection.scalar(text("SELECT session_uuid FROM crawl_sessions WHERE session_id = 12000"))
        assert connection.scalar(upsert, {"document": document, "uuid": uuid}) == 17


@case()
def changes_by_hand(archive: Archive) -> None:
    """An admin's: what the triggers and the foreign keys read."""
    with archive.engine.begin() as connection:
        connection.execute(text("SET LOCAL search_path = ims"))
        for statement in (
            "INSERT INTO session_issues (session_id, issue_pk) VALUES (15000, 50)",
            "UPDATE session_issues SET status = 'Closed' WHERE session_id = 15000",
            "DELETE FROM session_issues WHERE session_id = 15000",
            "UPDATE crawl_sessions SET product = 'other' WHERE session_id = 15001",
            "INSERT INTO search_queries (user_id, original_query) VALUES (8, 'by hand')",
            "UPDATE search_queries SET original_query = 'changed' WHERE session_id = 15001",
            "DELETE FROM search_queries WHERE session_id = 15001",
            "DELETE FROM crawl_sessions WHERE session_id IN (15000, 15001)",
            "UPDATE issues SET status = 'Closed' WHERE issue_id = '100023'",
            "DELETE FROM issues WHERE issue_id = '100023'",
            "DELETE FROM analytics_daily WHERE user_id = 8",
            "INSERT INTO users (username) VALUES ('to go')",
            "DELETE FROM users WHERE username = 'to go'",
        ):
            assert connection.execute(text(statement)).rowcount > 0


# What a user of the archive sees: the policies' own queries --------------------------------------------------------


@case()
def own_sessions(archive: Archive) -> None:
    archive.asks(
        "SELECT * FROM crawl_sessions ORDER BY started_at DESC LIMIT 20",
        "SELECT * FROM crawl_sessions WHERE session_id = 17007",
        "SELECT * FROM crawl_sessions WHERE started_at > now() - interval '3 days'",
        "SELECT * FROM session_issues WHERE session_id = 17006",
        "SELECT * FROM session_issues WHERE issue_pk = 500",
        "SELECT * FROM session_errors WHERE session_id = 17006",
        "SELECT * FROM search_queries ORDER BY queried_at DESC LIMIT 20",
        "SELECT * FROM deleted_sessions",
        "SELECT * FROM analytics_daily WHERE stat_date > current_date - 7",
        "SELECT * FROM get_user_stats(7)",
    )


@case()
def own_changes(archive: Archive) -> None:
    with archive.user() as connection:
        for statement in (
            "INSERT INTO search_queries (user_id, original_query) VALUES (current_user_id(), 'of my own')",
            "INSERT INTO session_issues (session_id, issue_pk) VALUES (17006, 60)",
            "UPDATE session_issues SET found_by = 'search' WHERE session_id = 17006",
            "INSERT INTO session_errors (session_id, error_type, error_message) VALUES (17006, 'crawl_error', 'x')",
            "DELETE FROM session_errors WHERE session_id = 17006",
            "DELETE FROM session_issues WHERE session_id = 17006",
            "DELETE FROM crawl_sessions WHERE session_id = 17006",
        ):
            assert connection.execute(text(statement)).rowcount > 0


@case()
def views_of_a_user(archive: Archive) -> None:
    archive.asks(
        "SELECT * FROM v_user_dashboard",
        "SELECT * FROM v_session_detail WHERE session_id = 17026",
        "SELECT * FROM v_session_detail ORDER BY started_at DESC LIMIT 20",
        "SELECT * FROM v_issue_search WHERE issue_id = '100500'",
        "SELECT * FROM v_issue_search WHERE product = 'Product 7' ORDER BY registered_date DESC LIMIT 20",
        "SELECT * FROM v_recent_activity ORDER BY occurred_at DESC LIMIT 20",
    )
