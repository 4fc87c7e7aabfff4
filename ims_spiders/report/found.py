"""Which issues a report is about: the one place that knows how the archive is searched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

# Days are those of the archive's time zone, as in its statistics and exports.
_FOUND = """
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
    AND (CAST(:session AS uuid) IS NULL OR i.issue_pk IN (
        SELECT l.issue_pk FROM {schema}.session_issues AS l JOIN {schema}.crawl_sessions AS c USING (session_id)
        WHERE c.session_uuid = CAST(:session AS uuid)))
    ORDER BY f.score DESC, i.registered_date DESC NULLS LAST, i.issue_id DESC
    LIMIT :limit"""
_BY_WORDS = "{schema}.search_issues(:query, NULL, 2147483647)"
_ALL = "(SELECT issue_id, 0 AS score FROM {schema}.issues)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: IMS syntax, empty for everything; names or beginnings of products; registered when.

    `until` is the last day. `session` confines it to what that session saw, by its uuid.
    """

    ims_query: str
    products: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    session: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and the keys (issue_pk) of the best of them, the best first."""

    total: int
    keys: tuple[int, ...]


def find(connection: Connection, wanted: Wanted, schema: str = "ims") -> Found:
    """The issues that are wanted, as far as the connection may see them."""
    quoted = f'"{schema}"'
    source = (_BY_WORDS if wanted.ims_query else _ALL).format(schema=quoted)
    parameters: dict[str, Any] = {
        "products": list(wanted.products) or None,
        "statuses": list(wanted.statuses) or None,
        "since": wanted.since,
        "before": wanted.until + timedelta(days=1) if wanted.until else None,
        "session": wanted.session,
        "limit": wanted.limit,
    }
    if wanted.ims_query:
        parameters["query"] = wanted.ims_query
    rows = connection.execute(text(_FOUND.format(schema=quoted, source=source)), parameters).all()
    return Found(rows[0].total if rows else 0, tuple(row.issue_pk for row in rows))
