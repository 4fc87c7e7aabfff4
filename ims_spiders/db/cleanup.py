"""Takes old sessions and old months of the audit trail out of the database; never an issue, never a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.sight import looking_at
from ims_spiders.exceptions import ConfigurationError

DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
MOST_DAYS = 36_500

_OLD = """
    WITH old AS (
        SELECT session_id, status, started_at FROM {schema}.crawl_sessions
        WHERE started_at < now() - make_interval(days => :days) AND status <> 'running'
        AND (CAST(:user_id AS integer) IS NULL OR user_id = :user_id)
    ) """
_SESSIONS = f"""{_OLD}
    SELECT status, count(*) AS sessions, min(started_at) AS oldest, max(started_at) AS newest
    FROM old GROUP BY status ORDER BY status"""  # noqa: S608 - words of our own
# Session by session: how many are old is not known beforehand, and a join would read all that hangs on any.
_HANGING = (
    _OLD + "SELECT CAST(coalesce(sum(h.n), 0) AS bigint) AS count FROM old CROSS JOIN LATERAL"  # noqa: S608
    " (SELECT count(*) AS n FROM {schema}.{table} AS t WHERE t.session_id = old.session_id) AS h"
)
_MONTHS = r"""
    SELECT c.relname AS partition, to_char(m.month, 'YYYY-MM') AS month, pg_total_relation_size(c.oid) AS bytes
    FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 8), '"y"YYYY"m"MM')) AS m (month)
    WHERE h.inhparent = CAST(:parent AS regclass) AND c.relname ~ '_y\d{{4}}m\d{{2}}$'
    AND m.month + interval '1 month' <= CAST(:before AS date) ORDER BY c.relname"""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What is wanted: sessions that began more than `days` ago, months of the trail that ended `audit_days` ago."""

    days: int | None = None
    audit_days: int | None = None
    user: str | None = None

    @property
    def audit_before(self) -> date | None:
        """The day before which months of the trail go; never in the present month, of which nothing goes."""
        if self.audit_days is None:
            return None
        today = datetime.now(UTC).date()
        return min(today - timedelta(days=self.audit_days), today.replace(day=1))


@dataclass(slots=True)
class Preview:
    """What would go: sessions by status, what hangs on them, and months of the trail."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    links: int = 0
    errors: int = 0
    queries: int = 0
    audit_months: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would go."""
        return not self.sessions and not self.audit_months


@dataclass(slots=True)
class Deleted:
    """What has gone."""

    sessions: int = 0
    audit_months: list[str] = field(default_factory=list)


def parse_age(value: str, option: str) -> int:
    """The days of an age such as 90d, 12w, 6m (months of 30 days) or 1y (365 days).

    Raises ConfigurationError for anything else, and for an age of nothing.
    """
    found = re.fullmatch(r"([0-9]{1,5})([dwmy])", value.strip())
    days = int(found[1]) * DAYS[found[2]] if found else 0
    if not 1 <= days <= MOST_DAYS:
        raise ConfigurationError(
            f"{option}: {value!r} is no age; it looks like 90d, 12w, 6m (months of 30 days) or 1y, and is at least 1d"
        )
    return days


def preview(engine: Engine, wanted: Cleanup, schema: str = "ims") -> Preview:
    """What a cleanup would delete now. Raises ConfigurationError when there is no such user to be seen."""
    found = Preview()
    with looking_at(engine, wanted.user, schema) as (connection, user_id):
        if wanted.days is not None:
            parameters: dict[str, Any] = {"days": wanted.days, "user_id": user_id}
            found.sessions = _rows(connection, _SESSIONS, schema, parameters)
            for name, table in (
                ("links", "session_issues"),
                ("errors", "session_errors"),
                ("queries", "search_queries"),
            ):
                statement = _HANGING.replace("{table}", table)
                setattr(found, name, _rows(connection, statement, schema, parameters)[0]["count"])
        if wanted.audit_before is not None:
            parameters = {"parent": f'"{schema}".audit_log', "before": wanted.audit_before}
            found.audit_months = _rows(connection, _MONTHS, schema, parameters)
    return found


def clean_up(engine: Engine, wanted: Cleanup, schema: str = "ims") -> Deleted:
    """Delete it; returns what has gone.

    Raises ConfigurationError when there is no such user to be seen, sqlalchemy.exc.ProgrammingError when the
    connection's role may not delete it.
    """
    deleted = Deleted()
    if wanted.days is not None:
        with looking_at(engine, wanted.user, schema) as (connection, user_id):
            _take_your_time(connection)
            statement = text(f'SELECT "{schema}".delete_old_sessions(:user_id, :days)')
            deleted.sessions = connection.scalar(statement, {"user_id": user_id, "days": wanted.days}) or 0
    if wanted.audit_before is not None:
        with engine.begin() as connection:
            _take_your_time(connection)
            statement = text(f"""SELECT * FROM "{schema}".drop_monthly_partitions('audit_log', :before)""")  # noqa: S608
            deleted.audit_months = list(connection.scalars(statement, {"before": wanted.audit_before}))
    return deleted


def _take_your_time(connection: Connection) -> None:
    """A million sessions take longer than a statement of the product may."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _rows(connection: Connection, statement: str, schema: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    found = connection.execute(text(statement.format(schema=f'"{schema}"')), parameters)
    return [dict(row) for row in found.mappings()]
