"""Tables by their words: values by the label beside them, cells by the header above them."""

from __future__ import annotations

from collections.abc import Sequence

from parsel import Selector

from ims_spiders.pages.document import SECTIONS, Element, has_class, within
from ims_spiders.pages.text import label_key, numbered, shown_text

_CELL = "self::td or self::th"
_LABEL = (
    f"//*[{_CELL}][{has_class('tableHeaderTitle')}]"
    f"[not({within(*SECTIONS, 'RelatedIssueTable')})][not(ancestor::*[{_CELL}][{has_class('data')}])]"
)
_FIELD_TABLE = f"ancestor::table[{has_class('table-bordered')}][{has_class('dataTable')}][{has_class('fullWidth')}]"
_WIDEST = 1000


def labelled_values(selector: Selector) -> list[tuple[str, str]]:
    """Label and value of every field of the issue, in page order. A label without a value cell is left out.

    Labels in the page's sections, or in what somebody wrote into a value, are none of the issue's. The tables that
    IMS marks as its own are preferred; a page without any such table is read by its labels alone.
    """
    labels = selector.xpath(f"{_LABEL}[{_FIELD_TABLE}]") or selector.xpath(_LABEL)
    pairs = []
    for label in labels:
        value = _value_cell(label.root)
        name = shown_text(label.root)
        if value is not None and name:
            pairs.append((name, shown_text(value)))
    return pairs


def _value_cell(label: Element) -> Element:
    first = None
    for cell in label.itersiblings("td", "th"):
        classes = (cell.get("class") or "").split()
        if "tableHeaderTitle" in classes:
            break
        if "data" in classes:
            return cell
        first = cell if first is None else first
    return first


def row_cells(row: Element) -> list[str]:
    """The text of each cell of a row, a cell over several columns repeated as ''."""
    texts: list[str] = []
    for cell in row.iterchildren("td", "th"):
        texts.append(shown_text(cell))
        span = cell.get("colspan") or "1"
        texts.extend([""] * (min(int(span), _WIDEST) - 1 if span.isascii() and span.isdigit() else 0))
    return texts


def headers_for(row: Element, candidates: Sequence[Element]) -> list[str]:
    """The header texts that belong to a row: of its own table if that has them, else the first that fit.

    `candidates` are the page's header rows in page order: a script may move the header into a table of its own. A
    header fits only when it has as many columns as the row, so that nothing is ever put under the wrong one; [] when
    none does.
    """
    width = len(row_cells(row))
    table = next(row.iterancestors("table"), None)
    fitting = [(header, texts) for header in candidates if len(texts := row_cells(header)) == width]
    own = [texts for header, texts in fitting if table is not None and table in header.iterancestors("table")]
    return (own or [texts for _, texts in fitting] or [[]])[0]


def header_rows(selector: Selector, labels: Sequence[str]) -> list[Element]:
    """Every row of the selected part, in page order, with one of `labels` (as `label_key` gives them) in a cell."""
    return [
        row.root for row in selector.xpath(".//tr") if any(label_key(text) in labels for text in row_cells(row.root))
    ]


def cells_by_header(row: Element, headers: Sequence[str]) -> dict[str, str]:
    """The row's cells under their headers; columns without a header are left out."""
    pairs = zip(headers, row_cells(row), strict=False)
    return numbered((header, cell) for header, cell in pairs if header)


def pick(cells: dict[str, str], *labels: str) -> str | None:
    """The first value that is not empty under one of the labels, compared without case and punctuation."""
    for label in labels:
        for name, value in cells.items():
            if label_key(name) == label and value:
                return value
    return None
