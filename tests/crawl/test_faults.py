"""Crawls while the tracker misbehaves: what can be had is had, exactly; what cannot is written down."""

from __future__ import annotations

from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.crawl import logged_in, oracle
from tests.crawl.crawling import Archive, Run
from tests.crawl.test_demo_tracker import PASSWORD, variables

SEARCH: dict[str, Any] = {"product": "OpenFrame", "query": "TPETIME"}


def crawl(archive: Archive, tracker: DemoTracker, *settings: str, **arguments: Any) -> Run:
    return archive.crawl(variables(archive, tracker), *settings, **{**SEARCH, **arguments})


def quick_crawl(archive: Archive, tracker: DemoTracker, *settings: str, **arguments: Any) -> Run:
    """By a user who is logged in already."""
    return archive.crawl(logged_in.variables(archive, tracker), *settings, **{**SEARCH, **arguments})


def check_exact(archive: Archive, tracker: DemoTracker, run: Run, depth: int = 1) -> None:
    """As if nothing had happened."""
    assert run.exit_code == 0, run.stderr
    truth = tracker.truth()
    documents = archive.documents()
    assert set(documents) == oracle.reachable(truth, tracker.matching_ids("TPETIME", "OpenFrame"), depth)
    for document in documents.values():
        oracle.check_issue(truth, document, archive.data_dir)
    oracle.check_no_secret(archive, PASSWORD)


@pytest.mark.long
def test_an_expired_session_costs_one_login_by_the_browser(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["expire_at:nth=60"], latency=0.02) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
        assert tracker.ledger.logins_accepted == 2


@pytest.mark.long
def test_pages_that_are_not_issues_are_kept_aside_and_reported(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        hits = tracker.matching_ids("TPETIME", "OpenFrame")
        broken = dict(zip(hits, ("missing_field", "no_number", "stack_trace", "status:code=500"), strict=False))
        tracker.faults.replace(
            [f"{fault.partition(':')[0]}:{_limits(fault, issue)}" for issue, fault in broken.items()]
        )
        run = quick_crawl(archive, tracker, related=0)
        assert run.exit_code == 5
        documents = archive.documents()
        assert set(documents) == set(hits) - set(broken)
        for document in documents.values():
            oracle.check_issue(tracker.truth(), document, archive.data_dir)
    rows = archive.rows("select error_type, severity, error_detail from ims.session_errors")
    assert {row["error_detail"]["issue_id"]: row["error_type"] for row in rows} == {
        issue: "network_error" if fault.startswith("status") else "parsing_error" for issue, fault in broken.items()
    }
    assert all(row["severity"] == "error" and "Traceback" in row["error_detail"]["traceback"] for row in rows)
    assert all(str(row["error_detail"]["url"]).startswith(tracker.base_url) for row in rows)
    kept = {path.name.partition("-")[0] for path in (archive.last().path / "quarantine").iterdir()}
    assert kept == {issue for issue, fault in broken.items() if not fault.startswith("status")}
    (session,) = archive.rows("select * from ims.crawl_sessions")
    assert (session["status"], session["failed_issues"], session["issues_crawled"]) == (
        "completed",
        len(broken),
        len(documents),
    )
    oracle.check_rows(archive, documents)


def _limits(fault: str, issue_id: str) -> str:
    rest = fault.partition(":")[2]
    return ",".join(filter(None, [rest, f"path=issueId={issue_id}"]))


def test_the_browser_is_closed_when_nothing_needs_it(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.1) as tracker:
        run = crawl(files_only, tracker, "IMS_BROWSER_IDLE_SECONDS=0.3", related=0, max_results=12)
    assert run.exit_code == 0, run.stderr
    log = files_only.last().log_path.read_text("utf-8")
    closed = log.index("Closing the browser: nothing needs it")
    assert closed < log.index("Closing spider (finished)")
    assert "Playwright" not in str(files_only.last().read_errors())
