"""The queue of crawls that many Scrapyd nodes share: sql/04_create_jobs.sql, called."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.engine import connect, safe_message, uses_embedded
from ims_spiders.db.identity import act_as_crawl
from ims_spiders.db.schema import initialise, is_initialised
from ims_spiders.db.watchdog import Watchdog
from ims_spiders.exceptions import ImsError, QueueUnavailable

ANSWER_SECONDS = 5.0
"""How long the database may take for one answer: Scrapyd's HTTP API waits for some of them."""
ENDED = ("finished", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class NewJob:
    """A crawl to be run: `job` is its name, `arguments` what Scrapyd gives to the spider, with its settings."""

    project: str
    spider: str
    job: str
    username: str
    requests: int
    arguments: dict[str, Any] = field(default_factory=dict)
    priority: float = 0.0
    max_attempts: int = 5


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes jobs: a node that asks the tracker `host` as `account`, and how much may run there at once."""

    node: str
    account: str
    host: str
    lease_seconds: float
    jobs_per_account: int
    requests_per_host: int


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job and the lease on it. `session_uuid`: the session that an earlier attempt has begun."""

    job_id: int
    project: str
    spider: str
    job: str
    arguments: dict[str, Any]
    token: int
    session_uuid: str | None


class JobQueue:
    """Each method is one transaction with the rights of a crawl. All of them raise QueueUnavailable when the database
    does not answer in time, and can simply be called again: `connect` is, too.
    """

    def __init__(self, connect: Callable[[], Engine], schema: str = "ims", seconds: float = ANSWER_SECONDS):
        self.schema = schema
        self._connect = connect
        self._seconds = seconds
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._watchdog: Watchdog | None = None

    def add(self, new: NewJob) -> bool:
        """Put a job in the line. False when one of the same name waits or runs already."""
        row = self._ask(
            "add_job(%(project)s, %(spider)s, %(job)s, %(arguments)s, %(priority)s, %(requests)s, %(most)s, %(user)s)",
            project=new.project,
            spider=new.spider,
            job=new.job,
            arguments=json.dumps(new.arguments, ensure_ascii=False),
            priority=new.priority,
            requests=new.requests,
            most=new.max_attempts,
            user=new.username,
        )
        return row[0].add_job is not None

    def take(self, projects: Sequence[str], taker: Taker) -> TakenJob | None:
        """The next job of these projects, which is the taker's now; None when none is due or there is no room."""
        rows = self._ask(
            "take_job(%(projects)s, %(node)s, %(account)s, %(host)s, make_interval(secs => %(lease)s), %(jobs)s, "
            "%(requests)s)",
            projects=list(projects),
            node=taker.node,
            account=taker.account,
            host=taker.host,
            lease=taker.lease_seconds,
            jobs=taker.jobs_per_account,
            requests=taker.requests_per_host,
        )
        if not rows:
            return None
        row = rows[0]
        session = str(row.session_uuid) if row.session_uuid else None
        return TakenJob(row.job_id, row.project, row.spider, row.job, row.arguments, row.token, session)

    def renew(self, job_id: int, token: int, seconds: float, session_uuid: str | None = None) -> int | None:
        """Have the lease for so long from now. How often the job was cancelled; None when the lease is gone."""
        rows = self._ask(
            "renew_job(%(job)s, %(token)s, make_interval(secs => %(lease)s), %(session)s)",
            job=job_id,
            token=token,
            lease=seconds,
            session=session_uuid,
        )
        cancels: int | None = rows[0].renew_job
        return cancels

    def holds(self, connection: Connection, job_id: int, token: int) -> bool:
        """Whether the lease holds, and will until this connection's transaction ends."""
        statement = f'SELECT "{self.schema}".hold_job(%s, %s)'
        return bool(connection.exec_driver_sql(statement, (job_id, token)).scalar())

    def end(self, job_id: int, token: int, exit_code: int | None, first_wait: float) -> str | None:
        """End an attempt: with the exit code of `ims crawl`, or None for a process that was killed.

        Returns `finished`, `failed`, `cancelled`, or `pending` when it is to run again; None when the lease is gone.
        """
        rows = self._ask(
            "end_job(%(job)s, %(token)s, %(outcome)s, %(code)s, %(reason)s, make_interval(secs => %(wait)s))",
            job=job_id,
            token=token,
            outcome=outcome_of_exit(exit_code),
            code=exit_code,
            reason="killed" if exit_code is None else f"exit code {exit_code}",
            wait=first_wait,
        )
        state: str | None = rows[0].end_job
        return state

    def session_exit(self, session_uuid: str) -> int | None:
        """The exit code of a session that is complete in the database; None of any other."""
        complete = "crawl_sessions WHERE session_uuid = %(uuid)s AND status = 'completed'"
        rows = self._ask(complete, uuid=session_uuid)
        return int(rows[0].exit_code) if rows else None

    def expire(self, first_wait: float) -> Sequence[Any]:
        """Give away the jobs of nodes that are gone; what became of them: job, token, node, status."""
        return self._ask("expire_jobs(make_interval(secs => %(wait)s))", wait=first_wait)

    def cancel(self, project: str, job: str, times: int = 1) -> str | None:
        """Cancel a job wherever it is, twice: at once. What it was: `pending`, `running`, or None for neither."""
        rows = self._ask("cancel_job(%(project)s, %(job)s, %(times)s)", project=project, job=job, times=times)
        state: str | None = rows[0].cancel_job
        return state

    def listed(self, *states: str, most: int | None = None) -> Sequence[Any]:
        """Jobs in these states as list_jobs() in sql/04_create_jobs.sql shows them."""
        return self._ask("list_jobs(%(states)s, %(most)s)", states=list(states), most=most)

    def forget(self, keep: int) -> None:
        """Forget jobs that have ended, but for the latest."""
        self._ask("forget_jobs(%(keep)s)", keep=keep)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            self._forget_engine()

    def _ask(self, call: str, **parameters: Any) -> Sequence[Any]:
        with self._lock:
            try:
                if self._engine is None:
                    self._engine = self._connect()
                    self._watchdog = Watchdog(self._engine)
                assert self._watchdog is not None
                with self._watchdog.limit(self._seconds), self._engine.begin() as connection:
                    act_as_crawl(connection)
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
                    statement = f'SELECT * FROM "{self.schema}".{call}'  # noqa: S608 - a checked name
                    return connection.exec_driver_sql(statement, parameters).all()
            except (SQLAlchemyError, ImsError) as error:
                message = safe_message(error, self._engine)
                self._forget_engine()
                raise QueueUnavailable(f"the queue's database does not answer: {message}") from error

    def _forget_engine(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._watchdog = None


def open_queue(config: DatabaseConfig, data_dir: Path) -> JobQueue:
    """The queue in the archive's database, whose schema is made where it is missing. Nothing is asked of it yet."""

    def prepared() -> Engine:
        engine = connect(config, data_dir)
        if not is_initialised(engine, config.schema_name):
            initialise(engine, config.schema_name, upgrade=uses_embedded(config))
        return engine

    return JobQueue(prepared, config.schema_name)


def outcome_of_exit(exit_code: int | None) -> str:
    """What an exit code of `ims crawl` means for its job: `finished`, `failed`, or `again`.

    A crash, a full disk, an interruption and a tracker that gave up may be over the next time; wrong settings and a
    refused login will not be, and trying them again could lock the account.
    """
    if exit_code in {0, 5, 6}:
        return "finished"
    return "failed" if exit_code in {2, 3} else "again"
