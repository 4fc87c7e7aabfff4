"""What the search looks into, and what is the matter with it after whatever happened to the issues."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, text

DOCUMENTS = """
    SELECT issue_id, d.registered_date, d.language, d.title::text, d.words::text
    FROM ims.issues FULL JOIN ims_private.search_documents AS d USING (issue_pk) ORDER BY issue_id"""
VERSIONS = "SELECT issue_pk, xmin::text FROM ims_private.search_documents ORDER BY issue_pk"

Place = Engine | Connection
"""Of an engine, what is committed; of a connection, what its transaction sees."""


def documents(place: Place) -> list[tuple[Any, ...]]:
    """The words of every issue, and issues without any."""
    return _rows(place, DOCUMENTS)


def versions(place: Place) -> list[tuple[Any, ...]]:
    """Which transaction wrote each document."""
    return _rows(place, VERSIONS)


def found(place: Place, query: str) -> set[str]:
    """The numbers of the issues that a query finds."""
    return {number for (number,) in _rows(place, "SELECT issue_id FROM ims.search_issues(:query)", query=query)}


def assert_kept(place: Place) -> None:
    """Nothing is left to be done, and the documents are what they are when they are all made anew."""
    if isinstance(place, Engine):
        with place.begin() as connection:
            assert_kept(connection)
        return
    kept = documents(place)
    assert _rows(place, "SELECT FROM ims_private.search_pending") == []
    place.execute(text("DELETE FROM ims_private.search_documents"))
    place.execute(text("DELETE FROM ims_private.search_files"))
    place.execute(text("SELECT ims.refresh_search()"))
    assert documents(place) == kept


def _rows(place: Place, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    if isinstance(place, Engine):
        with place.connect() as connection:
            return _rows(connection, statement, **parameters)
    return [tuple(row) for row in place.execute(text(statement), parameters)]
