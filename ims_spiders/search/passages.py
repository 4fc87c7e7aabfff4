"""The texts of an issue one after the other, each read from the database only when the ones before did not do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from ims_spiders.search.snippets import Passage

_COMMENTS = """
    SELECT comment_number, author, content FROM {schema}.issue_comments
    WHERE issue_pk = :issue_pk ORDER BY comment_number"""
_HISTORY = """
    SELECT changed_by, description FROM {schema}.issue_history
    WHERE issue_pk = :issue_pk ORDER BY changed_at, history_id"""
_ATTACHMENTS = """
    SELECT attachment_id, filename FROM {schema}.attachments WHERE issue_pk = :issue_pk ORDER BY attachment_id"""
LOOKED_AT = 2_000_000
"""Characters of a file's text in which a passage is looked for; the database has looked at all of it."""
_TEXT = f"""
    SELECT left(extracted_text, {LOOKED_AT}) AS extracted_text FROM {{schema}}.attachments
    WHERE attachment_id = :attachment_id"""  # noqa: S608 - a number of our own


class Passages:
    """Reads texts over a connection; `schema` is quoted already."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema

    def of(self, issue: Any) -> Iterator[Passage]:
        """Title, description, comments, history and attachments of an issue, a row of issues."""
        yield Passage("title", "title", issue.title)
        if issue.description:
            yield Passage("description", "description", issue.description)
        for row in self._rows(_COMMENTS, issue_pk=issue.issue_pk):
            yield Passage("comment", _by(f"comment {row.comment_number}", row.author), row.content)
        for row in self._rows(_HISTORY, issue_pk=issue.issue_pk):
            yield Passage("history", _by("history,", row.changed_by).rstrip(","), row.description)
        for row in self._rows(_ATTACHMENTS, issue_pk=issue.issue_pk):
            yield Passage("attachment", row.filename, row.filename)
            extracted = self._rows(_TEXT, attachment_id=row.attachment_id)[0].extracted_text
            if extracted:
                yield Passage("attachment", row.filename, extracted)

    def _rows(self, statement: str, **parameters: Any) -> list[Any]:
        return list(self._connection.execute(text(statement.format(schema=self._schema)), parameters))


def _by(place: str, person: str | None) -> str:
    return f"{place} by {person}" if person else place
