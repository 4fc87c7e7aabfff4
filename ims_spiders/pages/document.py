"""A parsed page, what users wrote on it taken out of its structure, so that none of it can pose as the tracker's."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from parsel import Selector

from ims_spiders.pages.endings import without_inner_frames

Element: TypeAlias = Any
"""An lxml element. lxml ships no types; parsel hands its elements out as Any."""

SECTIONS = ("NoticeDiv", "IssueDescriptionDiv", "CommentsDiv", "HistoriesDiv", "AttachesDiv", "PatchAttachesDiv")
"""Ids of the issue page's sections: what lies in them is no field of the issue."""

_DEEPEST = 2040
_UNPARSABLE = re.compile("[\x00\ud800-\udfff]")


def parse_html(html: str) -> Selector:
    """A Selector over any text. NUL is dropped as browsers do, a lone surrogate becomes U+FFFD; the rest stays."""
    text = _UNPARSABLE.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", html)
    return Selector(text=without_inner_frames(text), type="html")


def is_cut_short(selector: Selector) -> bool:
    """Whether the parser gave up in the middle: it stops without a word where elements nest too deep."""
    element, depth = selector.root, 0
    while element is not None and len(element):
        element, depth = element[-1], depth + 1
    return depth >= _DEEPEST


def has_class(name: str) -> str:
    """The XPath condition for "has this class among its classes"."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def within(*ids: str) -> str:
    """The XPath condition for "lies in an element with one of these ids"."""
    return "ancestor::*[" + " or ".join(f"@id='{name}'" for name in ids) + "]"


class Document:
    """The page's structure and, apart from it, the parts that users wrote.

    `selector` is the page without the notice, the description and the bodies of comments. `description` holds the
    outermost description cells, `bodies` each comment's body by the element that frames it. A page copied into a
    comment thus cannot add fields, attachments, comments or a login form to the page that shows it. `cut_short` says
    that the parser did not get to the end.
    """

    def __init__(self, html: str):
        self.selector = parse_html(html)
        self.cut_short = is_cut_short(self.selector)
        self.description: list[Element] = []
        self.bodies: dict[Element, Element] = {}
        self._taken: set[Element] = set()
        self._take_user_content()

    def comment_frames(self) -> list[Element]:
        """The element around each comment, in page order, those without a body included."""
        place = f"{within('CommentsDiv')} or .//input[@name='actionId']"
        mark = f"@name='actionId' or {has_class('link2')} or {has_class('legend')} or self::legend"
        frames = [item.root for item in self.selector.xpath(f"//*[{has_class('fieldset')}][{place}]")]
        # A box that somebody's unbalanced markup let out of their comment has nothing of a comment about it.
        return [frame for frame in frames if frame in self.bodies or own_parts(frame, f".//*[{mark}]")]

    def _take_user_content(self) -> None:
        marked = f"//*[@id='NoticeDiv' or @id='IssueDescriptionDiv' or {has_class('fieldset')}]"
        for item in self.selector.xpath(marked):
            if self._is_taken(item.root):
                continue
            if item.root.get("id") == "NoticeDiv":
                self._take(item.root)
            elif item.root.get("id") == "IssueDescriptionDiv":
                self._take_description(item)
            else:
                self._take_body(item)
        for element in self._taken:
            _empty(element)

    def _take_description(self, section: Selector) -> None:
        copied = self._take(section.root)
        if not self.description:
            cells = Selector(root=copied, type="html").xpath(
                f"descendant-or-self::*[self::td or self::th][{has_class('data')}]"
            )
            outermost = _outermost([cell.root for cell in cells])
            self.description = [_detached(cell) for cell in outermost] or [copied]

    def _take_body(self, frame: Selector) -> None:
        path = f".//*[{has_class('commDescTR')} or starts-with(@id, 'commDescTR_')]"
        body = own_parts(frame.root, path) or own_parts(frame.root, ".//*[starts-with(@id, 'comment_')]")
        if body:
            self.bodies[frame.root] = self._take(body[0])

    def _take(self, element: Element) -> Element:
        self._taken.add(element)
        return _detached(element)

    def _is_taken(self, element: Element) -> bool:
        return any(other in self._taken for other in _with_ancestors(element))


def own_parts(frame: Element, xpath: str) -> list[Element]:
    """The elements in a comment's frame that are not in a frame inside it.

    Frames are not meant to nest, but a comment with an unclosed element draws those after it into its own.
    """
    found: list[Element] = frame.xpath(xpath)
    return [element for element in found if next(filter(_is_frame, element.iterancestors()), None) is frame]


def _is_frame(element: Element) -> bool:
    return "fieldset" in (element.get("class") or "").split()


def _outermost(elements: list[Element]) -> list[Element]:
    members = set(elements)
    return [element for element in elements if members.isdisjoint(element.iterancestors())]


def _with_ancestors(element: Element) -> Iterator[Element]:
    yield element
    yield from element.iterancestors()


def _detached(element: Element) -> Element:
    copied = copy.deepcopy(element)
    copied.tail = None
    return copied


def _empty(element: Element) -> None:
    for child in list(element):
        element.remove(child)
    element.text = None
