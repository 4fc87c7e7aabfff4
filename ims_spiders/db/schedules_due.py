"""What is due: each run is taken once, however many ask at once, and written down when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.own import own_rows
from ims_spiders.db.schedules import LOCK, unknown_schedule
from ims_spiders.db.schedules_clock import next_run
from ims_spiders.exceptions import ConfigurationError

_COLUMNS = """SELECT s.schedule_id, s.name, u.username, s.cron, s.time_zone, s.arguments, s.is_active, s.next_run_at,
        s.last_job FROM {schema}.schedules AS s JOIN {schema}.users AS u USING (user_id)"""
# Locked until it has been moved on: who comes meanwhile does not wait, but takes another one.
_DUE = f"""{_COLUMNS}
    WHERE s.is_active AND u.is_active AND s.next_run_at <= :until
    ORDER BY s.next_run_at, s.schedule_id LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED"""
_NAMED = f"{_COLUMNS} WHERE u.username = :username AND s.name = :name FOR NO KEY UPDATE OF s"
_MOVE = "UPDATE {schema}.schedules SET next_run_at = :next_run_at WHERE schedule_id = :schedule_id"
_BREAK = "UPDATE {schema}.schedules SET next_run_at = NULL, last_result = :reason WHERE schedule_id = :schedule_id"
_LOCK = f"SELECT pg_try_advisory_lock({LOCK}) FROM (SELECT CAST(:schedule_id AS bigint) AS schedule_id) AS s"  # noqa: S608
_BEGIN = """UPDATE {schema}.schedules SET last_run_at = now(), last_job = NULL, last_result = NULL
    WHERE schedule_id = :schedule_id"""
_END = "UPDATE {schema}.schedules SET last_job = :job, last_result = :result WHERE schedule_id = :schedule_id"


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that is nobody else's. `planned_at`: when it was due, None when it was asked for by name before that.

    `problem`: why it cannot be run; then it rests until somebody mends it.
    """

    schedule_id: int
    name: str
    username: str
    arguments: dict[str, Any]
    planned_at: datetime | None
    last_job: str | None
    problem: ConfigurationError | None = None


def take_due(engine: Engine, until: datetime, schema: str = "ims") -> Taken | None:
    """One of the runs that were due at `until` at the latest, or None. Its schedule is moved on to its next run.

    Runs that were missed are one run. Schedules of users who are disabled rest.
    """
    with engine.begin() as connection:
        row = connection.execute(_sql(_DUE, schema), {"until": until}).one_or_none()
        return None if row is None else _move_on(connection, row, schema, row.next_run_at)


def take_named(engine: Engine, user: str | None, name: str, schema: str = "ims") -> Taken:
    """This one's run now, also when it rests; one that is due is moved on with it, and nothing else changes.

    Raises ConfigurationError when the user has none of this name.
    """
    with own_rows(engine, user, schema) as (connection, username):
        row = connection.execute(_sql(_NAMED, schema), {"username": username, "name": name}).one_or_none()
        if row is None:
            raise unknown_schedule(username, name)
        if row.is_active and row.next_run_at is not None and row.next_run_at <= datetime.now(UTC):
            return _move_on(connection, row, schema, row.next_run_at)
        return _taken(row, None)


@contextmanager
def running(engine: Engine, taken: Taken, schema: str = "ims") -> Iterator[bool]:
    """Whether the run may begin; then it is written down as running, and nobody else begins one until the block ends.

    False while an earlier run of the same schedule goes on, on this machine or another.
    """
    # A session's lock: when this process dies it ends with the connection, and no row has to be mended.
    connection = engine.connect()
    try:
        with connection.begin():
            free = bool(connection.scalar(text(_LOCK), {"schema": schema, "schedule_id": taken.schedule_id}))
            if free:
                connection.execute(_sql(_BEGIN, schema), {"schedule_id": taken.schedule_id})
        yield free
    finally:
        # Given back at once, and the connection not into the pool with its lock; the database may be gone by now.
        with suppress(DBAPIError):
            if not connection.in_transaction():
                connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        with suppress(DBAPIError):
            connection.invalidate()
        connection.close()


def write_down(engine: Engine, taken: Taken, job: str | None, result: str, schema: str = "ims") -> None:
    """How the run ended, and what it is known by."""
    values = {"job": job, "result": result, "schedule_id": taken.schedule_id}
    with engine.begin() as connection:
        connection.execute(_sql(_END, schema), values)


def _move_on(connection: Connection, row: Row[Any], schema: str, planned_at: datetime) -> Taken:
    """A line that somebody wrote into the table and that is no cron line stops no other schedule."""
    try:
        following = next_run(row.cron, row.time_zone, datetime.now(UTC))
    except ConfigurationError as error:
        values = {"reason": f"refused: {error}", "schedule_id": row.schedule_id}
        connection.execute(_sql(_BREAK, schema), values)
        return _taken(row, planned_at, error)
    connection.execute(_sql(_MOVE, schema), {"next_run_at": following, "schedule_id": row.schedule_id})
    return _taken(row, planned_at)


def _taken(row: Row[Any], planned_at: datetime | None, problem: ConfigurationError | None = None) -> Taken:
    return Taken(row.schedule_id, row.name, row.username, dict(row.arguments), planned_at, row.last_job, problem)


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
