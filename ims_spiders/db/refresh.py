"""Brings statistics and materialized views up to date on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, text

Progress = Callable[[str, int, int], None]
"""Called with what is worked out, how many are done, and their total."""

# Also days that have figures and no session any more: theirs go.
_DAYS = """
    SELECT (s.started_at AT TIME ZONE a.time_zone)::date AS day
    FROM {schema}.crawl_sessions AS s, {schema}.archive_settings AS a WHERE s.status <> 'running'
    UNION SELECT (q.queried_at AT TIME ZONE a.time_zone)::date
    FROM {schema}.search_queries AS q, {schema}.archive_settings AS a WHERE q.session_id IS NULL
    UNION SELECT stat_date FROM {schema}.analytics_daily
    ORDER BY day"""
_MONTHS = "SELECT make_date(year, month, 1) FROM {schema}.analytics_monthly"


@dataclass(slots=True)
class Refreshed:
    """What was worked out: pending days, and how many users have figures of each day and month that was asked for."""

    pending: int = 0
    days: dict[str, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)


def refresh(
    engine: Engine,
    days: Iterable[date] = (),
    months: Iterable[date] = (),
    everything: bool = False,
    progress: Progress | None = None,
    schema: str = "ims",
) -> Refreshed:
    """Work out what is pending, the given days and months (each by its first day), then refresh the views.

    `everything` means all days and months that have sessions, or had. Each is a transaction of its own. Raises
    sqlalchemy.exc.ProgrammingError when the connection's role may not.
    """
    chosen_days, chosen_months = list(days), list(months)
    if everything:
        chosen_days = [row[0] for row in _run(engine, _DAYS, schema)]
        with_figures = {row[0] for row in _run(engine, _MONTHS, schema)}
        chosen_months = sorted(with_figures | {day.replace(day=1) for day in chosen_days})
    done = Refreshed()
    for number, day in enumerate(chosen_days, 1):
        statement = "SELECT {schema}.aggregate_daily_stats(:day)"
        done.days[day.isoformat()] = _run(engine, statement, schema, day=day)[0][0]
        _tell(progress, "days", number, len(chosen_days))
    for number, month in enumerate(chosen_months, 1):
        statement = "SELECT {schema}.aggregate_monthly_stats(:year, :month)"
        users = _run(engine, statement, schema, year=month.year, month=month.month)[0][0]
        done.months[month.strftime("%Y-%m")] = users
        _tell(progress, "months", number, len(chosen_months))
    done.pending = _run(engine, "SELECT {schema}.refresh_statistics()", schema)[0][0]
    _run(engine, "SELECT {schema}.refresh_materialized_views()", schema)
    return done


def _run(engine: Engine, statement: str, schema: str, **parameters: Any) -> list[Any]:
    """The rows of one statement, in a transaction that may take its time."""
    with engine.begin() as connection:
        _take_your_time(connection)
        return list(connection.execute(text(statement.format(schema=f'"{schema}"')), parameters))


def _take_your_time(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress:
        progress(what, done, total)
