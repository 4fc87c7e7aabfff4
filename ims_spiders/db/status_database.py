"""What the database says of the archive's state: how far it is behind the files, its queue, its schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.identity import act_as_crawl
from ims_spiders.db.status import SessionState

STATES = ("pending", "running", "finished", "failed", "cancelled")
_SESSIONS = "SELECT CAST(session_uuid AS text), status, completed_at FROM {schema}.crawl_sessions"
_DELETED = "SELECT CAST(session_uuid AS text) FROM {schema}.deleted_sessions"
_JOBS = """
    SELECT project, job, username, status, node, attempts, CAST(session_uuid AS text) AS session_uuid, created_at,
        due_at, started_at FROM {schema}.list_jobs('{{pending,running}}', NULL)"""
_COUNTS = "SELECT status, count(*) FROM {schema}.list_jobs(:states, NULL) GROUP BY status"


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """`behind`: the sessions whose files hold what the database does not; `ims db load` mends it. `jobs`: what waits
    or runs in the queue of all nodes, `counts` how many are in each state."""

    behind: list[str]
    jobs: list[dict[str, Any]]
    counts: dict[str, int]


def database_state(engine: Engine, states: Sequence[SessionState], schema: str = "ims") -> DatabaseState | None:
    """Look with the rights of a crawl, which sees everybody's sessions; None when the login may not.

    Raises sqlalchemy.exc.SQLAlchemyError when the database goes away or has no such schema in this version.
    """
    with engine.connect() as connection, connection.begin():
        try:
            act_as_crawl(connection)
        except ProgrammingError:
            return None
        return DatabaseState(_behind(connection, states, schema), *_queue(connection, schema))


def _behind(connection: Connection, states: Sequence[SessionState], schema: str) -> list[str]:
    rows = connection.execute(_sql(_SESSIONS, schema)).all()
    stored = {uuid: (status, completed_at) for uuid, status, completed_at in rows}
    deleted = set(connection.scalars(_sql(_DELETED, schema)))
    ended = [state for state in states if state.status != "running"]
    return [
        state.uuid
        for state in ended
        if state.uuid not in deleted and stored.get(state.uuid) != (state.status, _moment(state.completed_at))
    ]


def _queue(connection: Connection, schema: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    jobs = [dict(row) for row in connection.execute(_sql(_JOBS, schema)).mappings()]
    counted = connection.execute(_sql(_COUNTS, schema), {"states": list(STATES)}).all()
    counts = dict.fromkeys(STATES, 0)
    counts.update((status, number) for status, number in counted)
    return jobs, counts


def _moment(value: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if value is not None else None
    except ValueError:
        return None


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
