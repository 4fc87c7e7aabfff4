"""The search form and, below it, the list of hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ims_spiders.demo.markup import attribute, hidden, script_string, text
from ims_spiders.demo.pages import layout
from ims_spiders.demo.state import User
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.model import Issue, Person, Stamp

ROWS = 10
_FIXED = {
    "searchType": "1", "menuCode": "issue_search", "queryId": "ims.issueSearch.findIssueSearch",
    "queryIdDetail": "ims.profile.findUserIssueColumns", "orderType": "desc", "listType": "1", "reportType": "R101",
    "taggingWordOption": "equals",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What was searched for."""

    keyword: str = ""
    products: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    page_size: str = "10"
    page: int = 1


def _options(values: Iterable[tuple[str, str]], chosen: Sequence[str]) -> str:
    return "".join(
        f'<option value="{attribute(value)}"{" selected" if value in chosen else ""}>{text(label)}</option>\n'
        for value, label in values
    )


def search_form(asked: Asked) -> str:
    """The form with everything that it sends; the script sets `reSearchYN` when it is submitted."""
    fixed = "".join(hidden(name, value) for name, value in _FIXED.items())
    products = _options(((product.code, product.name) for product in catalog.PRODUCTS), asked.products)
    activities = _options(((code, status) for status, code in catalog.STATUS_CODES.items()), asked.activities)
    sizes = _options(((str(size), str(size)) for size in catalog.PAGE_SIZES), (asked.page_size,))
    keyword = attribute(asked.keyword)
    submit = "goReportSearch(document.issueSearchForm, '1'); return false;"
    return f"""<div id="SearchDiv">
<form id="issueSearchForm" name="issueSearchForm" method="get" action="{layout.SEARCH}" onsubmit="{submit}">
{fixed}{hidden("reSearchYN", "N")}{hidden("pageIndex", asked.page)}
<table><tr><td>Keyword</td><td><input type="text" id="keyword" name="keyword" value="{keyword}" size="60"/></td></tr>
<tr><td>Product</td><td><select id="productCodes" name="productCodes" multiple size="6">{products}</select></td></tr>
<tr><td>Status</td><td><select id="activities" name="activities" multiple size="6">{activities}</select></td></tr>
<tr><td>Page size</td><td><select id="pageSize" name="pageSize">{sizes}</select>
<a href="#" class="button" id="searchButton" onclick="{submit}">Search</a></td></tr>
</table></form></div>"""


def result_list(hits: Sequence[Issue], asked: Asked, columns: Sequence[str], *, hide: int = 0) -> str:
    """One page of hits, without its first `hide`, and the total. Every other page has that in a hidden input too."""
    total = len(hits)
    first = (asked.page - 1) * ROWS
    shown = hits[first + hide : first + ROWS]
    header = "".join(f"<th>{text(name)}</th>" for name in columns)
    rows = "\n".join(_row(issue, total - first - place, columns) for place, issue in enumerate(shown, hide))
    if not rows:
        rows = f'<tr><td colspan="{len(columns)}" class="dataTables_empty">No data available in table</td></tr>'
    extra = hidden("totalCount", total) if asked.page % 2 == 0 else ""
    return f"""<div id="ResultDiv">{extra}<span class="total">[ Total {total} ]</span>
<table id="issueList" class="dataTable hover"><thead><tr>{header}</tr></thead>
<tbody>{rows}</tbody></table>{_paging(total, asked.page)}</div>"""


def _row(issue: Issue, number: int, columns: Sequence[str]) -> str:
    cells = "".join(f"<td>{_cell(issue, number, name)}</td>" for name in columns)
    onclick = f"javascript:popBlankIssueView({script_string(issue.issue_id)}, 'issue_search');"
    return f'<tr class="rowClickData" onclick="{onclick}">{cells}</tr>'


def _cell(issue: Issue, number: int, column: str) -> str:
    known = {
        "No": number,
        "Issue Number": issue.issue_id,
        "Subject": issue.subject,
        "Product": issue.product.name,
        "Status": issue.status,
        "Issued Date": issue.registered.moment.strftime("%Y/%m/%d"),
        "Actions": len(issue.comments),
        "Attachments": len(issue.files),
    }
    value = known.get(column, issue.fields.get(column, ""))
    if isinstance(value, Person):
        value = value.name
    return text(value.printed() if isinstance(value, Stamp) else value)


def _paging(total: int, current: int) -> str:
    last = max(1, -(-total // ROWS))
    pages = range(max(1, current - 5), min(last, current + 5) + 1)
    links = [
        f"<b>{number}</b>"
        if number == current
        else f'<a href="#" onclick="goPage({number}); return false;">{number}</a>'
        for number in pages
    ]
    return f'<div class="paging">{" ".join(links)}</div>'


def search_page(asked: Asked, results: str, user: User, *, endless: bool = False) -> str:
    """The whole page."""
    return layout.page("Issue Search", search_form(asked) + "\n" + results, user, endless=endless)
