"""Rows 1 to 5: a tracker that refuses, asks for pauses, or breaks off."""

from __future__ import annotations

from itertools import pairwise

from ims_spiders.demo.faults.catalog import FILES
from tests.faults.asking import ALWAYS, asked, few
from tests.faults.case import Case
from tests.faults.row import row
from tests.faults.wire import Wire


@row(1, "500/502 some times")
def fails_now_and_then(case: Case) -> None:
    """Within the budget everything is had; the ledger holds each page once, and each failure once more."""
    code, every = case.rng.choice((500, 502)), case.draw(3, 9)
    tracker = case.start_tracker(f"status:code={code},every={every}")
    run = case.crawl()
    assert run.exit_code == 0, run.stderr
    failed = [entry for entry in tracker.ledger.entries if entry.status == code]
    pages = asked(tracker.ledger.entries, "issueView")
    assert len(failed) == sum(rule["fired"] for rule in tracker.faults.describe())
    assert len(pages) == len(case.hits()) + len(asked(failed, "issueView"))


@row(1, "500/502 some times")
def fails_for_ever(case: Case) -> None:
    """Beyond the budget the page is given up, by name, after just so many requests."""
    tracker = case.start_tracker()
    lost = case.rng.choice(few(case, 5))
    tracker.faults.replace([f"status:code=502,path=issueView.do.issueId={lost}"])
    run = case.crawl("RETRY_TIMES=2", max_results=5)
    assert run.exit_code == 5, run.stderr
    assert len(asked(tracker.ledger.entries, f"issueView.do?issueId={lost}")) == 3
    (error,) = case.archive.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("network_error", lost)


@row(1, "500/502 some times")
def fails_for_all(case: Case) -> None:
    """Where every page fails, the whole crawl has a budget, too: then each is asked for once, and none for ever."""
    tracker = case.start_tracker("status:code=500,path=issueView")
    budget = case.draw(3, 9)
    run = case.crawl(f"IMS_RETRY_BUDGET={budget}")
    assert run.exit_code == 5, run.stderr
    errors = case.archive.last().read_errors()
    assert {one["error_detail"]["issue_id"] for one in errors} == set(case.hits())
    again = len(asked(tracker.ledger.entries, "issueView")) - len(case.hits())
    # Each page of results that was had meanwhile has earned one more.
    assert budget <= again <= budget + len(asked(tracker.ledger.entries, "issueSearchList"))
    assert "ims/outages" not in case.archive.last().read_session()["metadata"]["scrapy"]


@row(2, "503 with Retry-After")
def wants_a_pause(case: Case) -> None:
    """Nothing at all is asked before the time that the tracker names is over, in seconds or as a date."""
    value = case.rng.choice(("2", "+3"))
    tracker = case.start_tracker(f"status:code=503,retry_after={value},nth={case.draw(2, 12)}")
    few(case, 5)
    run = case.crawl(max_results=5)
    assert run.exit_code == 0, run.stderr
    entries = tracker.ledger.entries
    refused = next(number for number, entry in enumerate(entries) if entry.status == 503)
    gaps = [later.time - earlier.time for earlier, later in pairwise(entries[refused:])]
    assert max(gaps) >= 1.5


@row(2, "503 with Retry-After", restart=False)
def wants_to_be_left_alone(case: Case) -> None:
    """For longer than a crawl waits for a tracker: it ends, and asks for nothing more."""
    tracker = case.start_tracker(f"status:code=503,retry_after={case.draw(700, 10**6)},nth={case.draw(2, 12)}")
    run = case.crawl()
    assert run.exit_code == 8, run.stderr
    assert "left alone for" in run.stderr
    entries = tracker.ledger.entries
    refused = next(number for number, entry in enumerate(entries) if entry.status == 503)
    assert len(entries) - refused < 8, "but for what was under way"


@row(3, "429 storm")
def asks_for_less(case: Case) -> None:
    """Under a storm of refusals fewer are asked at once, and all is stored."""
    tracker = case.start_tracker(f"status:code=429,p=0.3,seed={case.seed}", latency=0.02)
    run = case.crawl("RETRY_TIMES=15")
    assert run.exit_code == 0, run.stderr
    assert case.archive.last().read_session()["metadata"]["scrapy"]["ims/concurrency/lowest"] < 8
    entries = tracker.ledger.entries
    first = next(number for number, entry in enumerate(entries) if entry.status == 429)
    later = entries[first + 30 :]
    assert sum(entry.in_flight for entry in later) / len(later) < tracker.ledger.max_in_flight


@row(4, "connection reset mid-body")
def resets_in_the_middle(case: Case) -> None:
    """By a proxy on the way, wherever it is: the answer is asked for again, and no part of one is stored."""
    with Wire(case.start_tracker().port) as wire:
        case.tracker.port = wire.port
        few(case, 8)
        # Who is logged in has been there: it is the crawl that meets the resets.
        case.variables()
        wire.reset_after(case.draw(200, 9000), times=case.draw(1, 3))
        run = case.crawl(max_results=8)
        case.tracker.port = wire.target
    assert run.exit_code == 0, run.stderr
    assert wire.resets >= 1


def _short(case: Case, when: str, *settings: str, environment: dict[str, str] | None = None) -> None:
    tracker = case.start_tracker()
    few(case, 6)
    tracker.faults.replace([f"short_body:{when}"])
    run = case.crawl("RETRY_TIMES=12", *settings, max_results=6, environment=environment)
    assert run.exit_code == 0, run.stderr
    assert tracker.faults.describe()[0]["fired"]


@row(5, "body shorter than Content-Length")
def ends_before_its_length(case: Case) -> None:
    """Pages, lists and files are asked for again."""
    _short(case, f"end=length,every={case.draw(3, 7)}")


@row(5, "body shorter than Content-Length", long=True)
def ends_before_its_last_chunk(case: Case) -> None:
    """Without a length the last chunk is missed."""
    _short(case, f"end=chunks,every={case.draw(3, 7)}")


@row(5, "body shorter than Content-Length")
def ends_with_the_connection(case: Case) -> None:
    """Without chunks, too, a page and a list have their own end, and a file has to come twice the same."""
    # Once: cut at the same place twice in a row, a file cannot be told from a whole one.
    where = case.rng.choice((f"nth={case.draw(1, 25)}", f"nth={case.draw(1, 4)},path={FILES}"))
    _short(case, f"end=closing,{where}")


@row(5, "body shorter than Content-Length", long=True)
def ends_early_in_the_browser(case: Case) -> None:
    """A browser waits for the rest of it in vain; what it has then is not taken for the page."""
    end, page = case.rng.choice(("length", "chunks")), case.draw(1, 6)
    when = f"end={end},nth={page},path=issueView"
    _short(case, when, "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT=15000", environment=ALWAYS)
