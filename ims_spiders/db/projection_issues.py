"""Writes issues with all that hangs on them: new ones, changed ones, and what came in late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ims_spiders.db.files import JsonObject
from ims_spiders.db.rows import Row, Sighting, sighting
from ims_spiders.db.statements import CHILDREN
from ims_spiders.db.transactions import (
    DATA_ERRORS,
    Refusal,
    Transactions,
    WriteResult,
    is_data_error,
    refusal_reason,
    to_json,
)

STATEMENT_BYTES = 8_000_000
"""About how much one statement carries: attachments' text makes some issues very large."""
ROUNDS = 10


class IssueProjection(Transactions):
    """The tables of issues and of who saw them."""

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
            rows = self._run(connection, self._sql.insert_issues, rows=to_json(seen.issue() for seen in part))
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
            rows = to_json({"issue_pk": key, "old": old.isoformat()} for key, old in again.items())
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
            self._run(connection, self._sql.update_issues, rows=to_json(seen.issue() for seen in part))
        for part, is_new in (*((part, True) for part in _parts(new)), *((part, False) for part in _parts(changed))):
            pks = [keys[seen.issue_id] for seen in part]
            children = self._children(part, keys, session_id)
            for child in CHILDREN:
                rows = to_json(children[child.table])
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
        rows = to_json(seen.link(keys[seen.issue_id], session_id) for seen in batch)
        known_keys = [row.issue_pk for row in known.values()]
        linked = self._run(connection, self._sql.link_issues, rows=rows, known=known_keys)
        touched = {row.issue_pk for row in linked}
        late = [seen for seen in older if keys[seen.issue_id] in touched]
        for part in _parts(late):
            children = self._children(part, keys, session_id)
            for child in CHILDREN:
                if children[child.table]:
                    self._run(connection, self._sql.seen_before(child), rows=to_json(children[child.table]))
            issues = to_json(seen.issue() | {"issue_pk": keys[seen.issue_id]} for seen in part)
            self._run(connection, self._sql.reorder, pks=[keys[seen.issue_id] for seen in part], rows=issues)

    @staticmethod
    def _children(part: Sequence[Sighting], keys: dict[str, int], session_id: int) -> dict[str, list[Row]]:
        tables: dict[str, list[Row]] = {child.table: [] for child in CHILDREN}
        for seen in part:
            for table, rows in seen.children(keys[seen.issue_id], session_id).items():
                tables[table] += rows
        return tables


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
