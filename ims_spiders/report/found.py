"""Which issues a report is about: the one place that knows how the archive is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from ims_spiders import search
from ims_spiders.query import QueryReader, Reading
from ims_spiders.search.asking import products
from ims_spiders.search.find import words_of

ReaderOf = Callable[[Iterable[str]], QueryReader]
"""Makes a reader that knows these products."""

# Days are those of the archive's time zone, as in its statistics, searches and exports.
_OF_A_SESSION = """
    SELECT i.issue_pk, count(*) OVER () AS total
    FROM {source} AS f JOIN {schema}.issues AS i USING (issue_id) CROSS JOIN {schema}.archive_settings AS a
    WHERE (CAST(:products AS text[]) IS NULL
        OR EXISTS (SELECT FROM unnest(CAST(:products AS text[])) AS p (name)
            WHERE starts_with(lower(i.product), lower(p.name))))
    AND (CAST(:statuses AS text[]) IS NULL
        OR lower(i.status) IN (SELECT lower(s.name) FROM unnest(CAST(:statuses AS text[])) AS s (name)))
    AND (CAST(:since AS date) IS NULL
        OR i.registered_date >= CAST(CAST(:since AS date) AS timestamp) AT TIME ZONE a.time_zone)
    AND (CAST(:before AS date) IS NULL
        OR i.registered_date < CAST(CAST(:before AS date) AS timestamp) AT TIME ZONE a.time_zone)
    AND i.issue_pk IN (
        SELECT l.issue_pk FROM {schema}.session_issues AS l JOIN {schema}.crawl_sessions AS c USING (session_id)
        WHERE c.session_uuid = CAST(:session AS uuid))
    ORDER BY f.score DESC, i.registered_date DESC NULLS LAST, i.issue_id DESC
    LIMIT :limit"""
_BY_WORDS = "{schema}.search_issues(:query, NULL, 2147483647)"
_ALL = "(SELECT issue_id, 0 AS score FROM {schema}.issues)"
_KEYS = "SELECT issue_id, issue_pk FROM {schema}.issues WHERE issue_id = ANY(:numbers)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. What is given goes before what the query says; without a query there is a session.

    `product` is a name or its beginning, or several with commas; `until` the last day; `session` the uuid of the one
    that saw the issues.
    """

    query: str | None = None
    product: str | None = None
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    session: str | None = None
    limit: int = 50

    @property
    def before(self) -> date | None:
        """The day after the last one."""
        return self.until + timedelta(days=1) if self.until else None


@dataclass(frozen=True, slots=True)
class Found:
    """How the query was read, how many issues there are, and the keys (issue_pk) of the best, the best first.

    `facets` counts all that were found by product, status and year, where that is known.
    """

    reading: Reading | None
    total: int
    keys: tuple[int, ...]
    facets: dict[str, list[tuple[str | None, int]]] = field(default_factory=dict)


def find(connection: Connection, wanted: Wanted, reader_of: ReaderOf, today: date, schema: str = "ims") -> Found:
    """The issues that are wanted, as far as the connection may see them.

    Raises ConfigurationError for a query that says nothing.
    """
    reader = reader_of(products(connection, schema))
    if wanted.session is not None or wanted.query is None:
        reading = reader.read(wanted.query, today) if wanted.query is not None else None
        return _of_a_session(connection, wanted, reading, schema)
    result = search.find(
        connection, wanted.query, reader=reader, today=today, product=wanted.product, status=wanted.statuses,
        since=wanted.since, until=wanted.before, limit=wanted.limit, schema=schema,
    )  # fmt: skip
    numbers = [hit.issue_id for hit in result.hits]
    rows = connection.execute(text(_KEYS.format(schema=f'"{schema}"')), {"numbers": numbers})
    keys = {row.issue_id: row.issue_pk for row in rows}
    return Found(result.query, result.total, tuple(keys[number] for number in numbers), result.facets)


def _of_a_session(connection: Connection, wanted: Wanted, reading: Reading | None, schema: str) -> Found:
    """What the query finds among the issues of the session."""
    words = words_of(reading) if reading else ""
    quoted = f'"{schema}"'
    source = (_BY_WORDS if words else _ALL).format(schema=quoted)
    product = wanted.product or (reading.product if reading else None)
    parameters: dict[str, Any] = {
        "products": [name.strip() for name in (product or "").split(",") if name.strip()] or None,
        "statuses": list(wanted.statuses or (reading.status if reading else ())) or None,
        "since": wanted.since or (reading.since if reading else None),
        "before": wanted.before or (reading.until if reading else None),
        "session": wanted.session,
        "limit": wanted.limit,
    }
    if words:
        parameters["query"] = words
    rows = connection.execute(text(_OF_A_SESSION.format(schema=quoted, source=source)), parameters).all()
    return Found(reading, rows[0].total if rows else 0, tuple(row.issue_pk for row in rows))
