"""Rows 6 to 10: a tracker that keeps one waiting, goes away, or leads nowhere."""

from __future__ import annotations

from tests.faults.asking import ALWAYS, PLACES, asked, few, with_files
from tests.faults.case import Case
from tests.faults.row import row


@row(6, "no answer at all")
def hangs_once(case: Case) -> None:
    """It is asked again after the time-out, and the rest goes on meanwhile."""
    tracker = case.start_tracker()
    hits = few(case, 8)
    stuck = PLACES[case.rng.choice(("page", "relations"))].format(hits[case.draw(0, 2)])
    tracker.faults.replace([f"hang:nth=1,path={stuck}"])
    run = case.crawl("DOWNLOAD_TIMEOUT=4", max_results=8)
    assert run.exit_code == 0, run.stderr
    entries = tracker.ledger.entries
    begun = next(number for number, entry in enumerate(entries) if entry.faults == ["hang"])
    again = next(n for n, entry in enumerate(entries) if n > begun and entry.query == entries[begun].query)
    assert again - begun > 5, "others were asked for while that one was waited for"


@row(6, "no answer at all", long=True)
def hangs_for_ever(case: Case) -> None:
    """After just so many requests it is given up, by name."""
    tracker = case.start_tracker()
    stuck = case.rng.choice(few(case, 5))
    tracker.faults.replace([f"hang:path=issueView.do.issueId={stuck}"])
    run = case.crawl("DOWNLOAD_TIMEOUT=4", "RETRY_TIMES=1", max_results=5)
    assert run.exit_code == 5, run.stderr
    assert len(asked(tracker.ledger.entries, f"issueView.do?issueId={stuck}")) == 2
    (error,) = case.archive.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("network_error", stuck)


def _drip(case: Case, path: str, issue_id: str, environment: dict[str, str] | None = None) -> None:
    case.expected = {issue_id}
    case.tracker.faults.replace([f"drip:path={path}"])
    run = case.crawl("DOWNLOAD_TIMEOUT=4", "RETRY_TIMES=1", query=issue_id, environment=environment)
    assert run.exit_code == 5, run.stderr
    errors = case.archive.last().read_errors()
    assert {one["error_detail"]["issue_id"] for one in errors} == {issue_id}


@row(7, "slow drip")
def drips_a_page(case: Case) -> None:
    """A byte a second would take hours: the whole page has to come in time."""
    case.start_tracker()
    one = case.rng.choice(case.hits())
    _drip(case, PLACES["page"].format(one), one)


@row(7, "slow drip", long=True)
def drips_a_file(case: Case) -> None:
    """So does a file that does not come fast enough."""
    case.start_tracker()
    one, files = case.rng.choice(sorted(with_files(case).items()))
    _drip(case, f"fileDownload.do.fileId={files[0]}&", one)


@row(7, "slow drip", long=True)
def drips_in_the_browser(case: Case) -> None:
    """The browser would wait as well."""
    case.start_tracker()
    one = case.rng.choice(case.hits())
    _drip(case, PLACES["page"].format(one), one, environment=ALWAYS)


@row(7, "slow drip", long=True)
def is_slow_but_honest(case: Case) -> None:
    """A file that takes longer than any page may is had, at the first go, as long as it comes fast enough."""
    tracker = case.start_tracker()
    sizes = {
        (one, file.file_id): len(tracker.world.files.content(file))
        for one in case.hits()
        for file in tracker.world.issues[int(one)].files
    }
    (one, number), size = case.rng.choice([known for known in sorted(sizes.items()) if 500 < known[1] < 10_000])
    case.expected = {one}
    path = f"fileDownload.do.fileId={number}&"
    tracker.faults.replace([{"fault": "drip", "interval": 8 / size, "path": path}])
    run = case.crawl("DOWNLOAD_TIMEOUT=5", "RETRY_TIMES=3", "IMS_SLOWEST_FILE=20", query=one)
    assert run.exit_code == 0, run.stderr
    assert len(asked(tracker.ledger.entries, f"fileDownload.do?fileId={number}&")) == 1


@row(8, "outage of some minutes")
def goes_away_and_comes_back(case: Case) -> None:
    """Nothing is asked of it while it is away, and no page has failed."""
    tracker = case.start_tracker(f"outage:seconds=2.5,nth={case.draw(8, 60)}")
    run = case.crawl("RETRY_TIMES=4")
    assert run.exit_code == 0, run.stderr
    assert case.archive.last().read_session()["metadata"]["scrapy"]["ims/outages"] >= 1
    log = case.archive.last().log_path.read_text("utf-8")
    assert "The tracker is back after" in log
    assert "Gave up retrying" not in log
    assert tracker.faults.describe()[0]["fired"] == 1


@row(8, "outage of some minutes")
def goes_away_for_good(case: Case) -> None:
    """The crawl ends with what it has, and goes on when it is told that the tracker is back."""
    tracker = case.start_tracker(f"outage:seconds=900,nth={case.draw(8, 60)}")
    run = case.crawl("IMS_OUTAGE_SECONDS=1")
    assert run.exit_code == 8, run.stderr
    session = case.archive.last().read_session()
    assert (session["status"], session["close_reason"]) == ("failed", "tracker_unavailable")
    given_up = case.archive.last().log_path.read_text("utf-8").partition("Closing spider (tracker_unavailable)")[2]
    assert given_up
    assert "Gave up retrying" not in given_up, "what is left to do is not tried time and again"
    tracker.end_outage()


def _leads_nowhere(case: Case, place: str, environment: dict[str, str] | None = None) -> int:
    tracker = case.start_tracker()
    lost = case.rng.choice(case.hits())
    case.expected = {lost}
    tracker.faults.replace([f"redirect_loop:path={PLACES[place].format(lost)}"])
    run = case.crawl(query=lost, environment=environment)
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    assert error["error_detail"]["issue_id"] == lost
    return tracker.ledger.count("/loop/")


@row(9, "redirect loop")
def redirects_in_a_circle(case: Case) -> None:
    """As often as redirects are followed (REDIRECT_MAX_TIMES), and not once more."""
    assert _leads_nowhere(case, case.rng.choice(("page", "relations"))) == 5


@row(9, "redirect loop", long=True)
def redirects_the_browser_in_a_circle(case: Case) -> None:
    """As often as a browser follows them, and it is not sent there again."""
    assert 0 < _leads_nowhere(case, "page", ALWAYS) <= 20


@row(10, "200 with a stack trace")
def shows_a_stack_trace(case: Case) -> None:
    """In the place of a page, a list, a file or results: each is told from what was asked for, and kept aside."""
    tracker = case.start_tracker()
    page, relations = case.rng.sample([one for one in case.hits() if not tracker.world.issues[int(one)].files], 2)
    files, (number, *_) = case.rng.choice(sorted(with_files(case).items()))
    paths = [PLACES["page"].format(page), PLACES["relations"].format(relations), f"fileDownload.do.fileId={number}&"]
    tracker.faults.replace([f"stack_trace:path={path}" for path in paths])
    run = case.crawl()
    assert run.exit_code == 5, run.stderr
    errors = {one["error_detail"]["issue_id"]: one["error_type"] for one in case.archive.last().read_errors()}
    assert errors == {page: "parsing_error", relations: "parsing_error", files: "attachment_error"}
    kept = {path.name.partition("-")[0] for path in (case.archive.last().path / "quarantine").iterdir()}
    assert kept == {page, relations}
    missing = {one: document["crawl"]["missing"] for one, document in case.archive.documents().items()}
    assert missing[relations] == ["relations"]
    assert page not in missing


@row(10, "200 with a stack trace", long=True)
def shows_a_stack_trace_for_results(case: Case) -> None:
    """A page of results that cannot be had is a gap, and told with its size; what the others list is crawled."""
    tracker = case.start_tracker()
    last = (len(case.hits()) - 1) // 10 + 1
    lost = case.draw(1, last)
    tracker.faults.replace([f"stack_trace:path=reSearchYN=Y.*pageIndex={lost}&"])
    run = case.crawl()
    assert run.exit_code == 5, run.stderr
    listed = {one for number, one in enumerate(case.hits()) if number // 10 + 1 != lost}
    assert set(case.archive.documents()) == listed
    assert "SearchGapError" in {one["error_detail"]["exception"] for one in case.archive.last().read_errors()}


@row(10, "200 with a stack trace", long=True)
def shows_a_stack_trace_for_the_form(case: Case) -> None:
    """Without the search form there is no crawl."""
    case.start_tracker("stack_trace:path=issueSearchList.do")
    run = case.crawl()
    assert run.exit_code == 8, run.stderr
    assert not case.archive.documents()


@row(10, "200 with a stack trace", long=True)
def shows_a_stack_trace_to_the_browser(case: Case) -> None:
    """A page that the browser shows is told from what was asked for by the same marks."""
    tracker = case.start_tracker()
    lost = case.rng.choice(few(case, 4))
    tracker.faults.replace([f"stack_trace:path={PLACES['page'].format(lost)}"])
    run = case.crawl(max_results=4, environment=ALWAYS)
    assert run.exit_code == 5, run.stderr
    assert {one["error_detail"]["issue_id"] for one in case.archive.last().read_errors()} == {lost}
    (kept,) = (case.archive.last().path / "quarantine").iterdir()
    assert b"NullPointerException" in kept.read_bytes()
