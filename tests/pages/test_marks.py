"""Each mark of a live page is found where it is, and told by name where it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.exceptions import PageError
from ims_spiders.pages.issue import IssuePage, issue_url
from ims_spiders.pages.marks import Mark, absent, issue_marks, missing, results_marks, search_form_marks
from ims_spiders.pages.search import SearchPage, search_form_url, search_url
from tests.demo.client import Client

DATE = r"\d{4}([/.-])\d\d\1\d\d( \d\d:\d\d:\d\d)?"


@dataclass(frozen=True)
class Pages:
    """A search form, a page of results, an issue that has everything, and one without comments and files."""

    form: str
    results: str
    issue: str
    bare: str


@pytest.fixture(scope="module")
def pages() -> Pages:
    with DemoTracker(issues=60) as tracker:
        client = Client(tracker.base_url)
        client.login()

        def get(url: str) -> str:
            return client.get(url.removeprefix(tracker.base_url)).text

        def first(wanted: bool) -> str:
            issues = sorted(tracker.world.issues.values(), key=lambda one: one.issue_id)
            found = next(one for one in issues if bool(one.comments) == bool(one.files) == wanted and one.history)
            return issue_url(tracker.base_url, str(found.issue_id))

        form = get(search_form_url(tracker.base_url))
        offered = SearchPage(form, tracker.base_url).form()
        results = get(search_url(tracker.base_url, offered, "", [], [], 1))
        return Pages(form, results, get(first(True)), get(first(False)))


def of_issue(html: str) -> list[Mark]:
    try:
        return issue_marks(html, IssuePage(html, "http://tracker/issue"))
    except PageError:
        return issue_marks(html, None)


def of_results(html: str) -> list[Mark]:
    return results_marks(html, "http://tracker/results")


def test_all_are_there_on_good_pages(pages: Pages) -> None:
    for marks in (search_form_marks(pages.form), of_results(pages.results), of_issue(pages.issue)):
        assert missing(marks) == absent(marks) == []
        assert len(marks) >= 5


def test_what_an_issue_does_not_have_is_not_missed(pages: Pages) -> None:
    marks = of_issue(pages.bare)
    assert missing(marks) == []
    assert {"comments", "attachments"} <= set(absent(marks))


@pytest.mark.parametrize(
    ("pattern", "replacement", "names"),
    [
        ("issueSearchForm", "otherForm", ["form"]),
        ('"keyword"', '"words"', ["keyword"]),
        ('"productCodes"', '"codes"', ["products"]),
        ('"activities"', '"states"', ["statuses"]),
        ('"userId"', '"account"', ["signed-in user"]),
    ],
)
def test_what_the_search_form_lacks(pages: Pages, pattern: str, replacement: str, names: list[str]) -> None:
    assert names_of(search_form_marks(pages.form.replace(pattern, replacement))) == names


@pytest.mark.parametrize(
    ("pattern", "replacement", "names"),
    [
        (r"\[ Total \d+ \]", "many", ["total"]),
        ("rowClickData", "row", ["rows"]),
        ("popBlankIssueView|Issue Number", "open", ["issue number of each row"]),
        ('"userId"', '"account"', ["signed-in user"]),
    ],
)
def test_what_the_results_lack(pages: Pages, pattern: str, replacement: str, names: list[str]) -> None:
    assert names_of(of_results(re.sub(pattern, replacement, pages.results))) == names


def test_no_rows_are_needed_where_nothing_was_found(pages: Pages) -> None:
    nothing = re.sub(r"\[ Total \d+ \]", "[ Total 0 ]", pages.results).replace("rowClickData", "row")
    assert names_of(of_results(nothing)) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "names"),
    [
        ("issueNumber", "number", ["issue number", "Subject"]),
        ("table-bordered", "bordered", ["fields"]),
        ("tableHeaderTitle", "label", ["labels", "Subject"]),
        (">Subject(&nbsp;)?<", ">Title<", ["Subject"]),
        ('"userId"', '"account"', ["signed-in user"]),
        (DATE, "lately", ["registered date", "author and time of comments", "history"]),
        ("fieldset", "box", ["comments"]),
        ("link2|legend", "x", ["author and time of comments"]),
        ("commDescTR|comment_", "text", ["text of comments"]),
        ('<tr class="data">', "<tr>", ["history"]),
        ("downloadFileNew", "fetchFile", ["attachments"]),
    ],
)
def test_what_an_issue_page_lacks(pages: Pages, pattern: str, replacement: str, names: list[str]) -> None:
    told = names_of(of_issue(re.sub(pattern, replacement, pages.issue)))
    assert set(told) >= set(names)
    assert told[0] == names[0]


def names_of(marks: list[Mark]) -> list[str]:
    """The names of what is missing."""
    return [mark.name for mark in marks if mark.found == "missing"]


def test_headings_and_buttons_tell_of_nothing(pages: Pages) -> None:
    """Sections without content have them, too."""
    html = pages.bare.replace('<div id="CommentsDiv">', '<div id="CommentsDiv"><h3>Actions (0)</h3><a>Add Action</a>')
    html = html.replace('<div id="AttachesDiv">', '<div id="AttachesDiv"><a href="#">Attach a file</a>')
    html = html.replace(">Subject", ">Remark</td><td class='data'>as in Action No. 2258642</td><td>Subject", 1)
    html = re.sub(r'<tr class="data">.*?</tr>', "<tr><td>Date</td><td>User</td></tr>", html)
    assert html.count("Attach a file") == html.count("Add Action") == 1
    marks = of_issue(html)
    assert names_of(marks) == []
    assert {"comments", "history", "attachments"} <= set(absent(marks))
