"""Text as search compares it, width and case folded, with the way back to where each character stood."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; `starts[i]` is where its character i begins in the original, `ends[i]` where that ends."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the folded text (not empty) stood in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """NFKC and lower case, as the database's own rule (sql/04_create_search_words.sql) has it."""
    if (lower := _only_case(text)) is not None:
        return Folded(lower, range(len(text)), range(1, len(text) + 1))
    letters: list[str] = []
    starts, ends = array("L"), array("L")
    for begin, piece in _pieces(text):
        lower = _only_case(piece)
        if lower is None:
            _fold_characters(piece, begin, letters, starts, ends)
            continue
        letters.append(lower)
        starts.extend(range(begin, begin + len(piece)))
        ends.extend(range(begin + 1, begin + len(piece) + 1))
    return Folded("".join(letters), starts, ends)


def _only_case(text: str) -> str | None:
    """The text in lower case, where that is all there is to do and no character becomes two; else None."""
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        return None
    lower = text.lower()
    return lower if len(lower) == len(text) else None


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Lines that need no folding, the others in words: what a word begins with composes with nothing before it."""
    for line in _LINE.finditer(text):
        if _only_case(line[0]) is not None:
            yield line.start(), line[0]
        else:
            for word in _WORD.finditer(line[0]):
                yield line.start() + word.start(), word[0]


def _belongs_to_the_one_before(letter: str) -> bool:
    """ﾒﾞ, か゛ and letters with accents of their own are one character when they are composed."""
    return bool(unicodedata.combining(letter)) or letter in "ﾞﾟ"


def _fold_characters(text: str, begin: int, letters: list[str], starts: array[int], ends: array[int]) -> None:
    place = 0
    while place < len(text):
        end = place + 1
        while end < len(text) and _belongs_to_the_one_before(text[end]):
            end += 1
        folded = _folded(text[place:end])
        letters.append(folded)
        starts.extend([begin + place] * len(folded))
        ends.extend([begin + end] * len(folded))
        place = end


@lru_cache(maxsize=4096)
def _folded(letters: str) -> str:
    return unicodedata.normalize("NFKC", letters).lower()
