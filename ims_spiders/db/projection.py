"""Writes sessions, issues, errors and pages into the database: each write whole, in any order, again and again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from ims_spiders.db.files import JsonObject, SessionFolder
from ims_spiders.db.identity import act_as_crawl
from ims_spiders.db.rows import Row, Sighting, database_safe, sighting
from ims_spiders.db.sessions import error_row, query_row, session_row
from ims_spiders.db.statements import CHILDREN, Statements

T = TypeVar("T")
Guard = Callable[[Connection], None]
"""Begins each transaction; raises when this process may write no more."""

STATEMENT_BYTES = 8_000_000
"""About how much one statement carries: attachments' text makes some issues very large."""
ROUNDS = 10
DATA_ERRORS = (DBAPIError, ValueError, TypeError, AttributeError, RecursionError)
"""What a document that is not as it should be can raise: in the database, or already on the way there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the database refused for what it holds; the rest of its batch is stored."""

    issue_id: str
    reason: str


@dataclass(slots=True)
class WriteResult:
    """What became of a batch. An older copy of an issue that is there in a newer one counts as unchanged."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def add(self, other: WriteResult) -> None:
        """Count another result in."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.refused += other.refused


class Projection:
    """The database as a projection of the session folders.

    Every method is one transaction with the rights of a crawl, repeated whole after a deadlock or a serialisation
    failure. A database that is away raises sqlalchemy.exc.OperationalError; writing again later is always right.
    """

    def __init__(self, engine: Engine, schema: str = "ims", guard: Guard | None = None):
        self.engine = engine
        self._guard = guard
        self._sql = Statements(schema)

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
            self._run(connection, self._sql.upsert_session, username=name, rows=_json([row]))
            owner = self._run(connection, self._sql.session_owner, uuid=row["session_uuid"])
            if [entry.username for entry in owner] != [name]:
                raise ValueError(f"the database has session {row['session_uuid']} under another user than {name}")
            query = {"uuid": row["session_uuid"], "rows": _json([query_row(content)])}
            self._run(connection, self._sql.upsert_query, **query)

        self._transaction(write)

    def write_issues(self, session_uuid: str, documents: Sequence[JsonObject]) -> WriteResult:
        """Write a batch of issue documents that the session saw; the session must be there.

        Raises LookupError when the session is not in the database.
        """
        result = WriteResult()
        sightings: dict[str, Sighting] = {}
        for document in documents:
            try:
                seen = sighting(document)
                sightings[seen.issue_id] = seen
            except ValueError as error:
                result.refused.append(Refusal(str(document.get("issue_id")), str(error)))
        batch = [sightings[issue_id] for issue_id in sorted(sightings)]
        try:
            result.add(self._transaction(lambda connection: self._write_batch(connection, session_uuid, batch)))
        except DATA_ERRORS as error:
            if not is_data_error(error):
                raise
            result.add(self._transaction(lambda connection: self._write_singly(connection, session_uuid, batch)))
        return result

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
                        self._run(connection, self._sql.insert_errors, session_id=session_id, rows=_json([row]))
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
                    self._run(connection, self._sql.insert_pages, uuid=session_uuid, rows=_json(part))
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

    def _write_batch(self, connection: Connection, session_uuid: str, batch: Sequence[Sighting]) -> WriteResult:
        session_id = self._session_id(connection, session_uuid)
        result = WriteResult()
        waiting = list(batch)
        for _ in range(ROUNDS):
            if not waiting:
                return result
            waiting = self._write_round(connection, session_id, waiting, result)
        raise AssertionError(f"{len(waiting)} issues appeared and vanished {ROUNDS} times while they were written")

    def _write_singly(self, connection: Connection, session_uuid: str, batch: Sequence[Sighting]) -> WriteResult:
        """Each issue behind a savepoint of its own, so that only the one that is refused stays out."""
        result = WriteResult()
        for seen in batch:
            try:
                with connection.begin_nested():
                    result.add(self._write_batch(connection, session_uuid, [seen]))
            except DATA_ERRORS as error:
                if not is_data_error(error):
                    raise
                result.refused.append(Refusal(seen.issue_id, refusal_reason(error)))
        return result

    def _write_round(
        self, connection: Connection, session_id: int, batch: Sequence[Sighting], result: WriteResult
    ) -> list[Sighting]:
        """Write the batch; returns what another writer inserted in between and so has to be looked at again."""
        ids = [seen.issue_id for seen in batch]
        known = {row.issue_id: row for row in self._run(connection, self._sql.lock_issues, ids=ids)}
        new = [seen for seen in batch if seen.issue_id not in known]
        keys = {issue_id: row.issue_pk for issue_id, row in known.items()}
        for part in _parts(new):
            rows = self._run(connection, self._sql.insert_issues, rows=_json(seen.issue() for seen in part))
            keys |= {row.issue_id: row.issue_pk for row in rows}
        late = [seen for seen in new if seen.issue_id not in keys]
        new = [seen for seen in new if seen.issue_id in keys]
        again = self._seen_again(connection, session_id, batch, known)
        changed, older = [], []
        for seen in batch:
            row = known.get(seen.issue_id)
            if row is not None and seen.crawled_at < row.last_crawled_at:
                older.append(seen)
            elif row is not None and (
                seen.content_hash != row.content_hash or again.get(row.issue_pk) == row.updated_at
            ):
                changed.append(seen)
        self._write_contents(connection, session_id, new, changed, keys)
        self._link(connection, session_id, [seen for seen in batch if seen.issue_id in keys], known, keys, older)
        if again:
            rows = _json({"issue_pk": key, "old": old.isoformat()} for key, old in again.items())
            self._run(connection, self._sql.forget_sightings, rows=rows)
            self._run(connection, self._sql.reorder, pks=list(again), rows="[]")
        # A sighting may have come in after a session that missed the issue.
        doubtful = [seen.issue_id for seen in new] + [row.issue_id for row in known.values() if row.missing_since]
        if doubtful:
            self._run(connection, self._sql.note_missing, ids=doubtful)
        result.add(WriteResult(len(new), len(changed), len(keys) - len(new) - len(changed)))
        return late

    def _seen_again(
        self, connection: Connection, session_id: int, batch: Sequence[Sighting], known: dict[str, Any]
    ) -> dict[int, datetime]:
        """When this session saw issues before that it has fetched once more since, by their keys."""
        seen_at = {known[seen.issue_id].issue_pk: seen.crawled_at for seen in batch if seen.issue_id in known}
        if not seen_at:
            return {}
        links = self._run(connection, self._sql.prior_links, session_id=session_id, pks=list(seen_at))
        return {link.issue_pk: link.created_at for link in links if link.created_at < seen_at[link.issue_pk]}

    def _write_contents(
        self,
        connection: Connection,
        session_id: int,
        new: Sequence[Sighting],
        changed: Sequence[Sighting],
        keys: dict[str, int],
    ) -> None:
        for part in _parts(changed):
            self._run(connection, self._sql.update_issues, rows=_json(seen.issue() for seen in part))
        for part, is_new in (*((part, True) for part in _parts(new)), *((part, False) for part in _parts(changed))):
            pks = [keys[seen.issue_id] for seen in part]
            children = self._children(part, keys, session_id)
            for child in CHILDREN:
                rows = _json(children[child.table])
                if not is_new:
                    self._run(connection, self._sql.delete_missing(child), pks=pks, rows=rows)
                if children[child.table]:
                    self._run(connection, self._sql.upsert(child), rows=rows)

    def _link(
        self,
        connection: Connection,
        session_id: int,
        batch: Sequence[Sighting],
        known: dict[str, Any],
        keys: dict[str, int],
        older: Sequence[Sighting],
    ) -> None:
        """Say that the session saw these issues, and count it; put right what came in late."""
        rows = _json(seen.link(keys[seen.issue_id], session_id) for seen in batch)
        known_keys = [row.issue_pk for row in known.values()]
        linked = self._run(connection, self._sql.link_issues, rows=rows, known=known_keys)
        touched = {row.issue_pk for row in linked}
        late = [seen for seen in older if keys[seen.issue_id] in touched]
        for part in _parts(late):
            children = self._children(part, keys, session_id)
            for child in CHILDREN:
                if children[child.table]:
                    self._run(connection, self._sql.seen_before(child), rows=_json(children[child.table]))
            issues = _json(seen.issue() | {"issue_pk": keys[seen.issue_id]} for seen in part)
            self._run(connection, self._sql.reorder, pks=[keys[seen.issue_id] for seen in part], rows=issues)

    @staticmethod
    def _children(part: Sequence[Sighting], keys: dict[str, int], session_id: int) -> dict[str, list[Row]]:
        tables: dict[str, list[Row]] = {child.table: [] for child in CHILDREN}
        for seen in part:
            for table, rows in seen.children(keys[seen.issue_id], session_id).items():
                tables[table] += rows
        return tables

    def _session_id(self, connection: Connection, session_uuid: str) -> int:
        row = self._run(connection, self._sql.find_session, uuid=session_uuid)
        if not row:
            raise LookupError(f"session {session_uuid} is not in the database; write it first")
        return int(row[0].session_id)

    @staticmethod
    def _run(connection: Connection, statement: str, **parameters: Any) -> Sequence[Any]:
        cursor = connection.exec_driver_sql(statement, parameters)
        return cursor.all() if cursor.returns_rows else ()

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        attempts = Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(10),
            wait=wait_random_exponential(0.02, max=1),
            reraise=True,
        )

        def once() -> T:
            with self.engine.begin() as connection:
                act_as_crawl(connection)
                if self._guard is not None:
                    self._guard(connection)
                return work(connection)

        return attempts(once)


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when it is simply run again: deadlock, serialisation failure."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) in {"40001", "40P01"}


def is_data_error(error: BaseException) -> bool:
    """Whether what was to be stored is at fault: bad values, broken constraints, values beyond the limits."""
    if not isinstance(error, DBAPIError):
        return True
    return (getattr(error.orig, "pgcode", None) or "")[:2] in {"22", "23", "54"}


def refusal_reason(error: BaseException) -> str:
    """Why, in the database's words where it was the database, without the data."""
    if not isinstance(error, DBAPIError):
        return f"not as an issue's file should be: {type(error).__name__} {error}"
    details = getattr(error.orig, "diag", None)
    return str(getattr(details, "message_primary", None) or type(error.orig).__name__)


def _tells_missing(row: Row) -> bool:
    return bool(row["error_detail"].get("exception") == "IssueNotAvailable" and row["error_detail"].get("issue_id"))


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _parts(batch: Sequence[Sighting]) -> Iterator[list[Sighting]]:
    """The batch in parts that one statement can carry."""
    part: list[Sighting] = []
    size = 0
    for seen in batch:
        weight = sum(len(entry.get("extracted_text") or "") for entry in seen.document.get("attachments") or ())
        weight += len(seen.document.get("description_html") or "") + 10_000
        if part and size + weight > STATEMENT_BYTES:
            yield part
            part, size = [], 0
        part.append(seen)
        size += weight
    if part:
        yield part
