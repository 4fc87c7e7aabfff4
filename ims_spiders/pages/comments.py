"""The comments ("actions") of an issue page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from zoneinfo import ZoneInfo

from ims_spiders.exceptions import MissingField
from ims_spiders.items import Comment
from ims_spiders.pages.document import Document, Element, has_class, own_parts
from ims_spiders.pages.html import element_to_text
from ims_spiders.pages.source import original_inner
from ims_spiders.pages.text import collapse, label_key, shown_text
from ims_spiders.pages.values import parse_people, parse_time

_NUMBER = re.compile(r"(?:action|comment)\s*(?:no|number|#)?\s*[.:]?\s*(\d{1,18})", re.IGNORECASE | re.ASCII)
_ID_NUMBER = re.compile(r"(?:action|comment|commDescTR)_(\d{1,18})", re.ASCII)
_AUTHOR_LABELS = frozenset(
    {"registrant", "registrar", "author", "writer", "user", "name", "등록자", "작성자", "登録者"}
)
_EDIT_WORDS = ("modif", "updat", "edit", "수정", "更新")


def parse_comments(document: Document, html: str, zone: ZoneInfo) -> list[Comment]:
    """All comments, the oldest first; one that is on the page twice counts once.

    Raises MissingField for a comment without a number.
    """
    comments: dict[int, Comment] = {}
    for frame in document.comment_frames():
        comment = _comment(document, frame, html, zone)
        comments.setdefault(comment.comment_number, comment)
    return [comments[number] for number in sorted(comments)]


def comment_bodies(document: Document) -> Iterator[tuple[int, Element]]:
    """Number and body of each comment that has a body, the oldest first."""
    numbered = [(_number(frame, _legend_parts(frame)), body) for frame, body in document.bodies.items()]
    yield from sorted(numbered, key=itemgetter(0))


def _comment(document: Document, frame: Element, html: str, zone: ZoneInfo) -> Comment:
    body = document.bodies.get(frame)
    legend = _legend_parts(frame)
    author = parse_people(_author(legend, zone))
    dates = [(label, moment) for label, value in legend if (moment := parse_time(value, zone))]
    dates.sort(key=lambda date: any(word in date[0] for word in _EDIT_WORDS))
    return Comment(
        comment_number=_number(frame, legend),
        author=author.name,
        author_email=author.email,
        commented_at=dates[0][1] if dates else None,
        content="" if body is None else element_to_text(body),
        content_html="" if body is None else original_inner(html, body),
    )


def _number(frame: Element, legend: list[tuple[str, str]]) -> int:
    for element in own_parts(frame, ".//input[@name='actionId']"):
        value = (element.get("value") or "").strip()
        if value.isascii() and value.isdigit():
            return int(value)
    ids = [element.get("id") for element in own_parts(frame, ".//*[@id]")]
    found = next(filter(None, map(_ID_NUMBER.fullmatch, ids)), None)
    found = found or _NUMBER.search(" | ".join(f"{label} : {value}" for label, value in legend))
    if not found:
        raise MissingField(f"a comment has no action number: {shown_text(frame)[:200]!r}")
    return int(found[1])


def _legend_parts(frame: Element) -> list[tuple[str, str]]:
    """Label (as `label_key` gives it) and value of each part of the legend; a part without a colon has the label ''."""
    legend = own_parts(frame, f".//*[{has_class('link2')}]")
    legend = legend or own_parts(frame, f".//*[{has_class('legend')} or self::legend]")
    parts = []
    for part in shown_text(legend[0]).split("|") if legend else []:
        label, colon, value = part.partition(":" if ":" in part else "：")
        parts.append((label_key(label), collapse(value)) if colon else ("", collapse(part)))
    return parts


def _author(legend: list[tuple[str, str]], zone: ZoneInfo) -> str:
    named = [value for label, value in legend if label in _AUTHOR_LABELS]
    # Whatever the label is called: the author is the part that is neither the number nor a time.
    other = [value for label, value in legend if not parse_time(value, zone) and not _is_number(label, value)]
    return (named or other or [""])[0]


def _is_number(label: str, value: str) -> bool:
    return value.isdigit() or "date" in label or bool(_NUMBER.fullmatch(value))
