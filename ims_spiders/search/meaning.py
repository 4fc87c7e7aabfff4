"""Search by meaning beside the one by words: two rankings become one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from ims_spiders.query import Reading
from ims_spiders.query.grammar import parse
from ims_spiders.query.tree import Number
from ims_spiders.search.archive import ArchiveSearch, Terms
from ims_spiders.search.meaning_endpoint import Embedder, MeaningError, Vector
from ims_spiders.search.model import Filters, FoundBy, Hit, MeaningUse, SearchResult
from ims_spiders.search.snippets import Passage, Snippet, best_snippet, opening

DEPTH = 50
"""How far down both rankings count, at least; what is far down in one may be the best in both."""
SMOOTHING = 60
"""Of reciprocal rank fusion: 1 / (60 + place), the value of its authors (Cormack and others, 2009)."""
_HAS = "SELECT to_regprocedure(:name) IS NOT NULL AS there"
_MODELS = "SELECT model, dimensions FROM {schema}.search_meanings()"
_NEAREST = """
    SELECT n.issue_pk, n.source, n.number, n.start, n.size
    FROM {schema}.search_nearest(CAST(:vector AS real[]), :model, :query, :most, :products, :statuses, :since, :until)
        AS n
    ORDER BY n.distance, n.issue_pk"""
_IDENTIFIER = re.compile(r"[!-~]*[0-9_()#+][!-~]*")


@dataclass(frozen=True, slots=True)
class Ranked:
    """An issue with its place in both rankings made one; `near` is its nearest passage, if that was near enough."""

    issue_pk: int
    score: float
    found_by: tuple[FoundBy, ...]
    near: Any = None


class MeaningSearch(ArchiveSearch):
    """Searches by words and by meaning, over one connection; by words alone when a model is of no help."""

    def __init__(self, connection: Connection, schema: str, embedder: Embedder) -> None:
        super().__init__(connection, schema)
        self._embedder = embedder
        self._vector: Vector | None = None
        self._ranking: dict[int, Ranked] = {}

    def search(self, reading: Reading, words: str, filters: Filters, limit: int) -> SearchResult:
        """As by words; `meaning` says whether and by which model's vectors as well."""
        note = self._ask(meant(reading, words))
        result = super().search(reading, words, filters, limit)
        # Of more the words' own ranking is cut off: an issue that only meaning shows may be further down in it.
        whole = result.total <= max(limit, DEPTH)
        more = sum(hit.found_by == ("meaning",) for hit in result.hits) if whole else 0
        return replace(result, total=result.total + more, meaning=MeaningUse(self._embedder.model, note))

    def ranked(self, given: dict[str, Any], limit: int) -> Sequence[Any]:
        """Both rankings as one; without a vector the one by words."""
        if self._vector is None:
            return super().ranked(given, limit)
        depth = max(limit, DEPTH)
        by_words = [row.issue_pk for row in super().ranked(given, depth)]
        near = self._rows(_NEAREST, **given, vector=self._vector, model=self._embedder.model, most=depth)
        found = fused(by_words, near)[:limit]
        self._ranking = {ranked.issue_pk: ranked for ranked in found}
        return found

    def _ask(self, question: str) -> str | None:
        """Have the question's vector, or say why there is none."""
        if not question:
            return "numbers, identifiers and filters are no matter of meaning"
        models = {row.model: row.dimensions for row in self._rows(_MODELS)} if self._is_prepared() else {}
        if self._embedder.model not in models:
            others = f", but of {', '.join(models)}" if models else ""
            return f"there are no vectors of {self._embedder.model}{others}; `ims db refresh --meaning` makes them"
        try:
            (vector,) = self._embedder.embed([question])
        except MeaningError as error:
            return str(error)
        if len(vector) != models[self._embedder.model]:
            return (
                f"{self._embedder.model} now answers with {len(vector)} dimensions, and the archive's vectors have "
                f"{models[self._embedder.model]}; `ims db refresh --meaning` makes them anew"
            )
        self._vector = vector
        return None

    def _is_prepared(self) -> bool:
        return bool(self._rows(_HAS, name=f"{self._schema}.search_meanings()")[0].there)

    def _hit(self, issue: Any, score: float, terms: Terms) -> Hit:
        hit = super()._hit(issue, score, terms)
        ranked = self._ranking.get(issue.issue_pk)
        if ranked is None:
            return hit
        if "words" in ranked.found_by:
            return replace(hit, found_by=ranked.found_by)
        return replace(hit, found_by=ranked.found_by, snippet=self._nearest(issue, ranked.near, terms) or hit.snippet)

    def _nearest(self, issue: Any, near: Any, terms: Terms) -> Snippet | None:
        """The passage that is near; None when it has gone since it was looked at."""
        for passage in self._passages.of(issue):
            if passage.where == near.source and near.number in {None, _number(passage)}:
                cut = replace(passage, text=passage.text[near.start : near.start + near.size])
                return best_snippet([cut], terms) or opening([cut])
        return None


def fused(by_words: Sequence[int], near: Iterable[Any]) -> list[Ranked]:
    """One ranking of issues from their places in two, best first; of equals the one that words found first.

    `near` are rows that have issue_pk, nearest first.
    """
    nearest = {row.issue_pk: (place, row) for place, row in enumerate(near, 1)}
    worded = {key: place for place, key in enumerate(by_words, 1)}
    found = []
    for key in dict.fromkeys([*by_words, *nearest]):
        place, row = nearest.get(key, (None, None))
        score = sum(1 / (SMOOTHING + rank) for rank in (worded.get(key), place) if rank is not None)
        lists: list[tuple[FoundBy, bool]] = [("words", key in worded), ("meaning", key in nearest)]
        found.append(Ranked(key, score, tuple(name for name, there in lists if there), row))
    return sorted(found, key=lambda ranked: -ranked.score)


def meant(reading: Reading, words: str) -> str:
    """What of a query has a meaning, for a model; empty for nothing but numbers, identifiers and filters.

    A sentence as it was asked, for models know what is a word of request in it; IMS syntax without its signs.
    """
    terms = parse(words).terms
    if all(isinstance(term, Number) or _IDENTIFIER.fullmatch(term.text) for term in terms):
        return ""
    return reading.original_query if reading.method != "direct" else " ".join(term.text for term in terms)


def _number(passage: Passage) -> int | None:
    found = re.match(r"comment ([0-9]+)\b", passage.place)
    return int(found[1]) if found else None
