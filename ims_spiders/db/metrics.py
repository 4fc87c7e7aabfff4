"""The archive's figures for a monitoring system: names, labels and values, from the files and the database."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.status import Running, SessionState, seconds_since
from ims_spiders.db.status_database import database_state

MOST_PRODUCTS = 50
OTHER = "other"
"""The product of all beyond the most frequent ones: each value of a label is a series of its own for ever."""
STATUSES = ("running", "completed", "failed", "cancelled", "interrupted")

_ISSUES = "SELECT count(*), count(*) FILTER (WHERE missing_since IS NOT NULL) FROM {schema}.issues"
# A picture that lies elsewhere is not fetched on purpose (pipelines/attachments.py).
_FILES = """
    SELECT count(*) FILTER (WHERE downloaded), count(*) FILTER (WHERE NOT downloaded
        AND starts_with(coalesce(download_error, ''), 'not on the tracker') IS FALSE) FROM {schema}.attachments"""
_SCHEDULES = """
    SELECT s.schedule_id, s.last_run_at, s.last_result, s.next_run_at
    FROM {schema}.schedules AS s JOIN {schema}.users AS u USING (user_id) WHERE s.is_active AND u.is_active"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of the gauge `ims_<name>`. `label` is a name and its value; HELP says what each name means."""

    name: str
    value: float
    label: tuple[str, str] | None = None


HELP = {
    "sessions": "Crawl sessions in the files, by status.",
    "sessions_killed": "Sessions that say they are running, and whose process is gone.",
    "sessions_suspicious": "Sessions that the monitors doubt and that nobody has crawled well since.",
    "last_success_timestamp_seconds": "When a crawl of the product was last completed, exit codes 0, 5 and 6.",
    "last_exit_code": "How the last crawl of the product ended; the exit code of `ims crawl`.",
    "last_duration_seconds": "How long the last crawl of the product took.",
    "last_issues": "Issues that the last crawl of the product stored.",
    "last_failed_issues": "Issues that the last crawl of the product could not have whole.",
    "crawls_running": "Crawls under way, by product.",
    "crawl_issues_done": "Issues that the crawls under way are done with.",
    "crawl_issues_found": "Issues that the crawls under way have found so far.",
    "crawl_issues_per_second": "Issues a second that the crawls under way store.",
    "crawl_requests": "Requests that the crawls under way have sent.",
    "crawl_retries": "Repeated requests of the crawls under way.",
    "crawl_errors": "Errors of the crawls under way.",
    "crawl_expired": "Answers to the crawls under way that asked for a login.",
    "crawl_silent_seconds": "The longest time since a crawl under way has given a sign of life.",
    "data_free_bytes": "Room left where the archive's files lie.",
    "database_up": "Whether the database answers (1) or not (0).",
    "database_embedded_running": "Whether the embedded server runs; it starts on demand, so 0 may be as it should be.",
    "database_behind_sessions": "Sessions whose files hold what the database does not.",
    "issues": "Issues in the database.",
    "issues_gone": "Issues in the database that the tracker no longer has.",
    "attachments": "Attachments in the archive.",
    "attachments_missing": "Attachments that could not be had.",
    "queue_jobs": "Jobs of the queue of all nodes, by state.",
    "schedule_last_run_timestamp_seconds": "When the schedule last began, by its number.",
    "schedule_last_run_ok": "Whether the schedule's last run completed or was handed over (1) or not (0).",
    "schedule_next_run_timestamp_seconds": "When the schedule is due next.",
}

_CRAWL = {
    "crawl_requests": "requests", "crawl_retries": "retries", "crawl_errors": "errors", "crawl_expired": "expired",
}  # fmt: skip


def file_figures(states: Sequence[SessionState], crawls: Sequence[Running], data_dir: Path) -> Iterator[Figure]:
    """What the session folders say, oldest first, of which `crawls` say that they are running."""
    counted = Counter(state.status for state in states)
    for status in STATUSES:
        yield Figure("sessions", counted[status], ("status", status))
    yield Figure("sessions_killed", sum(not one.alive for one in crawls))
    label = _labels(states)
    yield from _ends(states, label)
    yield from _crawls([one for one in crawls if one.alive], label)
    if data_dir.exists():
        yield Figure("data_free_bytes", shutil.disk_usage(data_dir).free)


def database_figures(engine: Engine, states: Sequence[SessionState], schema: str = "ims") -> Iterator[Figure]:
    """What the database says, as far as its login may see it. Raises sqlalchemy.exc.SQLAlchemyError."""
    state = database_state(engine, states, schema)
    if state is not None:
        yield Figure("database_behind_sessions", len(state.behind))
        for name, count in state.counts.items():
            yield Figure("queue_jobs", count, ("state", name))
    with engine.connect() as connection, connection.begin():
        for names, statement in (
            (("issues", "issues_gone"), _ISSUES),
            (("attachments", "attachments_missing"), _FILES),
        ):
            values = connection.execute(_sql(statement, schema)).one()
            yield from (Figure(name, value) for name, value in zip(names, values, strict=True))
        yield from _schedules(connection, schema)


def _labels(states: Sequence[SessionState]) -> dict[str | None, tuple[str, str]]:
    """The label of each product."""
    frequent = Counter(state.product for state in states).most_common(MOST_PRODUCTS)
    named = {product for product, _ in frequent}
    products = {state.product for state in states}
    return {one: ("product", (one or "all") if one in named else OTHER) for one in products}


def _ends(states: Sequence[SessionState], label: dict[str | None, tuple[str, str]]) -> Iterator[Figure]:
    last: dict[tuple[str, str], SessionState] = {}
    success: dict[tuple[str, str], float] = {}
    for state in states:
        ended = _timestamp(state.completed_at)
        if state.status == "running" or ended is None:
            continue
        last[label[state.product]] = state
        if state.status == "completed":
            success[label[state.product]] = max(ended, success.get(label[state.product], 0.0))
    for product, moment in success.items():
        yield Figure("last_success_timestamp_seconds", moment, product)
    for product, state in last.items():
        began, ended = _timestamp(state.started_at), _timestamp(state.completed_at)
        if state.exit_code is not None:
            yield Figure("last_exit_code", state.exit_code, product)
        if began is not None and ended is not None:
            yield Figure("last_duration_seconds", ended - began, product)
        yield Figure("last_issues", state.stored, product)
        yield Figure("last_failed_issues", state.failed, product)


def _crawls(crawls: Sequence[Running], label: dict[str | None, tuple[str, str]]) -> Iterator[Figure]:
    sums: Counter[tuple[str, tuple[str, str]]] = Counter()
    rates: dict[tuple[str, str], float] = {}
    for one in crawls:
        product = label[one.session.product]
        sums["crawls_running", product] += 1
        sums["crawl_issues_done", product] += one.done
        sums["crawl_issues_found", product] += one.found
        for name, key in _CRAWL.items():
            sums[name, product] += int(one.figures.get(key) or 0)
        rates[product] = rates.get(product, 0.0) + one.rate
    yield from (Figure(name, value, product) for (name, product), value in sums.items())
    yield from (Figure("crawl_issues_per_second", rate, product) for product, rate in rates.items())
    silent = [seconds_since(one.figures.get("updated_at")) for one in crawls]
    yield Figure("crawl_silent_seconds", max((seconds or 0.0 for seconds in silent), default=0.0))


def _schedules(connection: Connection, schema: str) -> Iterator[Figure]:
    for row in connection.execute(_sql(_SCHEDULES, schema)):
        # By its number: its name is whatever its user likes.
        label = ("schedule", str(row.schedule_id))
        if row.last_run_at is not None:
            yield Figure("schedule_last_run_timestamp_seconds", row.last_run_at.timestamp(), label)
        if row.last_result is not None:
            yield Figure("schedule_last_run_ok", row.last_result.startswith(("completed", "handed over")), label)
        if row.next_run_at is not None:
            yield Figure("schedule_next_run_timestamp_seconds", row.next_run_at.timestamp(), label)


def _timestamp(moment: str | None) -> float | None:
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except ValueError:
        return None


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
