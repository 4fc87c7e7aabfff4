"""The passages of an issue that become vectors: pieces that a model takes, each with the title before it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Source = Literal["title", "description", "comment"]

PIECE = 800
"""Characters of a piece at most: the small models take 512 tokens, in Korean and Japanese about a character each."""
MOST_OF_ISSUE = 16_000
"""Characters of an issue at most: of one with more, the description's beginning and the newest comments count."""
MOST_OF_DESCRIPTION = 8_000
LONGEST_TITLE = 200
_END_OF_SENTENCE = re.compile(r"[.!?。．！？]\s*|\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """`size` characters from `start` of a title, a description or the comment `number`; `text` is what is embedded."""

    source: Source
    number: int | None
    start: int
    size: int
    text: str

    @property
    def hash(self) -> str:
        """Equal for what a model would give the same vector."""
        return hashlib.md5(self.text.encode(), usedforsecurity=False).hexdigest()


def pieces(title: str, description: str | None, comments: Sequence[tuple[int, str]]) -> list[Piece]:
    """The pieces of an issue; `comments` are their numbers and texts in order. An issue without text has none."""
    head = _one_line(title)[:LONGEST_TITLE]
    found = [Piece("title", None, 0, len(title), head)] if head else []
    room = MOST_OF_ISSUE
    texts: list[tuple[Source, int | None, str]] = [("description", None, (description or "")[:MOST_OF_DESCRIPTION])]
    texts += [("comment", number, content) for number, content in reversed(comments)]
    for source, number, content in texts:
        for start, end in _cuts(content[:room]):
            body = _one_line(content[start:end])
            if body:
                found.append(Piece(source, number, start, end - start, f"{head}\n{body}".strip()))
        room = max(0, room - len(content))
    return found


def _cuts(content: str) -> Iterator[tuple[int, int]]:
    """Where the pieces of a text begin and end: after a sentence if the second half has one, else at a blank."""
    start = 0
    while len(content) - start > PIECE:
        window = content[start : start + PIECE]
        ends = [match.end() for match in _END_OF_SENTENCE.finditer(window, PIECE // 2)]
        end = start + (ends[-1] if ends else window.rfind(" ", PIECE // 2) + 1 or PIECE)
        yield start, end
        start = end
    if start < len(content):
        yield start, len(content)


def _one_line(content: str) -> str:
    return " ".join(content.split())
