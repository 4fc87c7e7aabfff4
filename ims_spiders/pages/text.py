"""Text of elements: whitespace as a reader sees it, words neither glued nor split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from ims_spiders.pages.document import Element

# fmt: off
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog", "dir",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup", "option",
    "p", "plaintext", "pre", "section", "summary", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr",
    "ul", "xmp",
})
# fmt: on
"""Elements that end the word before them. Every other element is part of a line."""

# fmt: off
SILENT = frozenset({
    "script", "style", "head", "title", "template", "noscript", "iframe", "object", "embed", "applet", "audio",
    "video", "svg",
})
# fmt: on
"""Elements whose content no reader sees."""

_BLANKS = re.compile("[ \t\n\r\f\xa0]+")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)

Step = tuple[Literal["start", "end", "text"], Element, str]


def collapse(text: str) -> str:
    """The text with each run of blanks (no-break ones too) as one space, none at the ends. Ideographic space stays."""
    return _BLANKS.sub(" ", text).strip()


def walk(root: Element) -> Iterator[Step]:
    """The element's content in reading order, silent elements left out. Not recursive: any depth will do."""
    stack: list[Step] = [("start", root, "")]
    while stack:
        step = stack.pop()
        kind, element, _ = step
        if kind != "start":
            yield step
            continue
        yield step
        after: list[Step] = [("text", None, element.text or "")]
        for child in element:
            if isinstance(child.tag, str) and child.tag not in SILENT:
                after.append(("start", child, ""))
            after.append(("text", None, child.tail or ""))
        after.append(("end", element, ""))
        stack.extend(reversed(after))


def shown_text(element: Element) -> str:
    """The text of a cell or label on one line: what is hidden left out, of a select only what is selected."""
    parts: list[str] = []
    hidden: Element = None
    for kind, node, text in walk(element):
        if hidden is not None:
            hidden = None if kind == "end" and node is hidden else hidden
        elif kind == "text":
            parts.append(text)
        else:
            if node.tag in BLOCKS:
                parts.append(" ")
            if kind == "start" and node is not element and _is_hidden(node):
                hidden = node
    return collapse("".join(parts))


def _is_hidden(element: Element) -> bool:
    if element.tag == "option":
        return element.get("selected") is None
    return bool(_HIDDEN.search(element.get("style") or "")) or element.get("hidden") is not None


def numbered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Label and value pairs as a dict that loses none: a label seen before becomes `Label (2)` and so on."""
    result: dict[str, str] = {}
    for label, value in pairs:
        name, count = label, 1
        while name in result:
            count += 1
            name = f"{label} ({count})"
        result[name] = value
    return result


def label_key(label: str) -> str:
    """A label as it is compared: without case, colon, full stop or the star of a required field."""
    return collapse(label).strip(" :：*.").casefold()
