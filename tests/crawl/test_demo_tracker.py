"""Whole crawls of the demo tracker: every issue of the truth, and no other, in feed, files and database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ims_spiders.demo.server import DemoTracker
from tests.crawl import oracle
from tests.crawl.crawling import Archive

PASSWORD = "c4n4ry-pass"


def variables(archive: Archive, tracker: DemoTracker, **more: str) -> dict[str, str]:
    return archive.variables(tracker.base_url, "demo", PASSWORD, **more)


def test_every_issue_of_the_truth_and_no_other(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = variables(archive, tracker)
        run = archive.crawl(env, product="OpenFrame", query="TPETIME")
        truth = tracker.truth()
        hits = tracker.matching_ids("TPETIME", "OpenFrame")
        assert run.exit_code == 0, run.stderr
        documents = archive.documents()
        assert len(hits) > 20
        assert set(documents) == oracle.reachable(truth, hits, 1)
        for document in documents.values():
            oracle.check_issue(truth, document, archive.data_dir)
        oracle.check_rows(archive, documents)
        assert {one["issue_id"]: one for one in run.feed} == documents
        assert len(run.feed) == len(documents)
        assert (tracker.ledger.logins_accepted, tracker.ledger.logins_refused) == (1, 0)
        assert tracker.ledger.max_in_flight <= 8
    session_id = archive.last().read_session()
    (session,) = archive.rows("select * from ims.crawl_sessions")
    assert str(session["session_uuid"]) == session_id["session_uuid"]
    assert (session["total_issues_found"], session["issues_crawled"]) == (len(hits), len(documents))
    assert session["attachments_downloaded"] == sum(
        one["downloaded"] for document in documents.values() for one in document["attachments"]
    )
    assert session["related_issues"] == len(documents) - len(hits)
    assert 0 < session["search_time_ms"] <= session["duration_seconds"] * 1000
    oracle.check_no_secret(archive, PASSWORD)
    assert PASSWORD not in run.stderr
    before = every_row(archive)
    assert archive.engine is not None
    with archive.engine.begin() as connection:
        connection.execute(text("drop schema ims cascade"))
    loaded = archive.ims(env, "db", "load")
    assert loaded.returncode == 0, loaded.stderr
    assert every_row(archive) == before


def every_row(archive: Archive) -> dict[str, list[str]]:
    """All tables that are made from files, with all columns but serial numbers and when a figure was worked out."""
    names = archive.rows("select table_name from information_schema.tables where table_schema = 'ims'")
    tables = {row["table_name"] for row in names if not row["table_name"].startswith("audit_log")}
    rows = {table: archive.rows(f"select to_jsonb(t) as row from ims.{table} t") for table in sorted(tables)}
    serial = (
        "_pk",
        "session_id",
        "comment_id",
        "history_id",
        "attachment_id",
        "error_id",
        "query_id",
        "user_id",
        "session_issue_id",
        "stat_id",
    )
    computed = {"analytics_daily": "created_at", "analytics_monthly": "created_at"}
    return {
        table: sorted(
            str({k: v for k, v in one["row"].items() if not k.endswith(serial) and k != computed.get(table)})
            for one in found
        )
        for table, found in rows.items()
    }


@pytest.mark.parametrize(
    "style",
    [
        "post",
        *(pytest.param(style, marks=pytest.mark.long) for style in ("two_urls", "iframe", "window_open", "issue_id")),
    ],
)
def test_whatever_the_download_script_requests(files_only: Archive, style: str) -> None:
    with DemoTracker(password=PASSWORD, attachment_style=style) as tracker:
        run = files_only.crawl(
            variables(files_only, tracker), product="OpenFrame", query="TPETIME", max_results=10, related=0
        )
        assert run.exit_code == 0, run.stderr
        truth = tracker.truth()
    for document in files_only.documents().values():
        oracle.check_issue(truth, document, files_only.data_dir)
    kinds = {one["kind"] for document in files_only.documents().values() for one in document["attachments"]}
    assert kinds >= {"ISSUE", "PATCH"}
