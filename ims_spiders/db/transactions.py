"""A crawl's transactions: begun with its rights, repeated whole where that may help, and what their errors mean."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from ims_spiders.db.identity import act_as_crawl
from ims_spiders.db.rows import Row
from ims_spiders.db.statements import Statements

logger = logging.getLogger(__name__)

T = TypeVar("T")
Guard = Callable[[Connection], None]
"""Begins each transaction; raises when this process may write no more."""

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


class Transactions:
    """Writes of one schema, each a transaction of its own."""

    def __init__(self, engine: Engine, schema: str = "ims", guard: Guard | None = None):
        self.engine = engine
        self._guard = guard
        self._sql = Statements(schema)

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
            before_sleep=_say_again,
            reraise=True,
        )

        def once() -> T:
            with self.engine.begin() as connection:
                act_as_crawl(connection)
                if self._guard is not None:
                    self._guard(connection)
                return work(connection)

        return attempts(once)


def _say_again(attempt: RetryCallState) -> None:
    error = attempt.outcome.exception() if attempt.outcome is not None else None
    if error is not None:
        logger.info("The database says: %s; the transaction is run again", refusal_reason(error))


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


def to_json(rows: Iterable[Row]) -> str:
    """Rows as the JSON array that a statement takes."""
    return json.dumps(list(rows), ensure_ascii=False)
