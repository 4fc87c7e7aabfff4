"""The source of an element, exactly as it was received: what a parser gives back is no longer what was sent."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from parsel import Selector

from ims_spiders.pages.document import Element, parse_html

_ATTRIBUTES = r"""(?:[^"'<>]|"[^"]*+"|'[^']*+')*+"""
_MARKUP = re.compile(
    rf"<!--|<(?P<raw>script|style|textarea|title|xmp)\b|<(?P<end>/?)(?P<tag>[a-z][^\s/<>\"']*){_ATTRIBUTES}>",
    re.IGNORECASE,
)
_ID = re.compile(r"""\bid\s*=\s*(?P<quote>["']?)(?P<value>[^"'\s>]*)(?P=quote)""", re.IGNORECASE)
_CLASS = re.compile(r"\bclass\s*=", re.IGNORECASE)
_ATTEMPTS = 8
"""How many places that look like the element are tried before the parser's own version is taken."""


def original_inner(html: str, element: Element, after: str = "") -> str:
    """What stood between the tags of `element` in `html`, character for character.

    `after` is an id that the element lies in; only what follows it in the source is looked at. A piece of the source
    is taken only if it parses to the very same content; where none does (the markup is broken in a way that needs a
    parser's judgement), the parser's own version is returned.
    """
    parsed = inner_html(element)
    for attempt, start in enumerate(_starts(html, element, after)):
        piece = _balanced(html, start, element.tag)
        if piece is not None and _means(piece, element.tag) == parsed:
            return piece
        if attempt >= _ATTEMPTS:
            break
    return parsed


def inner_html(element: Element) -> str:
    """The element's content as the parser writes it: UTF-8 text, nothing escaped that need not be."""
    bare = copy.deepcopy(element)
    bare.attrib.clear()
    bare.tail = None
    written: str = Selector(root=bare, type="html").get()
    return written.removeprefix(f"<{bare.tag}>").removesuffix(f"</{bare.tag}>")


def _means(piece: str, tag: str) -> str | None:
    before, behind = ("<table><tr>", "</tr></table>") if tag in ("td", "th") else ("", "")
    found = parse_html(f"{before}<{tag}>{piece}</{tag}>{behind}").xpath("//*[name()=$tag]", tag=tag)
    return inner_html(found[0].root) if found else None


def _starts(html: str, element: Element, after: str) -> Iterator[int]:
    """Where the content of tags that look like the element's begins."""
    name = element.get("id")
    tag = _opening_tag(element.tag)
    position = max(html.find(after), 0)
    # Finding the id first, then its tag, spares trying every tag of a long page for each comment.
    while (near := html.find(name, position) if name else position) >= 0:
        found = tag.search(html, max(html.rfind("<", 0, near), 0) if name else near)
        if found is None:
            return
        if any(one["value"] == name for one in _ID.finditer(found[0])) if name else _CLASS.search(found[0]):
            yield found.end()
        position = max(found.end(), near + 1)


@lru_cache(maxsize=64)
def _opening_tag(tag: str) -> re.Pattern[str]:
    # A page may hold an element of any name: <di(v> is one.
    return re.compile(rf"<{re.escape(tag)}(?=[\s/>]){_ATTRIBUTES}>", re.IGNORECASE)


@cache
def _closing(raw: str | None) -> re.Pattern[str]:
    return re.compile("-->" if raw is None else f"</{raw}", re.IGNORECASE)


def _balanced(html: str, start: int, tag: str) -> str | None:
    """The source from `start` to where an element `tag` that began before it ends; None when it does not."""
    cell = tag in ("td", "th")
    depth = 0
    position = start
    while markup := _MARKUP.search(html, position):
        position = markup.end()
        if markup["tag"] is None:
            end = _closing(markup["raw"]).search(html, position)
            if end is None:
                return None
            position = end.end()
            continue
        if cell and depth == 0 and markup["tag"].lower() in ("td", "th", "tr"):
            return html[start : markup.start()]
        if markup["tag"].lower() == ("table" if cell else tag):
            depth += -1 if markup["end"] else 1
            if depth < 0:
                return html[start : markup.start()]
    return None
