"""What a live page is recognised and read by, mark by mark: so that a changed template can be told before a crawl."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from parsel import Selector, SelectorList

from ims_spiders.exceptions import PageError
from ims_spiders.pages.document import Document, has_class
from ims_spiders.pages.issue import IssuePage
from ims_spiders.pages.search import SearchResultsPage
from ims_spiders.pages.signin import user_of
from ims_spiders.pages.text import collapse

T = TypeVar("T")
_ACTION = re.compile(r"\baction\s*(?:no|number)?\W{0,5}\d{3,}", re.IGNORECASE)
_DATE = re.compile(r"\b\d{4}([/.-])\d{1,2}\1\d{1,2}\b")
_SIZE = re.compile(r"\(\s*\d[\d.,]*\s*(?:bytes?|[KMG]i?B?|B)\s*\)", re.IGNORECASE)
"""What tells that a page has comments, history and files, however they are marked up; no heading or button does."""
Found = Literal["found", "missing", "absent"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: what it is for, how it is looked for, and whether it is `found`, `missing`, or `absent`.

    An absent one need not be on every page; a missing one must, or something beside it says that it should be there.
    """

    name: str
    looked_for: str
    found: Found


def _mark(name: str, looked_for: str, found: object, *, required: bool = True) -> Mark:
    return Mark(name, looked_for, "found" if found else ("missing" if required else "absent"))


def _signed_in(selector: Selector) -> Mark:
    return _mark("signed-in user", "input[name=userId]", user_of(selector))


def search_form_marks(html: str) -> list[Mark]:
    """Those of the search form, whether or not the page object takes the page."""
    selector = Document(html).selector
    form = "//form[@name='issueSearchForm' or @id='issueSearchForm']"

    def choices(name: str) -> list[Selector]:
        return list(selector.xpath(f"//select[@id='{name}' or @name='{name}']//option"))

    return [
        _mark("form", "form[name=issueSearchForm]", selector.xpath(form)),
        _mark("keyword", "input#keyword", selector.xpath("//input[@id='keyword' or @name='keyword']")),
        _mark("products", "select#productCodes option", choices("productCodes")),
        _mark("statuses", "select#activities option", choices("activities")),
        _mark("page sizes", "select#pageSize option", choices("pageSize"), required=False),
        _signed_in(selector),
    ]


def results_marks(html: str, url: str) -> list[Mark]:
    """Those of a page of results, whether or not the page object takes it. A total of 0 needs no rows."""
    selector = Document(html).selector
    page = _made(lambda: SearchResultsPage(html, url))
    total = _made(lambda: page.total) if page else None
    rows = selector.xpath(f"//tr[{has_class('rowClickData')}]")
    hits = _made(lambda: page.hits) if page else None
    titled = hits and all(hit.title for hit in hits)
    return [
        _mark("total", "[ Total N ] or input[name=totalCount]", total is not None),
        _mark("rows", "tr.rowClickData", rows, required=total != 0),
        _mark("issue number of each row", "popBlankIssueView('N', …) or Issue Number", hits, required=bool(rows)),
        _mark("subject of each row", "the column Subject", titled, required=False),
        _signed_in(selector),
    ]


def issue_marks(html: str, page: IssuePage | None) -> list[Mark]:
    """Those of an issue's page; without the page object, which refused it, those that can be told from the page."""
    document = Document(html)
    selector = document.selector
    table = f"//table[{has_class('table-bordered')}][{has_class('dataTable')}][{has_class('fullWidth')}]"
    label = f"//*[self::td or self::th][{has_class('tableHeaderTitle')}]"
    subject = _made(page.title) if page else None
    return [
        _mark("issue number", "span.issueNumber", selector.xpath(f"//*[{has_class('issueNumber')}]")),
        _mark("fields", "table.table-bordered.dataTable.fullWidth", selector.xpath(table)),
        _mark("labels", "td.tableHeaderTitle", selector.xpath(label)),
        _mark("Subject", "the field Subject", subject),
        _signed_in(selector),
        _mark("description", "#IssueDescriptionDiv td.data", document.description, required=False),
        *(
            [*_dates(page), *_comments(selector, page), *_history(selector, page), *_files(selector, page)]
            if page
            else []
        ),
    ]


def _dates(page: IssuePage) -> list[Mark]:
    printed = page.value("registered date", "issued date")
    moment = page.time("registered date", "issued date")
    return [_mark("registered date", "the field Registered date", moment, required=bool(printed))]


def _comments(selector: Selector, page: IssuePage) -> list[Mark]:
    """Where the page speaks of a numbered action, that must be a comment; one at least has an author and a time."""
    outside = f"[not(ancestor::td[{has_class('data')}])]"
    expected = _ACTION.search(_said(selector.xpath("//body"), outside))
    comments = _made(lambda: page.comments)
    told = comments and any(one.author and one.commented_at for one in comments)
    bodies = comments and any(one.content for one in comments)
    return [
        _mark("comments", "#CommentsDiv div.fieldset with input[name=actionId]", comments, required=bool(expected)),
        _mark("author and time of comments", "span.link2 in div.legend", told, required=bool(comments)),
        _mark("text of comments", "div.commDescTR", bodies, required=bool(comments)),
    ]


def _history(selector: Selector, page: IssuePage) -> list[Mark]:
    rows = selector.xpath("//*[@id='HistoriesDiv']//tr")
    expected = rows.xpath(f"self::*[{has_class('data')}]") or _DATE.search(_said(rows))
    entries = _made(page.history)
    dated = entries and any(entry.changed_at for entry in entries)
    return [_mark("history", "#HistoriesDiv tr.data with date and user", dated, required=bool(expected))]


def _files(selector: Selector, page: IssuePage) -> list[Mark]:
    expected = _SIZE.search(_said(selector.xpath("//*[@id='AttachesDiv' or @id='PatchAttachesDiv'][.//a]")))
    files = [one for one in _made(page.attachments) or [] if one.kind != "INLINE"]
    named = files and all(one.filename != f"attachment-{one.file_id}" for one in files)
    return [_mark("attachments", "a[onclick^=downloadFileNew] with span", named, required=bool(expected))]


def _said(parts: SelectorList[Selector], condition: str = "") -> str:
    """What a reader sees of the parts, where an XPath condition holds; what users wrote is not among it."""
    texts = parts.xpath(f".//text()[not(ancestor::script or ancestor::style)]{condition}")
    return collapse(" ".join(texts.getall()))


def missing(marks: Sequence[Mark]) -> list[str]:
    """Name and selector of those that should be there."""
    return [f"{mark.name} ({mark.looked_for})" for mark in marks if mark.found == "missing"]


def absent(marks: Sequence[Mark]) -> list[str]:
    """The names of those that are not on this page and need not be."""
    return [mark.name for mark in marks if mark.found == "absent"]


def _made(make: Callable[[], T]) -> T | None:
    """What is made, or None where a page object refuses."""
    try:
        return make()
    except PageError:
        return None
