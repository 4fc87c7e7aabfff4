"""Where a page ends: what users paste into it has `</body>` and `</html>` of its own, which are not the page's."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ATTRIBUTES = r"""(?:[^"'<>]|"[^"]*+"|'[^']*+')*+"""
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    rf"|<(?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)\b{_ATTRIBUTES}>.*?(?:</(?P=raw)\b|\Z)"
    rf"|<(?P<end>/?)(?P<tag>[a-z][^\s/<>\"']*){_ATTRIBUTES}>",
    re.IGNORECASE | re.DOTALL,
)
_ANY_END = re.compile(r"</(?:body|html)\b", re.IGNORECASE)
_ENDS_ONLY = re.compile(r"(?:</(?:body|html)\s*>\s*)+\Z", re.IGNORECASE)
_SECOND_START = re.compile(r"<(html|body)\b.*<\1\b", re.IGNORECASE | re.DOTALL)
_FRAME = ("html", "body")
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)


def without_inner_frames(html: str) -> str:
    """The text with one `<html>` and one `<body>`, and nothing that ends them.

    A browser goes on behind a `</body>` where it was; the parser closes everything that is open there, so that the
    rest of a comment with a copied mail would lie outside of the comment. A second `<html>` or `<body>` would give its
    attributes to the first one.
    """
    first_end = _ANY_END.search(html)
    if (first_end is None or _ENDS_ONLY.match(html, first_end.start())) and not _SECOND_START.search(html):
        return html
    kept: list[str] = []
    position = 0
    begun: set[str] = set()
    for token in _tokens(html):
        tag = token["tag"].lower()
        if tag in _FRAME and (token["end"] or tag in begun):
            kept.append(html[position : token.start()])
            position = token.end()
        begun.add(tag)
    return "".join([*kept, html[position:]])


def last_end(html: str) -> int | None:
    """Where the last `</body>` or `</html>` that is markup ends, if what follows it can stand behind a page.

    None for a page that breaks off: it has no end, or goes on with ends of elements that began before it.
    """
    tokens = list(_tokens(html))
    place = next((at for at in range(len(tokens) - 1, -1, -1) if _is_end(tokens[at])), None)
    if place is None:
        return None
    depth = 0
    for token in tokens[place + 1 :]:
        if token["tag"].lower() not in _VOID:
            depth += -1 if token["end"] else 1
        if depth < 0:
            return None
    return tokens[place].end()


def has_unended(html: str) -> bool:
    """Whether more documents begin in the text than end in it."""
    tokens = [(token["tag"].lower(), bool(token["end"])) for token in _tokens(html)]
    return any(tokens.count((tag, False)) > tokens.count((tag, True)) for tag in _FRAME)


def unended_tables(html: str) -> bool:
    """Whether more tables begin in the text than end in it."""
    tokens = [bool(token["end"]) for token in _tokens(html) if token["tag"].lower() == "table"]
    return tokens.count(False) > tokens.count(True)


def _is_end(token: re.Match[str]) -> bool:
    return bool(token["end"]) and token["tag"].lower() in _FRAME


def _tokens(html: str) -> Iterator[re.Match[str]]:
    """Tags that are markup: not those in comments, attributes, scripts and text areas."""
    return (token for token in _TOKEN.finditer(html) if token["tag"])
