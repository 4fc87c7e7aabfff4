"""The passage of an issue that says best why it was found, and where that passage stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ims_spiders.search.marking import Span, marks

Where = Literal["title", "description", "comment", "history", "attachment"]

WIDTH = 160
"""About how many characters of text a snippet has."""
PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of an issue. `place` says which one, for people: `comment 2258642 by …`; pages are added to it."""

    where: Where
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a passage on one line, and where in it the hits stand (begin, end)."""

    where: Where
    place: str
    text: str
    marks: tuple[Span, ...]


def best_snippet(passages: Iterable[Passage], terms: Sequence[Sequence[str]], width: int = WIDTH) -> Snippet | None:
    """The passage with most of the terms, of equals the first that is not the title; None when none has any.

    Each of `terms` is a term of the query with the other words by which it is found.
    """
    spellings = [word for term in terms for word in term]
    owner = [number for number, term in enumerate(terms) for _ in term]
    best: tuple[tuple[int, int], Passage, list[tuple[Span, int]]] | None = None
    for passage in passages:
        found = [(span, owner[number]) for span, number in marks(passage.text, spellings)]
        if not found:
            continue
        rank = (len({term for _, term in found}), passage.where != "title")
        if best is None or rank > best[0]:
            best = (rank, passage, found)
        if rank == (len(terms), True):
            break
    return _cut(best[1], best[2], width) if best else None


def opening(passages: Iterable[Passage], width: int = WIDTH) -> Snippet:
    """How an issue begins, for one of which no passage shows why it was found."""
    passage = next((passage for passage in passages if passage.text.strip()), Passage("title", "title", ""))
    return _cut(passage, [], width)


def _cut(passage: Passage, found: Sequence[tuple[Span, int]], width: int) -> Snippet:
    """The window that holds most different terms, moved to the edges of words."""
    text = passage.text
    start = _window(found, width)
    end = min(len(text), start + width)
    start, end = _edge(text, start, -1), _edge(text, end, 1)
    inside = [span for span, _ in found if span[0] >= start and span[1] <= end]
    line, moved = _one_line(text[start:end], [(first - start, last - start) for first, last in inside])
    before, after = ("… " if start > 0 else ""), (" …" if end < len(text) else "")
    shift = len(before)
    return Snippet(
        passage.where,
        _paged(passage, inside[0][0] if inside else start),
        f"{before}{line}{after}",
        tuple((first + shift, last + shift) for first, last in moved),
    )


def _window(found: Sequence[tuple[Span, int]], width: int) -> int:
    """Where the window begins; the places are in order and apart, so both its ends only move on."""
    best, place, following = 0, 0, 0
    inside: Counter[int] = Counter()
    for (start, _), term in found:
        while following < len(found) and found[following][0][1] <= start + width * 3 // 4:
            inside[found[following][1]] += 1
            following += 1
        if len(inside) > best:
            best, place = len(inside), start
        inside -= Counter([term])
    return max(0, place - width // 4)


def _edge(text: str, place: int, step: int) -> int:
    """The next blank in this direction, if there is one near."""
    for distance in range(15):
        at = place + step * distance
        if at <= 0 or at >= len(text):
            return max(0, min(at, len(text)))
        if text[at].isspace() or text[at - 1].isspace():
            return at
    return place


def _one_line(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """The text with each run of blanks as one, and the spans where they are then."""
    letters: list[str] = []
    places: list[int] = []
    for letter in text:
        places.append(len(letters))
        if not letter.isspace():
            letters.append(letter)
        elif letters and letters[-1] != " ":
            letters.append(" ")
    places.append(len(letters))
    line = "".join(letters).rstrip()
    moved = [(places[start], min(places[end], len(line))) for start, end in spans]
    return line, [span for span in moved if span[0] < span[1]]


def _paged(passage: Passage, at: int) -> str:
    if passage.where != "attachment" or PAGE_BREAK not in passage.text:
        return passage.place
    return f"page {passage.text.count(PAGE_BREAK, 0, at + 1) + 1} of {passage.place}"
