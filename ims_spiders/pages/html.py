"""Rich HTML as readable text: paragraphs, lists, table rows, code as it was typed, addresses of links.

Written here because the libraries measured for it (inscriptis, html-text, html2text, markdownify) each alter what
users wrote: they decode entities twice, interleave the lines of neighbouring cells, lose indentation in code, split
words at inline tags, or fail on deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ims_spiders.pages.document import Element, is_cut_short, parse_html
from ims_spiders.pages.text import BLOCKS, collapse, walk

# fmt: off
_PARAGRAPHS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "hr", "ul", "ol", "dl", "figure", "xmp",
    "listing", "plaintext",
})
# fmt: on
_VERBATIM = frozenset({"pre", "code", "kbd", "samp", "tt", "textarea", "xmp", "listing", "plaintext"})
_KEEPS_BLANKS = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_PIECES = re.compile("\xa0+|[ \t\n\r\f]+|[^\xa0 \t\n\r\f]+")
_TAG = re.compile("<[^<>]*>")
_NO_ADDRESS = re.compile(r"^(?:#|javascript:|data:|about:|$)", re.IGNORECASE)


def html_to_text(html: str) -> str:
    """Readable text of any HTML, whole pages and fragments alike. Never fails; nothing to read gives ''.

    Outside code there are no blanks at the end of a line and at most one empty line in a row. The cells of a row
    stand on one line, parted by ` | `, unless one of them has several lines.
    """
    selector = parse_html(html)
    if is_cut_short(selector):
        # Better all words without their layout than only those before the point where the parser gave up.
        return "\n".join(filter(None, map(collapse, _TAG.sub("\n", html).split("\n"))))
    return "" if selector.root is None else element_to_text(selector.root)


def element_to_text(element: Element) -> str:
    """Readable text of a parsed element."""
    renderer = _Renderer()
    for kind, node, text in walk(element):
        if kind == "text":
            renderer.text(text)
        elif kind == "start":
            renderer.open(node)
        else:
            renderer.close(node)
    return renderer.result()


@dataclass
class _Row:
    """Where we are in a table's row: cells begun, and the output's length and the breaks owed when the latest began."""

    cells: int = 0
    cell_start: int = 0
    owed: int = 0


@dataclass
class _Renderer:
    """Output so far, and what is owed before the next word: line breaks, blanks, cell marks, a list's mark."""

    out: list[str] = field(default_factory=list)
    breaks: int = 0
    blanks: str = ""
    separators: int = 0
    mark: str = ""
    verbatim: int = 0
    after_pre_tag: bool = False
    rows: list[_Row] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    links: list[tuple[Element, int]] = field(default_factory=list)

    def open(self, node: Element) -> None:
        """Take note of a start tag."""
        tag = node.tag
        if tag == "br":
            self._line_break()
        elif tag in ("td", "th") and self.rows:
            self._cell()
        elif tag in BLOCKS:
            self._block(2 if tag in _PARAGRAPHS and not self._nested_list(tag) else 1)
        if tag == "table":
            self.rows.append(_Row())
        elif tag == "tr" and self.rows:
            self.rows[-1] = _Row()
        elif tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._list_item()
        elif tag == "a":
            self.links.append((node, len(self.out)))
        if _is_verbatim(node):
            self.verbatim += 1
            self.after_pre_tag = tag in ("pre", "textarea", "listing")

    def close(self, node: Element) -> None:
        """Take note of an end tag."""
        tag = node.tag
        if _is_verbatim(node):
            self.verbatim -= 1
            if tag in BLOCKS:
                self._trim()
        if tag == "a":
            self._link_address(*self.links.pop())
        elif tag in ("ul", "ol"):
            self.lists.pop()
        elif tag == "table":
            self.rows.pop()
            self.separators = 0
        elif tag == "tr":
            self.separators = 0
        elif tag == "li":
            self.mark = ""
        if tag in ("td", "th") and self.rows:
            self._cell_end()
        elif tag in BLOCKS and tag != "br":
            self._block(2 if tag in _PARAGRAPHS and not self._nested_list(tag) else 1)

    def text(self, text: str) -> None:
        """Take a run of characters."""
        if self.verbatim:
            self._verbatim_text(text)
            return
        for piece in _PIECES.findall(text):
            if piece[0] == "\xa0":
                self.blanks = self.blanks.rstrip("\t") + " " * len(piece)
            elif piece[0] in " \t\n\r\f":
                # "\t" stands for a blank that disappears at the beginning of a line; a no-break one indents.
                self.blanks = self.blanks or "\t"
            else:
                self._write(piece)

    def result(self) -> str:
        """The whole text."""
        return "".join(self.out).strip("\n").rstrip()

    def _verbatim_text(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
        if self.after_pre_tag and text:
            text = text.removeprefix("\n")
            self.after_pre_tag = False
        if text:
            self._write(text)

    def _write(self, text: str) -> None:
        at_start = not self.out or self.breaks > 0
        if self.out and self.breaks:
            self.out.append("\n" * self.breaks)
        if self.separators and self.out and not at_start:
            self.out.append(" |" * self.separators + " ")
        elif not at_start and self.blanks:
            self.out.append(self.blanks.replace("\t", " "))
        elif at_start:
            self.out.append(self.mark + self.blanks.replace("\t", ""))
        self.mark = self.mark if not at_start else ""
        self.breaks, self.blanks, self.separators = 0, "", 0
        self.out.append(text)

    def _trim(self) -> None:
        """Take back blanks and empty lines at the end of code, so that what follows sets the distance."""
        while self.out and not (last := self.out[-1].rstrip(" \t\n")):
            self.out.pop()
        if self.out:
            self.out[-1] = last

    def _line_break(self) -> None:
        if self.verbatim:
            self._write("\n")
        else:
            self.breaks, self.blanks = min(2, self.breaks + 1), ""

    def _block(self, breaks: int) -> None:
        if self.separators:
            return
        if self.blanks.strip("\t") and self.breaks:
            self.breaks = 2
        self.breaks, self.blanks = max(self.breaks, breaks), ""

    def _nested_list(self, tag: str) -> bool:
        return bool(self.lists) and tag in ("ul", "ol")

    def _list_item(self) -> None:
        indent = "  " * (len(self.lists) - 1)
        counter = self.lists[-1] if self.lists else None
        if counter is None:
            self.mark = f"{indent}- "
        else:
            self.lists[-1] = counter + 1
            self.mark = f"{indent}{counter + 1}. "

    def _cell(self) -> None:
        row = self.rows[-1]
        if row.cells and self._many_lines():
            self._block(1)
        elif row.cells:
            self.separators += 1
        row.cells += 1
        row.cell_start, row.owed = len(self.out), self.breaks

    def _cell_end(self) -> None:
        row = self.rows[-1]
        if len(self.out) == row.cell_start:
            self.breaks = row.owed
        else:
            self.breaks = 1 if self._many_lines() else 0
        self.blanks = ""

    def _many_lines(self) -> bool:
        row = self.rows[-1]
        return any("\n" in piece for piece in self.out[row.cell_start + 1 :])

    def _link_address(self, node: Element, start: int) -> None:
        href = collapse(node.get("href") or "")
        words = collapse("".join(self.out[start:]))
        plain = href[7:] if href.lower().startswith("mailto:") else href
        if _NO_ADDRESS.match(href) or plain.rstrip("/") == words.rstrip("/"):
            return
        blanks, self.blanks = self.blanks, "\t"
        self._write(f"({href})")
        self.blanks = blanks


def _is_verbatim(node: Element) -> bool:
    return node.tag in _VERBATIM or bool(_KEEPS_BLANKS.search(node.get("style") or ""))
