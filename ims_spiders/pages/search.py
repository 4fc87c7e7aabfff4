"""The search page: its form, the address of a page of results, and the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from parsel import Selector

from ims_spiders.exceptions import MissingField
from ims_spiders.pages.base import Page
from ims_spiders.pages.document import Element, has_class
from ims_spiders.pages.javascript import attribute_calls
from ims_spiders.pages.products import Product, Status, select_products
from ims_spiders.pages.signin import user_fields
from ims_spiders.pages.tables import cells_by_header, header_rows, headers_for, pick
from ims_spiders.pages.text import collapse, shown_text
from ims_spiders.pages.urls import absolute_url, tracker_url
from ims_spiders.pages.values import parse_time

__all__ = [
    "Product",
    "SearchForm",
    "SearchHit",
    "SearchPage",
    "SearchResultsPage",
    "Status",
    "search_form_url",
    "search_url",
    "select_products",
    "select_statuses",
]

_PATH = "/ims/issue/issueSearchList.do"
_FORM = "//form[@name='issueSearchForm' or @id='issueSearchForm']"
_ROW = f"//tr[{has_class('rowClickData')}]"
_TOTAL = re.compile(r"\[\s*Total\s*:?\s*(\d[\d,]*)\s*\]", re.IGNORECASE)
_ISSUE_ID = re.compile(r"[1-9][0-9]{0,11}")
_NUMBER_LABELS = ("issue number", "issue no", "issue id")
_FIXED = {
    "searchType": "1",
    "menuCode": "issue_search",
    "reSearchYN": "Y",
    "queryId": "ims.issueSearch.findIssueSearch",
    "queryIdDetail": "ims.profile.findUserIssueColumns",
    "orderType": "desc",
    "listType": "1",
    "reportType": "R101",
    "taggingWordOption": "equals",
    # Results come ten a page whatever is asked for; asking for ten keeps a tracker that obeys in step with that.
    "pageSize": "10",
}
_OWN = frozenset({*_FIXED, "pageIndex", "keyword", "productCodes", "activities"})


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What the search form offers. `hidden` are its hidden inputs and the user's, by name."""

    action_url: str
    products: list[Product]
    statuses: list[Status]
    hidden: dict[str, str]
    page_sizes: list[int]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One row of the results: `cells` by their header's text, empty when no header fits the row."""

    issue_id: str
    cells: dict[str, str]
    title: str | None = None
    product: str | None = None

    def issued(self, zone: ZoneInfo) -> datetime | None:
        """When it was registered, as the list says; None when that column is not shown or holds no date."""
        return parse_time(pick(self.cells, "issued date", "registered date") or "", zone)


def search_form_url(base_url: str) -> str:
    """Where the search form is."""
    return tracker_url(base_url, _PATH, [("searchType", "1"), ("menuCode", "issue_search")])


def select_statuses(statuses: Sequence[Status], names: Sequence[str]) -> list[Status]:
    """The statuses of these names, compared without case, blanks and underscores; unknown names give none."""
    wanted = {_status_key(name) for name in names}
    return [status for status in statuses if _status_key(status.label) in wanted]


def _status_key(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def search_url(
    base_url: str,
    form: SearchForm,
    keyword: str,
    products: Sequence[Product],
    statuses: Sequence[Status],
    page_index: int,
) -> str:
    """The address of one page of results, 1 being the first. No products means all, no statuses every one."""
    parameters = [(name, value) for name, value in form.hidden.items() if name not in _OWN]
    parameters += list(_FIXED.items())
    parameters += [("pageIndex", str(page_index)), ("keyword", keyword)]
    parameters += [("productCodes", product.code) for product in products]
    # With no status chosen the tracker leaves closed issues out.
    parameters += [("activities", status.value) for status in statuses or form.statuses]
    return tracker_url(base_url, _PATH, parameters)


class SearchPage(Page):
    """The search page. Raises UnexpectedPage when the form is not on it."""

    def check(self) -> None:
        """Raise UnexpectedPage unless the search form is there."""
        super().check()
        if not self.selector.xpath(_FORM):
            raise self.unexpected("the form issueSearchForm is missing")

    def form(self) -> SearchForm:
        """What the form offers. Raises MissingField when it offers no product or no status."""
        form = self.selector.xpath(_FORM)[0]
        products = [Product(value, label) for value, label in self._options("productCodes")]
        statuses = [Status(value, label) for value, label in self._options("activities")]
        sizes = [int(label) for _, label in self._options("pageSize", required=False) if label.isdecimal()]
        action = (form.root.get("action") or "").strip()
        usable = action and not action.lower().startswith(("javascript:", "#"))
        target = (absolute_url(self.url, action) if usable else None) or self.url
        return SearchForm(target, products, statuses, self._hidden(form), sizes)

    def _hidden(self, form: Selector) -> dict[str, str]:
        inputs = form.xpath(".//input[translate(@type, 'HIDEN', 'hiden')='hidden'][@name!='']")
        values = {item.root.get("name"): item.root.get("value") or "" for item in inputs}
        return {**values, **user_fields(self.selector)}

    def _options(self, name: str, required: bool = True) -> list[tuple[str, str]]:
        found = []
        for option in self.selector.xpath(f"(//select[@id='{name}' or @name='{name}'])[1]//option"):
            label = collapse(option.xpath("string()").get() or "")
            value = option.root.get("value")
            value = label if value is None else value.strip()
            if value and (value, label) not in found:
                found.append((value, label))
        if required and not found:
            raise MissingField(f"{self.url}: the search form has no choices in `{name}`")
        return found


class SearchResultsPage(Page):
    """A page of results. Raises UnexpectedPage when it has neither a total, nor rows, nor the search form."""

    def check(self) -> None:
        """Raise UnexpectedPage unless this is a page of results."""
        super().check()
        if self.total is None and not self._rows and not self.selector.xpath(_FORM):
            raise self.unexpected("it has no total, no rows and no search form")

    @cached_property
    def _rows(self) -> list[Element]:
        return [row.root for row in self.selector.xpath(_ROW)]

    @cached_property
    def total(self) -> int | None:
        """How many issues were found in all, None when the page does not say. Raises UnexpectedPage if it says two."""
        texts = self.selector.xpath(
            f"//body//text()[not(ancestor::script or ancestor::style or ancestor::tr[{has_class('rowClickData')}])]"
        )
        said = {int(number.replace(",", "")) for number in _TOTAL.findall(collapse("".join(texts.getall())))}
        hidden = self.selector.xpath("//input[@name='totalCount' or @id='totalCount']/@value").getall()
        said |= {
            int(value.replace(",", "")) for value in map(str.strip, hidden) if re.fullmatch(r"[0-9][0-9,]*", value)
        }
        if len(said) > 1:
            raise self.unexpected(f"it gives different totals: {', '.join(map(str, sorted(said)))}")
        return said.pop() if said else None

    @cached_property
    def hits(self) -> list[SearchHit]:
        """The rows in page order. Raises MissingField for a row without an issue number."""
        headers = header_rows(self.selector, (*_NUMBER_LABELS, "subject"))
        headers = [row for row in headers if row not in self._rows]
        return [self._hit(row, headers) for row in self._rows]

    def _hit(self, row: Element, headers: Sequence[Element]) -> SearchHit:
        cells = cells_by_header(row, headers_for(row, headers))
        issue_id = self._issue_id(row, cells)
        return SearchHit(issue_id, cells, pick(cells, "subject", "title"), pick(cells, "product"))

    def _issue_id(self, row: Element, cells: dict[str, str]) -> str:
        called = attribute_calls(Selector(root=row, type="html"), "popBlankIssueView")
        ids = [call.arguments[0].strip() for call in called if call.arguments]
        ids.append(pick(cells, *_NUMBER_LABELS) or "")
        for issue_id in ids:
            if _ISSUE_ID.fullmatch(issue_id):
                return issue_id
        raise MissingField(f"{self.url}: a row of the results has no issue number: {shown_text(row)[:200]}")
