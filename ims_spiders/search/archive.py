"""The database's functions for searching, and what their answers become."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from ims_spiders.query import Reading
from ims_spiders.search.model import Filters, Hit, SearchResult
from ims_spiders.search.passages import Passages
from ims_spiders.search.snippets import best_snippet, opening

_KNOWS = """
    SELECT FROM {schema}.issues AS i
    WHERE EXISTS (SELECT FROM unnest(CAST(:names AS text[])) AS n WHERE starts_with(lower(i.product), lower(n)))
    LIMIT 1"""
_RANKED = """
    SELECT r.issue_pk, r.score
    FROM {schema}.search_ranked(:query, :most, :products, :statuses, :since, :until)
        WITH ORDINALITY AS r (issue_pk, score, place)
    ORDER BY r.place"""
_NEWEST = """
    SELECT i.issue_pk, 0.0 AS score, count(*) OVER () AS total
    FROM {schema}.issues AS i
    WHERE (CAST(:products AS text[]) IS NULL
        OR EXISTS (SELECT FROM unnest(CAST(:products AS text[])) AS p WHERE starts_with(lower(i.product), lower(p))))
    AND (CAST(:statuses AS text[]) IS NULL
        OR lower(i.status) IN (SELECT lower(s) FROM unnest(CAST(:statuses AS text[])) AS s))
    AND (CAST(:since AS timestamptz) IS NULL OR i.registered_date >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR i.registered_date < :until)
    ORDER BY i.registered_date DESC NULLS LAST, i.issue_pk DESC LIMIT :most"""
_SIMILAR = """
    SELECT i.issue_pk, r.score
    FROM {schema}.search_similar(:issue_id, :most)
        WITH ORDINALITY AS r (issue_id, title, product, status, registered_date, score, place)
    JOIN {schema}.issues AS i USING (issue_id) ORDER BY r.place"""
_EXPLAIN = "SELECT term, synonyms FROM {schema}.search_explain(:query)"
_FACETS = "SELECT facet, value, issues FROM {schema}.search_facets(:query, :products, :statuses, :since, :until)"
_ISSUES = """
    SELECT issue_pk, issue_id, title, description, product, status, registered_date, url
    FROM {schema}.issues WHERE issue_pk = ANY (:keys)"""
_ZONE = "SELECT time_zone FROM {schema}.archive_settings"
_TITLE = "SELECT title FROM {schema}.issues WHERE issue_id = :issue_id"

Terms = list[list[str]]
"""The terms of a query, each with the other words by which it is found."""


class ArchiveSearch:
    """Searches over one connection, as far as that may see the archive."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = f'"{schema}"'
        self._passages = Passages(connection, self._schema)

    def knows(self, product: str) -> bool:
        """Whether the archive has a product that begins so; of several with commas between, any."""
        names = [part.strip() for part in product.split(",") if part.strip()]
        return bool(self._rows(_KNOWS, names=names))

    def search(self, reading: Reading, words: str, filters: Filters, limit: int) -> SearchResult:
        """What these words (IMS syntax) find, counted, and the best of it; without words the newest."""
        zone = ZoneInfo(self._rows(_ZONE)[0].time_zone)
        given = filters.parameters(zone)
        if not words:
            rows = self._rows(_NEWEST, **given, most=limit)
            return SearchResult(reading, rows[0].total if rows else 0, self._hits(rows, []))
        given["query"] = words
        terms, synonyms = self._terms(words)
        total, facets = self._facets(given)
        ranked = self.ranked(given, limit)
        return SearchResult(reading, total, self._hits(ranked, terms), facets, synonyms)

    def ranked(self, given: dict[str, Any], limit: int) -> Sequence[Any]:
        """The best issues by words, as rows of issue_pk and score."""
        return self._rows(_RANKED, **given, most=limit)

    def similar(self, issue_id: str, limit: int) -> tuple[Hit, ...]:
        """The issues that share the rarest words of one. Raises LookupError when that one is not there."""
        own = self._rows(_TITLE, issue_id=issue_id)
        if not own:
            raise LookupError(f"the archive has no issue {issue_id}")
        ranked = self._rows(_SIMILAR, issue_id=issue_id, most=limit)
        return self._hits(ranked, [[word] for word in re.findall(r"\w{2,}", own[0].title)])

    def _terms(self, words: str) -> tuple[Terms, dict[str, tuple[str, ...]]]:
        rows = self._rows(_EXPLAIN, query=words)
        terms = [[row.term, *row.synonyms] for row in rows]
        return terms, {row.term: tuple(row.synonyms) for row in rows if row.synonyms}

    def _facets(self, given: dict[str, Any]) -> tuple[int, dict[str, list[tuple[str | None, int]]]]:
        facets: dict[str, list[tuple[str | None, int]]] = {"product": [], "status": [], "year": []}
        total = 0
        for row in self._rows(_FACETS, **given):
            if row.facet == "total":
                total = row.issues
            else:
                facets[row.facet].append((row.value, row.issues))
        return total, facets

    def _hits(self, ranked: Sequence[Any], terms: Terms) -> tuple[Hit, ...]:
        keys = [row.issue_pk for row in ranked]
        issues = {row.issue_pk: row for row in self._rows(_ISSUES, keys=keys)}
        return tuple(self._hit(issues[row.issue_pk], float(row.score), terms) for row in ranked)

    def _hit(self, issue: Any, score: float, terms: Terms) -> Hit:
        snippet = best_snippet(self._passages.of(issue), terms) if terms else None
        return Hit(
            issue.issue_id,
            issue.title,
            issue.product,
            issue.status,
            issue.registered_date,
            score,
            issue.url,
            snippet or opening(self._passages.of(issue)),
        )

    def _rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        return self._connection.execute(text(statement.format(schema=self._schema)), parameters).all()
