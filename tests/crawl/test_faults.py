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


def test_a_tracker_that_fails_now_and_then(files_only: Archive) -> None:
    faults = ["status:code=500,every=9", "reset:every=17", "short_body:every=23", "status:code=429,every=31"]
    with DemoTracker(password=PASSWORD, faults=faults) as tracker:
        run = crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
        assert tracker.ledger.logins_accepted == 1
        assert all(rule["fired"] for rule in tracker.faults.describe())


@pytest.mark.parametrize("fault", ["expire_at:nth=60", "login_form_200:nth=60"])
def test_an_expired_session_costs_one_login(files_only: Archive, fault: str) -> None:
    with DemoTracker(password=PASSWORD, faults=[fault], latency=0.02) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
        assert tracker.ledger.logins_accepted == 2


def test_an_expiry_while_a_file_is_asked_for(files_only: Archive) -> None:
    fault = r"expire_at:nth=5,path=(?i)^/tody/.*download"
    with DemoTracker(password=PASSWORD, faults=[fault]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
        assert tracker.ledger.logins_accepted == 2


def test_a_login_that_is_refused_later_stops_the_crawl_which_can_be_resumed(files_only: Archive) -> None:
    faults = ["expire_at:nth=60", "login_refuse_later"]
    with DemoTracker(password=PASSWORD, faults=faults) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        assert run.exit_code == 3
        assert (tracker.ledger.logins_accepted, tracker.ledger.logins_refused) == (1, 1)
        session = files_only.last().read_session()
        assert (session["status"], session["close_reason"]) == ("failed", "login_refused")
        assert [one["error_type"] for one in files_only.last().read_errors()] == ["authentication_error"]
        tracker.faults.replace([])
        run = quick_crawl(files_only, tracker, resume="last")
        check_exact(files_only, tracker, run, depth=0)


def test_pages_of_another_user_are_not_stored(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["swap_user:nth=40"]) as tracker:
        run = quick_crawl(files_only, tracker)
    assert run.exit_code == 3
    assert "another user" in files_only.last().read_errors()[0]["error_message"]
    assert len(files_only.documents()) < 30


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


def test_rows_that_shift_and_pages_without_rows(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["shift_rows:nth=2", "empty_page:nth=3"]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
    assert len(run.feed) == len({one["issue_id"] for one in run.feed})


def test_a_page_in_the_place_of_a_file_is_never_stored_as_one(files_only: Archive) -> None:
    faults = ["html_attachment:every=3", "empty_attachment:every=7"]
    with DemoTracker(password=PASSWORD, faults=faults) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        truth = tracker.truth()
    assert run.exit_code in {0, 5}
    known = {
        one["file_id"]: one["sha256"]
        for number in files_only.documents()
        for one in truth["issues"][number]["attachments"]
        if one["kind"] != "INLINE"
    }
    for document in files_only.documents().values():
        for one in document["attachments"]:
            if one["kind"] != "INLINE":
                assert one["downloaded"] or one["download_error"]
                assert not one["downloaded"] or one["sha256"] == known[one["file_id"]]


def test_a_tracker_that_goes_away_for_good_ends_the_crawl(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["outage:seconds=600,nth=50"]) as tracker:
        run = quick_crawl(files_only, tracker, "IMS_OUTAGE_SECONDS=2")
        assert run.exit_code == 8, run.stderr
        session = files_only.last().read_session()
        assert (session["status"], session["close_reason"]) == ("failed", "tracker_unavailable")
        whole = [one for one in files_only.documents().values() if not one["crawl"]["missing"]]
        assert whole
        for document in whole:
            oracle.check_issue(tracker.truth(), document, files_only.data_dir)
    given_up = files_only.last().log_path.read_text("utf-8").partition("Closing spider (tracker_unavailable)")[2]
    assert given_up
    assert "Gave up retrying" not in given_up, "what is left to do is not tried time and again"


def test_a_redirect_that_leads_nowhere_is_followed_a_bounded_number_of_times(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        issue = tracker.matching_ids("TPETIME", "OpenFrame")[0]
        tracker.faults.replace([f"redirect_loop:path=issueView.do.issueId={issue}"])
        run = quick_crawl(files_only, tracker, related=0)
        assert run.exit_code == 5
        assert issue not in files_only.documents()
        assert tracker.ledger.count("/loop/") < 20


def test_a_navigation_that_never_ends_is_given_up_and_its_page_closed(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        stuck, *others = tracker.matching_ids("TPETIME", "OpenFrame")[:4]
        tracker.faults.replace([f"endless_script:path=issueView.do.issueId={stuck}"])
        env = variables(files_only, tracker, IMS_RENDER="always")
        settings = ("DOWNLOAD_TIMEOUT=10", "RETRY_TIMES=0")
        run = files_only.crawl(env, *settings, **SEARCH, max_results=4, related=0)
    assert run.exit_code == 5, run.stderr
    assert set(files_only.documents()) == set(others)
    (error,) = files_only.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("network_error", stuck)
    log = files_only.last().log_path.read_text("utf-8")
    assert "Closing spider (finished)" in log
    assert "left open" not in log


def test_the_browser_is_closed_when_nothing_needs_it(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.1) as tracker:
        run = crawl(files_only, tracker, "IMS_BROWSER_IDLE_SECONDS=0.5", related=0)
        check_exact(files_only, tracker, run, depth=0)
    log = files_only.last().log_path.read_text("utf-8")
    closed = log.index("Closing the browser: nothing needs it")
    assert closed < log.index("Closing spider (finished)")
    assert "Playwright" not in str(files_only.last().read_errors())
