"""The figures of `ims analytics`, from the archive's views and statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.refresh import refresh
from ims_spiders.db.sight import looking_at
from ims_spiders.report import usage_queries as queries
from ims_spiders.report.text import NONE, one_line
from ims_spiders.report.times import local, zone_name
from ims_spiders.report.usage_model import Activity, Asked, Coverage, Durations, Person, Trend, Usage, Work

MOST_QUERIES, MOST_WORDS, MOST_ACTIVITY = 15, 20, 15


@dataclass(frozen=True, slots=True)
class _Sight:
    """A connection with what is asked of it."""

    connection: Connection
    schema: str
    parameters: Mapping[str, Any]

    def rows(self, statement: str, **more: Any) -> list[Any]:
        """The rows of a statement that sees the period and the user."""
        found = text((queries.WANTED + statement).replace("{schema}", f'"{self.schema}"'))
        return list(self.connection.execute(found, {**self.parameters, **more}))


def usage(
    engine: Engine, user: str | None = None, since: date | None = None, until: date | None = None, schema: str = "ims"
) -> Usage:
    """The figures of a period from the first day to the last one, of a user or of everybody who is to be seen.

    Figures of people and products are of all time. Raises ConfigurationError when there is no such user to be seen.
    """
    _refresh_if_allowed(engine, schema)
    now = datetime.now().astimezone()
    with looking_at(engine, user, schema) as (connection, user_id):
        sight = _Sight(connection, schema, {"user_id": user_id, "since": since, "until": until})
        days = sight.rows(queries.DAYS)
        asked = sight.rows(queries.ASKED_HOW)
        return Usage(
            made_at=now, zone=zone_name(now), time_zone=sight.rows(queries.ZONE)[0].time_zone, user=user,
            since=since, until=until, people=tuple(_person(row) for row in sight.rows(queries.PEOPLE)),
            days=tuple(_work(row) for row in days), months=_months([_work(row) for row in days]),
            asked_products=_ranked((one_line(row.product), row.sessions) for row in sight.rows(queries.ASKED_PRODUCTS)),
            durations=_durations(sight.rows(queries.DURATIONS)[0]),
            products=tuple(_coverage(row) for row in sight.rows(queries.PRODUCTS)),
            queries=tuple(_asked(row) for row in sight.rows(queries.QUERIES, limit=MOST_QUERIES)),
            query_count=sum(row.times for row in asked),
            methods=_ranked((row.method or NONE, row.times) for row in asked),
            languages=_ranked((row.language or NONE, row.times) for row in asked), confidence=_confidence(asked),
            words=_ranked((one_line(row.word), row.times) for row in sight.rows(queries.WORDS, limit=MOST_WORDS)),
            trends=tuple(Trend(row.label, row.registered, row.closed) for row in sight.rows(queries.TRENDS)),
            trends_behind=sight.rows(queries.TRENDS_BEHIND)[0].behind,
            activity=tuple(_activity(row) for row in sight.rows(queries.ACTIVITY, limit=MOST_ACTIVITY)),
        )  # fmt: skip


def _refresh_if_allowed(engine: Engine, schema: str) -> None:
    """Bring the figures up to date where the login may; others are told how old they are."""
    with engine.begin() as connection:
        allowed = connection.scalar(text(queries.MAY_REFRESH), {"schema": f'"{schema}"'})
    if allowed:
        refresh(engine, schema=schema)


def _person(row: Any) -> Person:
    return Person(
        one_line(row.username), row.total_sessions, row.completed_sessions, row.failed_sessions, row.running_sessions,
        int(row.issues_crawled), row.unique_issues, int(row.new_issues), int(row.attachments_downloaded),
        row.total_queries, _number(row.avg_session_duration_sec), local(row.last_session_at),
    )  # fmt: skip


def _work(row: Any) -> Work:
    return Work(row.label, row.sessions, row.completed, row.failed, row.issues_crawled, row.new_issues, row.attachments)


def _months(days: list[Work]) -> tuple[Work, ...]:
    """The days added up by month."""
    sums: dict[str, Counter[str]] = {}
    names = ("sessions", "completed", "failed", "issues_crawled", "new_issues", "attachments")
    for day in days:
        sums.setdefault(day.label[:7], Counter()).update({name: getattr(day, name) for name in names})
    return tuple(Work(label, **{name: found[name] for name in names}) for label, found in sorted(sums.items()))


def _durations(row: Any) -> Durations:
    return Durations(
        row.sessions, _number(row.average), _number(row.median), _number(row.nine_in_ten), _number(row.longest),
        _number(row.issue_ms),
    )  # fmt: skip


def _coverage(row: Any) -> Coverage:
    return Coverage(
        one_line(row.product), row.issue_count, row.open_count, row.closed_count, row.missing_count,
        int(row.comment_count), row.attachment_count, local(row.last_registered), local(row.last_crawled_at),
    )  # fmt: skip


def _asked(row: Any) -> Asked:
    return Asked(one_line(row.query), row.times, _number(row.results), row.last_at.astimezone())


def _confidence(rows: list[Any]) -> float | None:
    """The average over all queries that have one."""
    counted = sum(row.with_confidence for row in rows)
    return float(sum(row.confidence for row in rows if row.with_confidence)) / counted if counted else None


def _activity(row: Any) -> Activity:
    return Activity(
        row.occurred_at.astimezone(), row.activity, one_line(row.username), one_line(row.product), one_line(row.query),
        row.status or "", row.issues,
    )  # fmt: skip


def _ranked(entries: Any) -> tuple[tuple[str, int], ...]:
    """Names with their numbers added up, the greatest first."""
    sums: Counter[str] = Counter()
    for name, number in entries:
        sums[name] += int(number)
    return tuple(sorted(sums.items(), key=lambda entry: (-entry[1], entry[0])))


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 3)
