"""The patch list of a project's site: a table whose links lead to further related issues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from ims_spiders.items import RelatedIssue
from ims_spiders.pages.base import Page
from ims_spiders.pages.document import Element
from ims_spiders.pages.endings import unended_tables
from ims_spiders.pages.javascript import calls
from ims_spiders.pages.tables import cells_by_header, header_rows, headers_for, pick

_LINK = re.compile(r"issueView\.do\?(?:[^'\"#\s]*&)?issueId=0*([1-9][0-9]{0,11})(?![0-9])", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_TABLE_END = re.compile(r"</table\b", re.IGNORECASE)
_LABELS = ("subject", "title", "issue no", "issue number", "issue id", "issue", "product", "status", "patch no")


class PatchListPage(Page):
    """A patch list. Raises UnexpectedPage for a page without a table, or one that breaks off."""

    def check(self) -> None:
        """Raise UnexpectedPage unless there is a whole table."""
        # The list may come as a bare table: that has no end of a document, but an end of its own.
        if _DOCUMENT.search(self.html) or not _TABLE_END.search(self.html) or unended_tables(self.html):
            super().check()
        if not self.selector.xpath("//table"):
            raise self.unexpected("it has no table")

    def related(self) -> list[RelatedIssue]:
        """The issues that the list links to, in page order, each once."""
        headers = header_rows(self.selector, _LABELS)
        related: dict[str, RelatedIssue] = {}
        for link in self.selector.xpath("//*[@*[contains(., 'issueView.do') or contains(., 'popBlankIssueView')]]"):
            cells = _row_cells(link.root, headers)
            for issue_id in _issue_ids(link.root):
                item = RelatedIssue(
                    issue_id=issue_id,
                    source="patch",
                    title=pick(cells, "subject", "title"),
                    product=pick(cells, "product"),
                    status=pick(cells, "status"),
                )
                related.setdefault(issue_id, item)
        return list(related.values())


def _issue_ids(link: Element) -> Iterator[str]:
    for value in link.attrib.values():
        source = unquote(value)
        for found in _LINK.finditer(source):
            yield found[1]
        for arguments in calls(source, "popBlankIssueView"):
            if arguments and re.fullmatch(r"[0-9]{1,12}", arguments[0]):
                yield arguments[0]


def _row_cells(link: Element, headers: list[Element]) -> dict[str, str]:
    row = link if link.tag == "tr" else next(link.iterancestors("tr"), None)
    if row is None or row in headers:
        return {}
    return cells_by_header(row, headers_for(row, headers))
