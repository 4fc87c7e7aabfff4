"""Text as search compares it, width and case folded, with the way back to where each character stood."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; `starts[i]` is where its character i begins in the original, `ends[i]` where that ends."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the folded text (not empty) stood in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """NFKC and lower case, as the database's own rule (sql/04_create_search_words.sql) has it."""
    if text.isascii():
        places = range(len(text))
        return Folded(text.lower(), tuple(places), tuple(place + 1 for place in places))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(text):
        end = place + 1
        # ﾒﾞ, か゛ and letters with accents of their own are one character when they are composed.
        while end < len(text) and (unicodedata.combining(text[end]) or text[end] in "ﾞﾟ"):
            end += 1
        folded = unicodedata.normalize("NFKC", text[place:end]).lower()
        letters.append(folded)
        starts += [place] * len(folded)
        ends += [end] * len(folded)
        place = end
    return Folded("".join(letters), tuple(starts), tuple(ends))
