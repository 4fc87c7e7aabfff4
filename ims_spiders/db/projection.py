"""Writes sessions, issues, errors and pages into the database: each write whole, in any order, again and again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.files import JsonObject, SessionFolder
from ims_spiders.db.projection_issues import IssueProjection
from ims_spiders.db.rows import Row, database_safe
from ims_spiders.db.sessions import error_row, query_row, session_row
from ims_spiders.db.transactions import Refusal, is_data_error, refusal_reason, to_json


class Projection(IssueProjection):
    """The database as a projection of the session folders.

    Every method is one transaction with the rights of a crawl, repeated whole after a deadlock or a serialisation
    failure. A database that is away raises sqlalchemy.exc.OperationalError; writing again later is always right.
    """

    def write_session(self, session: JsonObject | SessionFolder) -> None:
        """Write the session, its user and its query from session.json's content.

        From a folder the file is read while other writers of this session wait, so that the last to write has read
        the newest. Raises ValueError when there is no user name or uuid, or the session is stored as another user's,
        ConfigurationError when the file is broken.
        """
        first = session if isinstance(session, dict) else session.read_session()

        def write(connection: Connection) -> None:
            self._run(connection, self._sql.lock_session, uuid=str(first.get("session_uuid")))
            content = database_safe(session if isinstance(session, dict) else session.read_session())
            row = session_row(content)
            name = content["username"]
            self._run(connection, self._sql.insert_user, username=name, since=row["started_at"])
            self._run(connection, self._sql.upsert_session, username=name, rows=to_json([row]))
            owner = self._run(connection, self._sql.session_owner, uuid=row["session_uuid"])
            if [entry.username for entry in owner] != [name]:
                raise ValueError(f"the database has session {row['session_uuid']} under another user than {name}")
            query = {"uuid": row["session_uuid"], "rows": to_json([query_row(content)])}
            self._run(connection, self._sql.upsert_query, **query)

        self._transaction(write)

    def write_errors(self, session_uuid: str, entries: Sequence[JsonObject], first_sequence: int = 1) -> list[Refusal]:
        """Write entries of errors.jsonl, the first of which has this place in it; returns those that were refused.

        Raises LookupError when the session is not in the database.
        """
        rows = [error_row(entry, first_sequence + index) for index, entry in enumerate(entries)]

        def write(connection: Connection) -> list[Refusal]:
            session_id = self._session_id(connection, session_uuid)
            refused = []
            for row in rows:
                try:
                    with connection.begin_nested():
                        self._run(connection, self._sql.insert_errors, session_id=session_id, rows=to_json([row]))
                except DBAPIError as error:
                    if not is_data_error(error):
                        raise
                    refused.append(Refusal(f"errors.jsonl:{row['sequence']}", refusal_reason(error)))
            ids = sorted({str(row["error_detail"].get("issue_id")) for row in rows if _tells_missing(row)})
            if ids:
                self._run(connection, self._sql.lock_issues, ids=ids)
                self._run(connection, self._sql.note_missing, ids=ids)
            return refused

        return self._transaction(write) if rows else []

    def write_pages(self, session_uuid: str, rows: Sequence[Row]) -> list[Refusal]:
        """Write rows of `page_row` of a session that is there already; returns those that were refused."""

        def write(connection: Connection, part: Sequence[Row]) -> list[Refusal]:
            try:
                with connection.begin_nested():
                    self._run(connection, self._sql.insert_pages, uuid=session_uuid, rows=to_json(part))
            except DBAPIError as error:
                if not is_data_error(error):
                    raise
                if len(part) == 1:
                    return [Refusal(f"pages.jsonl:{part[0]['sequence']}", refusal_reason(error))]
                return [refusal for row in part for refusal in write(connection, [row])]
            return []

        return self._transaction(lambda connection: write(connection, rows)) if rows else []

    def refresh_statistics(self) -> None:
        """Work out the figures of the days that were written to; to be called when there is no more to come."""
        self._transaction(lambda connection: self._run(connection, self._sql.refresh_statistics))

    def deleted_sessions(self) -> set[str]:
        """The uuids of sessions that were deleted from the database on purpose."""
        rows = self._transaction(lambda connection: self._run(connection, self._sql.deleted_sessions))
        return {row.session_uuid for row in rows}


def _tells_missing(row: Row) -> bool:
    return bool(row["error_detail"].get("exception") == "IssueNotAvailable" and row["error_detail"].get("issue_id"))
