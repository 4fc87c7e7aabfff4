"""What somebody asked: crawls of the tracker and searches of the archive alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, text

from ims_spiders.db.own import own_rows
from ims_spiders.exceptions import ConfigurationError

HIGHEST = 2**63 - 1
"""Of a bigint."""

_COLUMNS = """
    SELECT q.query_id AS number, q.queried_at, q.product, q.original_query AS query, q.parsed_query,
        q.results_count AS hits, s.session_id IS NULL AS searched, s.session_uuid, s.status, s.exit_code,
        coalesce(s.metadata -> 'arguments', jsonb_build_object('product', coalesce(s.product, q.product, ''),
            'query', coalesce(q.original_query, ''))
            || jsonb_strip_nulls(jsonb_build_object('max_results', s.max_results, 'related', s.crawl_related,
                'max_depth', s.max_depth, 'refresh', s.refresh))) AS arguments
    FROM {schema}.search_queries AS q JOIN {schema}.users AS u ON u.user_id = q.user_id
    LEFT JOIN {schema}.crawl_sessions AS s ON s.session_id = q.session_id
    WHERE u.username = :username"""
_LIST = f"{_COLUMNS} ORDER BY q.queried_at DESC, q.query_id DESC LIMIT :limit"
_ONE = f"{_COLUMNS} AND q.query_id = :number"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: of the tracker with the spider's arguments, or of the archive (`searched`) with `query` and
    `product` alone."""

    searched: bool
    arguments: dict[str, Any]


def asked(
    engine: Engine, user: str | None = None, limit: int = 20, schema: str = "ims"
) -> tuple[str, list[dict[str, Any]]]:
    """The user's name (None: see own_rows), and the latest of what they asked, newest first.

    `number` stays what it is, whatever is asked later; `arguments` as in Question. Raises ConfigurationError for
    somebody who is not to be seen.
    """
    with own_rows(engine, user, schema) as (connection, username):
        rows = connection.execute(_sql(_LIST, schema), {"username": username, "limit": limit})
        return username, [dict(row) for row in rows.mappings()]


def question(engine: Engine, user: str | None, number: int, schema: str = "ims") -> Question:
    """What this user asked under the number. Raises ConfigurationError when that was nothing."""
    with own_rows(engine, user, schema) as (connection, username):
        values = {"username": username, "number": min(number, HIGHEST)}
        row: Row[Any] | None = connection.execute(_sql(_ONE, schema), values).one_or_none()
    if row is None:
        raise ConfigurationError(f"{username} has asked nothing with the number {number}; `ims history` shows them")
    return Question(row.searched, dict(row.arguments))


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
