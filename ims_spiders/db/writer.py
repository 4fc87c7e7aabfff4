"""Writes a running crawl's files into the database, from a thread of its own: the crawl never waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ims_spiders.db.acknowledged import Acknowledged
from ims_spiders.db.files import JsonObject, SessionFolder
from ims_spiders.db.link import Link
from ims_spiders.db.projection import Projection
from ims_spiders.db.projection_pages import PagesWritten, write_pages
from ims_spiders.db.transactions import Guard, Refusal, WriteResult
from ims_spiders.exceptions import ConfigurationError

logger = logging.getLogger(__name__)

SESSION, ERRORS, PAGES = "session", "errors", "pages"
STEP_SECONDS = 60.0
"""How long one step, a batch at most, may take before its connection is taken for dead."""
LONGEST_PAUSE = 30.0
LAST_ATTEMPTS = 3
"""How often a database that is away is tried again once there is nothing left to do but that."""


@dataclass(slots=True)
class WriterReport:
    """What the writer did. `behind` issues are in files only; `error` says why anything at all is."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    behind: int = 0
    error: str | None = None


class DatabaseWriter:
    """Takes note of what has become durable and brings it into the database, batch by batch.

    `connect` is called in the thread, and again after every failure; it may start a server. A database that is away
    costs the crawl nothing: ids are kept, and written once it is back.
    """

    def __init__(
        self,
        connect: Callable[[], Engine],
        folder: SessionFolder,
        schema: str = "ims",
        batch_size: int = 100,
        batch_seconds: float = 0.5,
        upgrade: bool = True,
        guard: Guard | None = None,
    ):
        self._link = Link(connect, schema, upgrade, guard)
        self._folder = folder
        self._batch_size = batch_size
        self._batch_seconds = batch_seconds
        self._changed = threading.Condition()
        self._pending: dict[str, object] = {}
        self._acknowledged = Acknowledged()
        self._waiting = {SESSION, ERRORS}
        self._uuid: str | None = None
        self._errors_written = 0
        self._pages = PagesWritten()
        self._deadline: float | None = None
        self._last_attempts = 0
        self._result = WriteResult()
        self._refused_lines: list[Refusal] = []
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work, name="database-writer", daemon=True)

    def start(self) -> None:
        """Begin; the session's row and its errors so far are written first."""
        self._thread.start()

    def put(self, issue_id: str) -> None:
        """This issue's file has become durable, or was replaced. Never blocks."""
        with self._changed:
            # To the end of the line: whoever is being written with the older content stays noted.
            self._pending.pop(issue_id, None)
            self._pending[issue_id] = object()
            self._changed.notify()

    def put_session(self, session: JsonObject) -> None:
        """session.json now holds this; it is read from there when its turn comes. Never blocks."""
        with self._changed:
            self._uuid = str(session["session_uuid"])
            self._waiting.add(SESSION)
            self._changed.notify()

    def put_errors(self) -> None:
        """errors.jsonl has grown. Never blocks."""
        with self._changed:
            self._waiting.add(ERRORS)
            self._changed.notify()

    def put_pages(self) -> None:
        """pages.jsonl has grown for the last time: line by line it would keep the issues waiting. Never blocks."""
        with self._changed:
            self._waiting.add(PAGES)
            self._changed.notify()

    def close(self, timeout: float) -> WriterReport:
        """Write what is left and end, after `timeout` seconds at the latest. Tells what is not in the database."""
        with self._changed:
            self._deadline = time.monotonic() + timeout
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            self._link.cut()
            self._thread.join(1.0)
        with self._changed:
            behind = len(self._pending)
            error = (self._error or "the database did not answer in time") if behind or self._waiting else None
            if error is None and self._refused_lines:
                first = self._refused_lines[0]
                error = (
                    f"it refused {len(self._refused_lines)} errors, the first of them {first.issue_id}: {first.reason}"
                )
            counts = self._result.new, self._result.changed, self._result.unchanged
            return WriterReport(*counts, list(self._result.refused), behind, error)

    def _work(self) -> None:
        failures = 0
        while self._wait_for_work():
            try:
                self._step()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the crawl goes on and the files stay the truth
                failures += 1
                self._note_failure(error, failures)
                if not self._pause(failures):
                    break
        self._refresh_statistics()
        self._disconnect()

    def _wait_for_work(self) -> bool:
        """Wait for a batch, or as much of one as comes in its time. False when all is done and the end has come."""
        with self._changed:
            if self._deadline is not None and time.monotonic() > self._deadline:
                return False
            while not (self._pending or self._waiting):
                if self._deadline is not None:
                    return False
                self._changed.wait()
            if not self._waiting:
                self._changed.wait_for(self._has_batch, self._batch_seconds)
            return True

    def _has_batch(self) -> bool:
        return len(self._pending) >= self._batch_size or self._deadline is not None

    def _step(self) -> None:
        """One round: the session, a batch of issues, the errors. What fails stays noted."""
        if self._link.projection is None:
            self._link.open(self._step_seconds())
            # Whatever happened to the database meanwhile: the session comes first.
            self._waiting.add(SESSION)
        projection = self._link.open(self._step_seconds())
        with self._link.limit(self._step_seconds()):
            if SESSION in self._waiting:
                self._settle(SESSION, lambda: projection.write_session(self._folder))
            self._write_issues(projection)
            if ERRORS in self._waiting:
                self._settle(ERRORS, lambda: self._write_errors(projection))
            if PAGES in self._waiting:
                self._settle(PAGES, lambda: self._write_pages(projection))
        self._doubt()
        self._error = None

    def _doubt(self) -> None:
        """After a new connection: what went over those before it is written again."""
        doubtful = self._acknowledged.doubtful(self._link.connection)
        if not doubtful:
            return
        self._errors_written = 0
        with self._changed:
            self._waiting |= {SESSION, ERRORS}
            for issue_id in doubtful:
                self._pending.setdefault(issue_id, object())

    def _refresh_statistics(self) -> None:
        """What came after the session's end changed its day's figures. What fails here is done by the next session."""
        if self._link.projection is not None:
            with self._link.limit(self._step_seconds()), suppress(SQLAlchemyError):
                self._link.projection.refresh_statistics()

    def _settle(self, what: str, write: Callable[[], None]) -> None:
        """Strike it off first: what is put again while it is written has to be written again."""
        with self._changed:
            self._waiting.discard(what)
        try:
            write()
        except BaseException:
            with self._changed:
                self._waiting.add(what)
            raise

    def _write_issues(self, projection: Projection) -> None:
        with self._changed:
            tickets = dict(islice(self._pending.items(), self._batch_size))
        if not tickets:
            return
        documents, refused = [], []
        for issue_id in tickets:
            try:
                documents.append(self._folder.read_issue(issue_id))
            except (ConfigurationError, OSError) as error:
                refused.append(Refusal(issue_id, str(error)))
        written = projection.write_issues(self._session_uuid(), documents)
        written.refused += refused
        for entry in written.refused:
            logger.error("the database refused issue %s: %s", entry.issue_id, entry.reason)
        self._acknowledged.note(tickets, self._link.connection)
        with self._changed:
            self._result.add(written)
            for issue_id, ticket in tickets.items():
                # One that was put again since keeps its place: its file may be newer than what was read.
                if self._pending.get(issue_id) is ticket:
                    del self._pending[issue_id]

    def _write_errors(self, projection: Projection) -> None:
        entries = self._folder.read_errors()[self._errors_written :]
        refused = projection.write_errors(self._session_uuid(), entries, self._errors_written + 1)
        for entry in refused:
            logger.error("the database refused %s: %s", entry.issue_id, entry.reason)
        self._errors_written += len(entries)
        self._refused_lines += refused

    def _write_pages(self, projection: Projection) -> None:
        """A batch; the rest, if there is any, in the next step: each has its own time."""
        known = len(self._pages.refused)
        # A file that cannot be read is no reason to try the database again and again.
        with suppress(OSError):
            if write_pages(projection, self._folder, self._session_uuid(), self._pages):
                self.put_pages()
        for reason in self._pages.refused[known:]:
            logger.warning("left out of the database: %s", reason)

    def _session_uuid(self) -> str:
        if self._uuid is None:
            self._uuid = str(self._folder.read_session()["session_uuid"])
        return self._uuid

    def _step_seconds(self) -> float:
        if self._deadline is None:
            return STEP_SECONDS
        return min(STEP_SECONDS, max(0.1, self._deadline - time.monotonic()))

    def _note_failure(self, error: Exception, failures: int) -> None:
        """Forget the connection, keep the reason; say it once, not at every attempt."""
        self._error = self._link.message(error)
        if failures == 1:
            logger.warning("the database is behind: %s; issues are kept in files and written later", self._error)
        self._disconnect()

    def _disconnect(self) -> None:
        self._link.close()
        self._errors_written = 0
        self._refused_lines = []
        self._pages = PagesWritten()

    def _pause(self, failures: int) -> bool:
        """Wait before the next attempt, longer each time. False when the end has come and it was tried enough."""
        with self._changed:
            if self._deadline is None:
                self._changed.wait_for(lambda: self._deadline is not None, min(0.5 * 2**failures, LONGEST_PAUSE))
                return True
            self._last_attempts += 1
            left = self._deadline - time.monotonic()
            if self._last_attempts >= LAST_ATTEMPTS or left <= 0:
                return False
            self._changed.wait(min(0.5 * self._last_attempts, LONGEST_PAUSE, left))
            return True
