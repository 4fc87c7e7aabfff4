"""A search as somebody of the archive asks it: read, answered, and kept among their queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from ims_spiders.config import load_tracker_config
from ims_spiders.db.queries import record_query
from ims_spiders.query.configured import configured_reader, today_at
from ims_spiders.search.find import find
from ims_spiders.search.meaning_endpoint import needed_embedder
from ims_spiders.search.model import SearchResult


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, its filters (`until` is the day after the last one), who asks (None: IMS_USER), and whether also by
    meaning (None: IMS_SEARCH_MEANING)."""

    query: str
    product: str | None = None
    status: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    limit: int = 20
    user: str | None = None
    meaning: bool | None = None


def ask(engine: Engine, asked: Asked, schema: str = "ims") -> SearchResult:
    """The answer; the query is kept in search_queries as far as the login may write there.

    Raises ConfigurationError for an empty query or wrong settings.
    """
    config = load_tracker_config()
    by_meaning = config.search_meaning if asked.meaning is None else asked.meaning
    with engine.connect() as connection:
        reader = configured_reader(config, products(connection, schema))
        result = find(
            connection,
            asked.query,
            reader=reader,
            today=today_at(config),
            product=asked.product,
            status=asked.status,
            since=asked.since,
            until=asked.until,
            limit=asked.limit,
            schema=schema,
            embedder=needed_embedder() if by_meaning else None,
        )
    reading = result.query
    record_query(
        engine,
        asked.user or config.user,
        {
            "original_query": reading.original_query,
            "parsed_query": reading.ims_query,
            "query_language": reading.language,
            "product": asked.product or reading.product,
            "results_count": result.total,
            "parsing_method": reading.method,
            "parsing_confidence": reading.confidence,
            "synonym_expanded": bool(result.synonyms),
            "intent_filtered": reading.intent_filtered,
        },
        schema,
    )
    return result


def products(connection: Connection, schema: str) -> list[str]:
    """The products of the archive's issues."""
    rows = connection.exec_driver_sql(f'SELECT DISTINCT product FROM "{schema}".issues WHERE product IS NOT NULL')  # noqa: S608 - checked
    return [row.product for row in rows]
