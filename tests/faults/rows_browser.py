"""Rows 25 to 28: a browser that is killed, hangs, crashes, or is not there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from tests.crawl.crawling import Run
from tests.crawl.logged_in import DEMO_FILES
from tests.faults.case import Case
from tests.faults.row import row

FEW = 3
"""Issues: each is a page in the browser."""
ALWAYS = {"IMS_RENDER": "always"}
MOMENTS = ("login", "page", "file")
"""When it happens: while it logs in, while it shows a page, while it is watched asking for a file."""


@row(25, "Chromium killed")
def chromium_killed(case: Case) -> None:
    """Another one is started, and what was under way is done again: one more login at most."""
    replaced(case, lambda chromium, _: chromium.kill(), "DOWNLOAD_TIMEOUT=20")


@row(25, "Chromium killed", long=True)
def driver_killed(case: Case) -> None:
    """The browser's own end is not heard of then."""
    replaced(case, lambda _, driver: driver.kill())


@row(25, "Chromium killed", long=True)
def chromium_hangs(case: Case) -> None:
    """A browser that no longer answers is ended by force; nothing waits for it for ever."""
    replaced(case, lambda chromium, _: chromium.suspend(), "IMS_BROWSER_HUNG_SECONDS=3")


@row(26, "a navigation that never ends")
def never_ends(case: Case) -> None:
    """The page is given up in its time, by name, and closed; the others are had."""
    tracker = case.start_tracker()
    stuck = case.rng.choice(few(case))
    tracker.faults.replace([f"endless_script:path=issueView.do.issueId={stuck}"])
    run = crawl(case, "DOWNLOAD_TIMEOUT=15", "RETRY_TIMES=0", environment=ALWAYS)
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("network_error", stuck)
    no_page_open(case)


@row(27, "no browser on the machine", restart=False, seeds=False)
def no_browser(case: Case) -> None:
    """Said before anything is asked, with the line that says how to get one."""
    case.variables()
    case.tracker.reset_ledger()
    nowhere = str(case.archive.data_dir / "nowhere")
    wrong = case.ims("crawl", environment={"IMS_BROWSER": nowhere})
    assert wrong.returncode == 2
    assert f"IMS_BROWSER={nowhere} is not a program; give the path of a Chromium or Chrome" in wrong.stderr
    none = case.ims("crawl", environment={"PATH": nowhere, "PLAYWRIGHT_BROWSERS_PATH": nowhere})
    assert none.returncode == 2
    assert "no browser found: run `make setup`, or install Chromium or Chrome" in none.stderr
    assert case.tracker.ledger.entries == []


@row(28, "pages left open")
def page_crashes(case: Case) -> None:
    """A page whose renderer dies is asked for once more, and none is open at the end. A browser that has shown enough
    is replaced on the way."""
    tracker = case.start_tracker()
    slow = case.rng.choice(few(case))
    tracker.faults.replace([f"slow:seconds=2,path=issueView.do.issueId={slow},count=1"])
    with striking(case, kill_renderers, slow_asked):
        run = crawl(case, "IMS_BROWSER_MAX_PAGES=3", environment=ALWAYS)
    assert run.exit_code == 0, run.stderr
    assert figures(case)["ims/browser/pages"] > FEW
    assert figures(case)["ims/browser/recycled"] >= 1
    no_page_open(case)


@row(28, "pages left open", long=True)
def grows(case: Case) -> None:
    """One that holds more than it may is ended when no page is under way in it, and another one goes on."""
    tracker = case.start_tracker()
    tracker.faults.replace(["slow:seconds=6,path=issueView,count=1"])
    run = crawl(case, "IMS_BROWSER_MAX_MEGABYTES=1", environment=ALWAYS)
    assert run.exit_code == 0, run.stderr
    assert figures(case)["ims/browser/recycled"] >= 1
    no_page_open(case)


# --- How ---------------------------------------------------------------------------------------------------------

Blow = Callable[[psutil.Process, psutil.Process], object]
"""What is done to Chromium and to its driver."""


def few(case: Case) -> list[str]:
    """What a whole crawl of these stores."""
    case.expected = set(case.hits()[:FEW])
    return sorted(case.expected)


def crawl(case: Case, *settings: str, **arguments: Any) -> Run:
    """A crawl of some issues to its end."""
    few(case)
    return case.crawl(*settings, max_results=FEW, **arguments)


def replaced(case: Case, blow: Blow, *settings: str) -> None:
    """At a drawn moment the browser gets a blow, and nobody sees it in what was crawled."""
    moment = case.rng.choice(MOMENTS)
    tracker = case.start_tracker()
    if moment == "login":
        # The form, or its being sent.
        tracker.faults.replace([f"slow:seconds=1.5,path=auth/login.do,nth={case.draw(1, 2)}"])
        environment = {"IMS_ATTACHMENT_URL": DEMO_FILES}
    elif moment == "page":
        slow = case.rng.choice(few(case))
        tracker.faults.replace([f"slow:seconds=1.5,path=issueView.do.issueId={slow},count=1"])
        environment = ALWAYS
    else:
        environment = {"IMS_ATTACHMENT_URL": ""}
    delay = case.rng.random()
    with striking(case, blow, slow_asked if moment != "file" else after(delay)):
        run = crawl(case, *settings, saved_login=moment != "login", environment=environment)
    assert run.exit_code == 0, run.stderr
    assert tracker.ledger.logins_accepted <= 2
    assert tracker.ledger.logins_refused == 0
    no_page_open(case)


@contextmanager
def striking(case: Case, blow: Blow, when: Callable[[Case], bool]) -> Iterator[None]:
    """While the block runs, wait for the browser and for the moment, and strike once; it has to have come to that."""
    struck, ended = threading.Event(), threading.Event()

    def wait() -> None:
        while not ended.wait(0.02):
            family = browser_of(psutil.Process(os.getpid()))
            if family is not None and when(case):
                with suppress(psutil.NoSuchProcess):
                    blow(*family)
                    struck.set()
                return

    thread = threading.Thread(target=wait, name="striking")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert struck.is_set(), "the moment never came"


def browser_of(process: psutil.Process) -> tuple[psutil.Process, psutil.Process] | None:
    """Chromium and the driver that started it, among the descendants of the process."""
    for one in process.children(recursive=True):
        with suppress(psutil.Error):
            parent = one.parent()
            if parent is not None and "run-driver" in parent.cmdline():
                return one, parent
    return None


def slow_asked(case: Case) -> bool:
    """Whether the tracker is just now taking its time."""
    return any("slow" in entry.faults for entry in case.tracker.ledger.entries)


def after(seconds: float) -> Callable[[Case], bool]:
    """So long after the browser was first there."""

    def waited(_: Case) -> bool:
        time.sleep(seconds)
        return True

    return waited


def kill_renderers(chromium: psutil.Process, _: psutil.Process) -> None:
    """The processes that show pages die, the browser lives."""
    for one in chromium.children(recursive=True):
        with suppress(psutil.Error):
            if "--type=renderer" in one.cmdline():
                one.kill()


def figures(case: Case) -> dict[str, int]:
    """What session.json says of the browser, among other things."""
    counted: dict[str, int] = case.archive.last().read_session()["metadata"]["scrapy"]
    return counted


def no_page_open(case: Case) -> None:
    """By the crawl's own count."""
    assert figures(case)["ims/browser/pages"] >= 1
    assert figures(case)["ims/browser/pages/open"] == 0
