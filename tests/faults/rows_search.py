"""Rows 20 and 21: lists of results that are empty, and lists that move while one pages."""

from __future__ import annotations

from tests.faults.asking import asked
from tests.faults.case import Case
from tests.faults.row import row

EMPTY = ("empty_page", "no_results")


@row(20, "no result vs an empty page", seeds=False)
def finds_nothing(case: Case) -> None:
    """The page's own total says that there is nothing: a complete crawl without issues."""
    tracker = case.start_tracker()
    case.expected = set()
    run = case.crawl(query="+nothing+holds+this+word")
    assert run.exit_code == 0, run.stderr
    session = case.archive.last().read_session()
    assert (session["total_issues_found"], session["issues_crawled"], session["failed_issues"]) == (0, 0, 0)
    assert len(asked(tracker.ledger.entries, "reSearchYN=Y")) == 1


@row(20, "no result vs an empty page", long=True)
def shows_an_empty_page_now_and_then(case: Case) -> None:
    """The total says otherwise: the pages are walked through again, and all is found."""
    tracker = case.start_tracker()
    tracker.faults.replace([f"{EMPTY[case.seed % 2]}:nth={case.draw(1, 2)}"])
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    assert tracker.faults.describe()[0]["fired"] == 1


@row(20, "no result vs an empty page")
def shows_an_empty_page_for_ever(case: Case) -> None:
    """With a total that says otherwise, or with none at all: that is no crawl without results."""
    tracker = case.start_tracker(EMPTY[(case.seed + 1) % 2])
    run = case.crawl()
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    assert error["error_detail"]["exception"] == "SearchGapError"
    assert len(asked(tracker.ledger.entries, "reSearchYN=Y")) <= 6


@row(21, "rows shift while paging")
def lists_new_issues_meanwhile(case: Case) -> None:
    """They push rows to the next page, where they are seen again: every issue once, the new ones too."""
    tracker = case.start_tracker()
    tracker.faults.replace([f"shift_rows:nth=2,rows={case.draw(1, 12)}"])
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    listed = [one["issue_id"] for one in run.feed]
    assert sorted(listed) == sorted(case.hits())


@row(21, "rows shift while paging", long=True)
def lists_some_no_longer(case: Case) -> None:
    """They pull rows to the page before, where nobody looks again: the total tells, and the walk begins anew."""
    tracker = case.start_tracker()
    before = case.hits()
    tracker.faults.replace([f"vanish_rows:nth=2,rows={case.draw(1, 9)}"])
    case.expected = set(before)
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    assert len(case.hits()) < len(before)
    assert sorted(one["issue_id"] for one in run.feed) == sorted(before)


@row(21, "rows shift while paging")
def never_shows_some(case: Case) -> None:
    """Rows that the total counts and no page shows are a gap: reported with its size, the rest is crawled."""
    tracker = case.start_tracker()
    rows = case.draw(1, 4)
    tracker.faults.replace([f"hide_rows:rows={rows},path=reSearchYN=Y.*pageIndex=1&"])
    run = case.crawl()
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    assert f"declares {len(case.hits())} results, {len(case.hits()) - rows} could be listed" in error["error_message"]
    assert set(case.archive.documents()) == set(case.hits()[rows:])
