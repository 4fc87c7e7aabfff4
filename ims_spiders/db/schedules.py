"""Crawls by the clock, each under its user's name: made, listed, paused, removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.own import own_rows
from ims_spiders.db.schedules_clock import next_run
from ims_spiders.db.sight import looking_at
from ims_spiders.exceptions import ConfigurationError

LOCK = "hashtextextended(:schema || '.schedules/' || s.schedule_id, 0)"
"""The advisory lock of whoever runs the schedule `s` just now; it ends with the connection, whatever happens."""

_ADD = """
    INSERT INTO {schema}.schedules (user_id, name, cron, time_zone, arguments, next_run_at)
    SELECT user_id, :name, :cron, :time_zone, CAST(:arguments AS jsonb), :next_run_at
    FROM {schema}.users WHERE username = :username
    ON CONFLICT (user_id, name) DO NOTHING RETURNING schedule_id"""
_LIST = f"""
    SELECT s.name, u.username, u.is_active AS user_is_active, s.cron, s.time_zone, s.arguments, s.is_active,
        s.next_run_at, s.last_run_at, s.last_job, s.last_result, EXISTS (
            SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND ((CAST(l.classid AS bigint) << 32) | CAST(l.objid AS bigint)) = {LOCK}) AS running
    FROM {{schema}}.schedules AS s JOIN {{schema}}.users AS u USING (user_id)
    WHERE CAST(:username AS text) IS NULL OR u.username = :username
    ORDER BY u.username, s.name"""  # noqa: S608 - names of our own
_REMOVE = """
    DELETE FROM {schema}.schedules AS s USING {schema}.users AS u
    WHERE u.user_id = s.user_id AND u.username = :username AND s.name = :name"""
_FIND = """
    SELECT s.schedule_id, s.cron, s.time_zone, s.next_run_at, s.is_active
    FROM {schema}.schedules AS s JOIN {schema}.users AS u USING (user_id)
    WHERE u.username = :username AND s.name = :name"""
_SET_ACTIVE = """
    UPDATE {schema}.schedules SET is_active = :active, next_run_at = :next_run_at WHERE schedule_id = :schedule_id"""


def add_schedule(
    engine: Engine,
    user: str | None,
    name: str,
    cron: str,
    time_zone: str,
    arguments: dict[str, Any],
    schema: str = "ims",
) -> tuple[str, datetime]:
    """Keep a schedule of this user's (None: see own_rows); returns the user's name and the next run.

    Raises ConfigurationError for a name that is taken or blank, a cron line or a time zone that is none.
    """
    first = next_run(cron, time_zone, datetime.now(UTC))
    name = checked_name(name)
    row = {"name": name, "cron": cron.strip(), "time_zone": time_zone, "next_run_at": first}
    with own_rows(engine, user, schema, make=True) as (connection, username):
        values = {**row, "arguments": json.dumps(arguments), "username": username}
        if connection.execute(_sql(_ADD, schema), values).first() is None:
            _require_user(connection, username, schema)
            raise ConfigurationError(
                f"{username} has a schedule {name!r} already; `ims schedule remove` removes it, or take another name"
            )
    return username, first


def list_schedules(engine: Engine, user: str | None = None, schema: str = "ims") -> list[dict[str, Any]]:
    """The schedules of this user, or all that the login may see; `running` tells whether somebody runs it now.

    Raises ConfigurationError when there is no such user to be seen.
    """
    with looking_at(engine, user, schema) as (connection, _):
        values = {"username": user, "schema": schema}
        return [dict(row) for row in connection.execute(_sql(_LIST, schema), values).mappings()]


def remove_schedule(engine: Engine, user: str | None, name: str, schema: str = "ims") -> None:
    """Forget it. Raises ConfigurationError when the user has none of this name."""
    with own_rows(engine, user, schema) as (connection, username):
        values = {"username": username, "name": name}
        if not connection.execute(_sql(_REMOVE, schema), values).rowcount:
            raise unknown_schedule(username, name)


def pause_schedule(engine: Engine, user: str | None, name: str, schema: str = "ims") -> None:
    """Let it rest. Raises ConfigurationError when the user has none of this name."""
    _set_active(engine, user, name, schema, active=False)


def resume_schedule(engine: Engine, user: str | None, name: str, schema: str = "ims") -> datetime:
    """Let it run again; returns when. What it missed meanwhile is not made up for. Raises as pause_schedule."""
    found = _set_active(engine, user, name, schema, active=True)
    assert found is not None
    return found


def checked_name(name: str) -> str:
    """The name without blanks around it. Raises ConfigurationError for one of nothing else."""
    if not name.strip():
        raise ConfigurationError("a schedule needs a name, for example `ims schedule add nightly --cron @daily`")
    return name.strip()


def unknown_schedule(username: str, name: str) -> ConfigurationError:
    """What to raise for a name that this user has given to no schedule."""
    return ConfigurationError(f"{username} has no schedule {name!r}; `ims schedule list` shows them, --user others'")


def _set_active(engine: Engine, user: str | None, name: str, schema: str, *, active: bool) -> datetime | None:
    with own_rows(engine, user, schema) as (connection, username):
        row = connection.execute(_sql(_FIND, schema), {"username": username, "name": name}).one_or_none()
        if row is None:
            raise unknown_schedule(username, name)
        following: datetime | None = None
        if active:
            keep = row.is_active and row.next_run_at is not None
            following = row.next_run_at if keep else next_run(row.cron, row.time_zone, datetime.now(UTC))
        values = {"active": active, "next_run_at": following, "schedule_id": row.schedule_id}
        connection.execute(_sql(_SET_ACTIVE, schema), values)
    return following


def _require_user(connection: Connection, username: str, schema: str) -> None:
    found = connection.execute(_sql("SELECT FROM {schema}.users WHERE username = :u", schema), {"u": username})
    if found.first() is None:
        raise ConfigurationError(f"there is no user {username!r}; `ims db user add` makes one")


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
