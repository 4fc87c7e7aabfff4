"""Finds issues in the archive: reads the query, and has the database find what it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from ims_spiders.query import QueryReader, Reading
from ims_spiders.search.archive import ArchiveSearch
from ims_spiders.search.meaning import MeaningSearch
from ims_spiders.search.meaning_endpoint import Embedder
from ims_spiders.search.model import Filters, Hit, SearchResult


def find(  # noqa: PLR0913 - one parameter a filter
    connection: Connection,
    query: str,
    *,
    reader: QueryReader,
    today: date,
    product: str | None = None,
    status: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    limit: int = 20,
    schema: str = "ims",
    embedder: Embedder | None = None,
) -> SearchResult:
    """The best issues for a query, in IMS syntax or in words of three languages.

    What is given goes before what the query itself says of product (several with commas), status and days (`until`:
    the day after the last). With an `embedder` what is near in meaning is found as well. Raises ConfigurationError for
    an empty query.
    """
    archive = MeaningSearch(connection, schema, embedder) if embedder else ArchiveSearch(connection, schema)
    reading = reader.read(query, today)
    if reading.product and product is None and not archive.knows(reading.product):
        # Not a product here, so a word like any other.
        reading = replace(reading, ims_query=f"{reading.product} {reading.ims_query}".strip(), product=None)
    filters = Filters(
        tuple(part.strip() for part in (product or reading.product or "").split(",") if part.strip()),
        tuple(status) or reading.status,
        since or reading.since,
        until or reading.until,
    )
    return archive.search(reading, words_of(reading), filters, limit)


def similar(connection: Connection, issue_id: str, limit: int = 10, schema: str = "ims") -> tuple[Hit, ...]:
    """The issues most like one; raises LookupError when the archive does not have that one."""
    return ArchiveSearch(connection, schema).similar(issue_id, limit)


def words_of(reading: Reading) -> str:
    """What to look for, in IMS syntax. What a sentence was read as is a guess, so nothing of it must be there."""
    if reading.method == "direct":
        return reading.ims_query
    return re.sub(r"(?:(?<=\s)|^)\+(?=\S)", "", reading.ims_query)
