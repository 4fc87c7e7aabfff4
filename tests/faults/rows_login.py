"""Rows 11 to 16: a session that expires, and logins that are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ims_spiders.demo.faults.catalog import FILES
from ims_spiders.demo.server import DemoTracker
from tests.faults.asking import ALWAYS, asked, few, with_files
from tests.faults.case import Case
from tests.faults.row import row

PLAIN = {"IMS_RENDER": "never"}
"""Logs in without a browser: the form is the same."""
WRONG = "not the pässword/+%"


def _logins(tracker: DemoTracker) -> tuple[int, int]:
    """Accepted and refused ones since the user's first, which the crawl found saved."""
    return tracker.ledger.logins_accepted - 1, tracker.ledger.logins_refused


def _log_in_elsewhere(case: Case) -> None:
    """The saved login is a fresh one from then on: who goes on needs no browser."""
    case.notice_secrets()
    for saved in (case.archive.data_dir / "state").glob("*.json"):
        saved.unlink()


def _expires(case: Case, fault: str, environment: dict[str, str]) -> None:
    """At a request of the crawl, whichever it is: a page, a list, a file or results."""
    tracker = case.start_tracker(f"{fault}:nth={case.draw(1, 25)}", latency=0.01)
    few(case, 8)
    run = case.crawl(max_results=8, environment=environment)
    assert run.exit_code == 0, run.stderr
    assert tracker.faults.describe()[0]["fired"] == 1
    assert _logins(tracker) == (1, 0)
    assert run.stderr.count("logging in again") == 1


@row(11, "session expires at request N")
def expires(case: Case) -> None:
    """One new login, and what was asked for is asked for again."""
    _expires(case, "expire_at", PLAIN)


@row(12, "login form with status 200")
def expires_into_the_form(case: Case) -> None:
    """The same, without a redirect that would say so."""
    _expires(case, "login_form_200", PLAIN)


@row(12, "login form with status 200", long=True)
def expires_in_the_browser(case: Case) -> None:
    """The browser is logged in again, and shows the page instead of the form."""
    _expires(case, case.rng.choice(("expire_at", "login_form_200")), ALWAYS)


@row(12, "login form with status 200", long=True)
def expires_at_a_list(case: Case) -> None:
    """The form in the place of JSON is not taken for a list without related issues."""
    tracker = case.start_tracker(f"login_form_200:nth={case.draw(1, 8)},path=findRelationIssues")
    few(case, 8)
    run = case.crawl(max_results=8, environment=PLAIN)
    assert run.exit_code == 0, run.stderr
    assert tracker.faults.describe()[0]["fired"] == 1
    assert _logins(tracker) == (1, 0)


@row(13, "expiry during an attachment")
def expires_at_a_file(case: Case) -> None:
    """Whether it is told by a redirect or by a form: the file is asked for again, and is that file."""
    tracker = case.start_tracker()
    files = sum(map(len, with_files(case).values()))
    fault = case.rng.choice(("expire_at", "login_form_200"))
    tracker.faults.replace([f"{fault}:nth={case.draw(1, files)},path={FILES}"])
    run = case.crawl(environment=PLAIN)
    assert run.exit_code == 0, run.stderr
    assert tracker.faults.describe()[0]["fired"] == 1
    assert _logins(tracker) == (1, 0)


@row(13, "expiry during an attachment")
def has_pages_in_the_place_of_files(case: Case) -> None:
    """Once or for ever, empty or a login form: it never becomes the file, and what is missing is named."""
    tracker = case.start_tracker()
    some = with_files(case)
    lost, (number, *_) = case.rng.choice(sorted(some.items()))
    fault = ("empty_attachment", "html_attachment")[case.seed % 2]
    case.expected = set(case.hits())
    tracker.faults.replace([f"{fault}:path=fileDownload.do.fileId={number}&"])
    run = case.crawl(environment=PLAIN)
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("attachment_error", lost)
    assert case.archive.documents()[lost]["crawl"]["missing"] == [f"attachment:{_kind(case, lost, number)}:{number}"]
    # A login form where no session has expired: a new login is no remedy, and is tried once.
    assert _logins(tracker)[0] <= 1


@row(13, "expiry during an attachment")
def has_forms_in_the_place_of_all_files(case: Case) -> None:
    """However many there are: one new login shows that it is not the login, and the issues come without their files."""
    tracker = case.start_tracker()
    some = with_files(case)
    case.expected = set(case.hits())
    tracker.faults.replace([f"html_attachment:path={FILES}"])
    run = case.crawl(environment=PLAIN)
    assert run.exit_code == 5, run.stderr
    assert _logins(tracker) == (1, 0)
    named = {one["error_detail"]["issue_id"] for one in case.archive.last().read_errors()}
    assert named == set(some)


def _kind(case: Case, issue_id: str, number: str) -> str:
    files = case.tracker.world.issues[int(issue_id)].files
    return next(str(file.kind) for file in files if file.file_id == number)


def _refused(case: Case, environment: dict[str, str]) -> None:
    """Sent once, whatever waits for it: accounts lock."""
    tracker = case.start_tracker()
    few(case, 3)
    case.secrets.add(WRONG)
    run = case.crawl(saved_login=False, max_results=3, environment={"IMS_PASSWORD": WRONG, **environment})
    assert run.exit_code == 3, run.stderr
    sent = [entry for entry in asked(tracker.ledger.entries, "/auth/login.do") if entry.method == "POST"]
    assert len(sent) == 1
    assert (tracker.ledger.logins_accepted, tracker.ledger.logins_refused) == (0, 1)
    assert not asked(tracker.ledger.entries, "/ims/"), "nothing is asked for without a login"
    assert "not correct" in run.stderr, "what the tracker said"
    session = case.archive.last().read_session()
    assert (session["status"], session["close_reason"]) == ("failed", "login_refused")


@row(14, "wrong password", seeds=False)
def has_a_wrong_password(case: Case) -> None:
    """Without a browser."""
    _refused(case, PLAIN)


@row(14, "wrong password", seeds=False, long=True)
def has_a_wrong_password_in_the_browser(case: Case) -> None:
    """With one."""
    _refused(case, {})


@row(15, "refused when logging in again")
def is_refused_later(case: Case) -> None:
    """The crawl stops with what it has, says so once, and goes on when it is resumed."""
    tracker = case.start_tracker(f"expire_at:nth={case.draw(2, 50)}", "login_refuse_later", latency=0.01)
    run = case.crawl(environment=PLAIN)
    assert run.exit_code == 3, run.stderr
    assert _logins(tracker) == (0, 1)
    session = case.archive.last().read_session()
    assert (session["status"], session["close_reason"]) == ("failed", "login_refused")
    assert [one["error_type"] for one in case.archive.last().read_errors()] == ["authentication_error"]
    _log_in_elsewhere(case)


@contextmanager
def _expiry_at_full_stretch(tracker: DemoTracker, after: int) -> Iterator[list[int]]:
    """Ends all sessions as soon as eight requests are under way that came after the first so many; tells how many."""
    found: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            if len(tracker.ledger.entries) >= after and tracker.ledger.in_flight >= 8:
                tracker.expire_sessions()
                found.append(tracker.ledger.in_flight)
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


@row(16, "many requests see the expiry at once")
def expires_for_all_at_once(case: Case) -> None:
    """Eight are under way, pages, lists and files: one logs in, and all are asked for again."""
    # Every request waits before it is looked at: those that are under way then will all be refused.
    tracker = case.start_tracker(latency=0.25)
    variables = case.variables() | PLAIN
    with _expiry_at_full_stretch(tracker, case.draw(4, 40)) as found:
        run = case.crawl(environment=variables)
    assert run.exit_code == 0, run.stderr
    assert found == [8]
    turned_away = [entry for entry in tracker.ledger.entries if entry.status == 302 and "/auth/" not in entry.path]
    assert len(turned_away) >= 8
    assert _logins(tracker) == (1, 0)
    assert run.stderr.count("logging in again") == 1
