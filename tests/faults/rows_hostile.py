"""Rows 17 and 42 to 45: somebody else's session, bombs, names and links that are traps, scripts, loose secrets."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader

from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.login.browser import launch_options
from ims_spiders.web.settings import WebSettings
from tests import forked
from tests.crawl.crawling import ROOT, Run
from tests.faults.case import FAST_SETTINGS, Case
from tests.faults.row import row
from tests.security.raising import PLACES
from tests.security.servers import Stranger
from tests.web.serving import Site, site

NEWEST: dict[str, Any] = {"product": "", "query": ""}
"""What was put into the tracker last is listed first."""
FORMULA = '=HYPERLINK("http://127.0.0.1:9/","open")'


def only_new(case: Case, before: set[int]) -> list[str]:
    """The issues that were put into the tracker since, which are all that is expected from then on."""
    made = sorted(map(str, case.tracker.world.issues.keys() - before))
    case.expected = set(made)
    return made


def shown_as(case: Case, user: dict[str, str]) -> None:
    """Have the tracker's pages carry another user's name; with nothing in it, the right one's."""
    request = urllib.request.Request(f"{case.tracker.base_url}/__demo__/user", json.dumps(user).encode())  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        assert answer.status == 200


@row(17, "session suddenly somebody else's")
def swapped_in_the_middle(case: Case) -> None:
    """What was stored before is the user's own, and nothing comes after it."""
    tracker = case.start_tracker(f"swap_user:nth={case.draw(5, 20)}")
    run = case.crawl()
    assert run.exit_code == 3, run.stderr
    swapped = next(n for n, entry in enumerate(tracker.ledger.entries) if "swap_user" in entry.faults)
    pages = [entry.query for entry in tracker.ledger.entries[:swapped] if "issueView" in entry.path]
    assert all(any(f"issueId={one}" in query for query in pages) for one in case.archive.documents())
    assert "belongs to another user" in str(case.archive.last().read_errors())
    shown_as(case, {})


@row(17, "session suddenly somebody else's", seeds=False)
def swapped_between_two_crawls(case: Case) -> None:
    """The saved login was given to somebody else: the first page says so, and nothing at all is stored."""
    tracker = case.start_tracker()
    assert case.crawl(max_results=1).exit_code == 0
    shown_as(case, {"user_id": "intruder", "name": "Mallory"})
    tracker.reset_ledger()
    run = case.crawl()
    assert run.exit_code == 3, run.stderr
    assert case.archive.documents() == {}
    assert [entry.path.rpartition("/")[2] for entry in tracker.ledger.entries] == ["issueSearchList.do"]
    shown_as(case, {})


@row(42, "zip, PDF and gzip bombs", seeds=False)
def bombs(case: Case) -> None:
    """The bytes are kept, the text is not had, and its status says why."""
    tracker = case.start_tracker()
    before = set(tracker.world.issues)
    tracker.faults.replace(["bombs:megabytes=60"])
    (issue,) = only_new(case, before)
    run = case.crawl(**NEWEST, max_results=1)
    assert run.exit_code == 0, run.stderr
    files = case.archive.documents()[issue]["attachments"]
    states = {one["filename"]: one["text_status"] for one in files if one["filename"].startswith("bomb")}
    assert len(states) == 4
    assert "extracted" not in states.values(), states
    assert all(one["downloaded"] and one["text_error"] for one in files if one["filename"] in states)


@row(43, "path tricks in names, links off the site, file: links", seeds=False)
def traps(case: Case) -> None:
    """Each file lies in its issue's folder, each link is named in the issue, and nobody else was asked for anything."""
    tracker = case.start_tracker()
    before = set(tracker.world.issues)
    with Stranger() as stranger:
        tracker.faults.replace(["hostile_names:issues=1", "hostile_links:issues=1"])
        made = only_new(case, before)
        linked = next(tracker.world.issues[int(one)] for one in made if _foreign(case, one))
        own = tracker.base_url.replace("http://", "")
        for link in (f"{stranger.url}/x.png", f"http://user:word@{own}/y.png", f"https://{own}/z.png"):
            linked.description.add(f'<p><img src="{link}"/>trap</p>\n', "trap")
            linked.description.foreign_images.append(link)
        # No web address, or what only counts readers: it stays in the text, and is no picture to anybody.
        for link in ("file:///etc/passwd", "ftp://ftp.example.net/a.png", "https://images.example.org/pixel.png"):
            linked.description.foreign_images.remove(link)
        beside = set(_all_beside(case))
        run = case.crawl(**NEWEST, max_results=len(made))
        assert run.exit_code == 0, run.stderr
        assert stranger.heard == 0
    stored = case.archive.documents()
    pictures = [one for one in stored[str(linked.issue_id)]["attachments"] if not one["downloaded"]]
    assert len(pictures) == len(linked.description.foreign_images)
    assert all("not on the tracker" in one["download_error"] for one in pictures)
    assert "file:///etc/passwd" in stored[str(linked.issue_id)]["description_html"]
    paths = [one["file_path"] for document in stored.values() for one in document["attachments"] if one["downloaded"]]
    folder = (case.archive.data_dir / "attachments").resolve()
    assert all((case.archive.data_dir / path).resolve().parent.parent == folder for path in paths)
    assert len(paths) == len(set(paths)) > 15
    new = set(_all_beside(case)) - beside
    assert all(path.name.startswith("feed-") for path in new), new


def _foreign(case: Case, issue_id: str) -> list[str]:
    return case.tracker.world.issues[int(issue_id)].description.foreign_images


def _all_beside(case: Case) -> Iterator[Path]:
    """What lies around the archive, and where the names would lead to."""
    yield from (path for path in case.archive.data_dir.parent.iterdir() if path != case.archive.data_dir)
    yield from (path for folder in ("/tmp", "/etc/cron.d") for path in Path(folder).glob("escaped*"))  # noqa: S108


@row(44, "script in issue text", database="shared", restart=False, seeds=False)
def scripts(case: Case) -> None:
    """In every report and page it is text; in a spreadsheet it is no formula."""
    tracker = case.start_tracker()
    before = set(tracker.world.issues)
    tracker.faults.replace(["xss:issues=4"])
    made = only_new(case, before)
    tracker.world.edit(int(made[0]), {"Customer": FORMULA})
    run = case.crawl(**NEWEST, max_results=len(made))
    assert run.exit_code == 0, run.stderr
    report = case.archive.data_dir.parent / "report.html"
    for form, name in (("html", "report.html"), ("md", "report.md"), ("pdf", "report.pdf")):
        done = case.ims("report", "--session", "last", "--format", form, "-o", str(report.with_name(name)))
        assert done.returncode == 0, done.stderr
    _check_markdown(report.with_suffix(".md").read_text("utf-8"))
    _check_pdf(report.with_suffix(".pdf").read_bytes())
    _check_csv(case.ims("db", "export", "--format", "csv"))
    with _website(case) as web:
        pages = ["/?q=script", *(f"/issue/{one}" for one in made)]
        _check_in_browser([report.as_uri(), *(f"{web.address}{path}" for path in pages)])


def _check_markdown(text: str) -> None:
    assert "window.hacked" in text, "the hostile issues are in it"
    assert not any(f"<{name}" in text.lower() for name in ("script", "img", "svg", "p onclick"))


def _check_pdf(content: bytes) -> None:
    pdf = PdfReader(io.BytesIO(content))
    assert "window.hacked" in "".join(page.extract_text() for page in pdf.pages).replace("\n", "")
    assert not any(name in content for name in (b"/JavaScript", b"/JS ", b"/Launch", b"javascript:"))


def _check_csv(done: Run) -> None:
    assert done.returncode == 0, done.stderr
    cells = [cell for line in csv.reader(io.StringIO(done.stdout)) for cell in line]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if cell[:1] in set("=+@\t\r")]


@contextmanager
def _website(case: Case) -> Iterator[Site]:
    address = parse_url(case.archive.database_url)
    with site(
        WebSettings(port=0, user="tester", data_dir=case.archive.data_dir), lambda: open_engine(address)
    ) as running:
        yield running


@contextmanager
def _started_browser() -> Iterator[Browser]:
    """As it comes: nothing but the pages themselves keeps scripts from running."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


def _check_in_browser(addresses: list[str]) -> None:
    said: list[str] = []
    with _started_browser() as browser:
        page = browser.new_page()
        page.on("dialog", lambda dialog: said.append(dialog.message))
        for address in addresses:
            answer = page.goto(address)
            assert answer is None or answer.status == 200, address
            page.evaluate("for (const one of document.querySelectorAll('[onclick], details, summary')) one.click()")
            assert page.evaluate("window.hacked") is None, address
            assert page.locator("a[href^='javascript:' i], [onclick], [onerror], [onload]").count() == 0, address
    assert said == []


@row(45, "exception inside login or connection code")
def raised_with_secrets(case: Case) -> None:
    """Its message and its variables hold every secret, in many forms; the oracle finds none."""
    tracker = case.start_tracker()
    place = case.rng.choice(sorted(PLACES.keys() - {"http_login", "browser_login", "database"}))
    words = [place, "scrapy", "crawl", "ims", "-a", "product=OpenFrame", "-a", "query=TPETIME", "-a", "related=0"]
    settings = [word for setting in (*FAST_SETTINGS, "RETRY_TIMES=0") for word in ("-s", setting)]
    done = forked.run("tests.security.raising", [*words, *settings], ROOT, case.variables(), 60)
    case.ran(Run(done.returncode, done.stdout, done.stderr))
    assert "***" in done.stderr, "it was raised"
    assert case.archive.sessions()
    assert tracker.ledger.logins_refused == 0
