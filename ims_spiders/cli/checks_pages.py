"""The doctor's checks of live pages: one of each kind is fetched and read, and what it is read by is told."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from http.cookiejar import CookieJar

from scrapy.http import HtmlResponse

from ims_spiders.cli.checks_result import Check, bad, good, some, unseen
from ims_spiders.cli.tracker import get
from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import IssueNotAvailable, NotLoggedIn, PageError, TrackerUnavailable
from ims_spiders.pages.issue import IssuePage, issue_url
from ims_spiders.pages.marks import Mark, absent, issue_marks, missing, results_marks, search_form_marks
from ims_spiders.pages.relations import parse_relations, relations_url
from ims_spiders.pages.search import SearchForm, SearchPage, SearchResultsPage, search_form_url, search_url

PAGES = ("Search form", "Search results", "Issue page", "Related issues")
MODULES = dict(zip(PAGES, ("search", "search", "issue", "relations"), strict=True))


class _Stop(Exception):  # noqa: N818 - named after what happened
    """What comes next cannot be looked at; the text says why."""


def live_pages(config: TrackerConfig, jar: CookieJar) -> list[Check]:
    """The search form, its first page of results, the newest issue on that and what it is related to: four GETs."""
    look = _Look(config, jar)
    checks: list[Check] = []
    reason = ""
    for name, step in zip(PAGES, (look.search_form, look.results, look.issue, look.relations), strict=True):
        if reason:
            checks.append(unseen(name, reason))
            continue
        try:
            checks.append(step(name))
            reason = "" if checks[-1].ok else f"not looked at: it comes after the {name.lower()}"
        except TrackerUnavailable as error:
            checks.append(bad(name, str(error), "check the network, and try again"))
            reason = "not looked at: the tracker no longer answers"
        except _Stop as stop:
            reason = str(stop)
            checks.append(unseen(name, reason))
    return checks


class _Look:
    """One visit, page after page."""

    def __init__(self, config: TrackerConfig, jar: CookieJar):
        self._config = config
        self._jar = jar
        self._form: SearchForm | None = None
        self._issue_id = ""

    def search_form(self, name: str) -> Check:
        """What can be searched for."""
        answer = get(self._jar, search_form_url(self._config.base_url))
        refused = None
        try:
            self._form = SearchPage(answer.text, answer.url).form()
        except PageError as error:
            refused = error
        return _verdict(name, answer, search_form_marks(answer.text), refused)

    def results(self, name: str) -> Check:
        """All issues, the newest first, as a crawl without a question searches."""
        assert self._form is not None
        answer = get(self._jar, search_url(self._config.base_url, self._form, "", [], [], 1))
        refused = None
        try:
            hits = SearchResultsPage(answer.text, answer.url).hits
            self._issue_id = hits[0].issue_id if hits else ""
        except PageError as error:
            refused = error
        return _verdict(name, answer, results_marks(answer.text, answer.url), refused)

    def issue(self, name: str) -> Check:
        """The newest issue."""
        if not self._issue_id:
            raise _Stop("not looked at: the search finds no issue")
        answer = get(self._jar, issue_url(self._config.base_url, self._issue_id))
        page = refused = None
        try:
            page = IssuePage(answer.text, answer.url, self._config.timezone)
            page.to_item()
        except IssueNotAvailable as error:
            raise _Stop(f"not looked at: {error}") from error
        except PageError as error:
            refused = error
        return _verdict(name, answer, issue_marks(answer.text, page), refused)

    def relations(self, name: str) -> Check:
        """What the newest issue is related to, which its page asks for by script."""
        answer = get(self._jar, relations_url(self._config.base_url, self._issue_id))
        refused = None
        try:
            parse_relations(answer.text, self._issue_id)
        except PageError as error:
            refused = error
        return _verdict(
            name, answer, [Mark("list of issues", "JSON with issueId", "missing" if refused else "found")], refused
        )


def _verdict(name: str, answer: HtmlResponse, marks: Sequence[Mark], refused: PageError | None) -> Check:
    """What the page objects and the marks say together. The raw page is kept when something is missing."""
    if answer.status != 200:
        advice = "try again later; if it stays so, ask who runs the tracker, and check IMS_BASE_URL"
        return bad(name, f"{_short(answer.url)} answers with status {answer.status}", advice)
    if isinstance(refused, NotLoggedIn):
        return bad(name, f"{_short(answer.url)}: the login page came instead", "see whether the account may search")
    lacking = missing(marks)
    if not lacking and refused is None:
        rest = absent(marks)
        found = f"{len(marks) - len(rest)} marks are there" + (f", not on this page: {', '.join(rest)}" if rest else "")
        return good(name, found)
    found = f"{_short(answer.url)}: not found: {some(lacking)}" if lacking else _short(str(refused))
    advice = f"the tracker's template changed: ims_spiders/pages/{MODULES[name]}.py is to follow; the page is kept at "
    return bad(name, found, advice + keep(answer.body))


def _short(text: str) -> str:
    """An address with many parameters, or a message that begins with one, so that it can be read."""
    return re.sub(r"\?\S{120,}", "?…", text)


def keep(body: bytes) -> str:
    """Put a raw page where only this account can read it, and say where. It may show what others must not see."""
    descriptor, path = tempfile.mkstemp(prefix="ims-doctor-", suffix=".html")
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    return path
