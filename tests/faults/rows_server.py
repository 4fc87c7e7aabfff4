"""Rows 1 to 10: a tracker that answers badly, late, or not at all."""

from __future__ import annotations

from itertools import pairwise

from tests.faults.case import Case
from tests.faults.row import row


@row(1, "500/502 some times")
def fails_now_and_then(case: Case) -> None:
    """Within the budget everything is had; the ledger holds each page once, and each failure once more."""
    code, every = case.rng.choice((500, 502)), case.draw(3, 9)
    tracker = case.start_tracker(f"status:code={code},every={every}")
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    failed = [entry for entry in tracker.ledger.entries if entry.status == code]
    asked = [(entry.path, entry.query) for entry in tracker.ledger.entries if "issueView" in entry.path]
    assert len(failed) == sum(rule["fired"] for rule in tracker.faults.describe())
    assert len(asked) == len(case.hits()) + sum("issueView" in entry.path for entry in failed)


@row(1, "500/502 some times")
def fails_for_ever(case: Case) -> None:
    """Beyond the budget the page is given up, by name, after just so many requests."""
    tracker = case.start_tracker()
    lost = case.rng.choice(case.hits())
    tracker.faults.replace([f"status:code=502,path=issueView.do.issueId={lost}"])
    run = case.crawl("RETRY_TIMES=2")
    assert run.exit_code == 5, run.stderr
    assert sum(f"issueId={lost}" in entry.query and "issueView" in entry.path for entry in tracker.ledger.entries) == 3
    (error,) = case.archive.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("network_error", lost)


@row(2, "503 with Retry-After")
def wants_a_pause(case: Case) -> None:
    """Nothing at all is asked before the time that the tracker names is over."""
    tracker = case.start_tracker(f"status:code=503,retry_after=2,nth={case.draw(2, 15)}")
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    entries = tracker.ledger.entries
    refused = next(number for number, entry in enumerate(entries) if entry.status == 503)
    gaps = [later.time - earlier.time for earlier, later in pairwise(entries[refused:])]
    assert max(gaps) >= 1.5
