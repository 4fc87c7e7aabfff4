"""This Scrapyd as one node of many: what it may take from the queue, and what it still has to tell it."""

from __future__ import annotations

import getpass
import logging
import os
import re
import socket
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from scrapyd.config import Config

from ims_spiders.config import load_database_config, load_tracker_config
from ims_spiders.daemon.configuration import read_config
from ims_spiders.daemon.services import refused_job
from ims_spiders.db.jobs import ENDED, JobQueue, NewJob, TakenJob, Taker, open_queue
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.settings import CONCURRENT_REQUESTS

logger = logging.getLogger(__name__)

SPIDER = re.compile(r"[A-Za-z_]\w*")
WRONG = 2
"""The exit code for what does not get right by trying again."""
START_SECONDS = 60.0
"""How long a process may take until it keeps up its lease itself."""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What scrapyd.conf says of the queue. Seconds; `finished_to_keep` jobs of all nodes."""

    taker: Taker
    max_attempts: int
    retry_seconds: float
    finished_to_keep: int
    username: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a job's process is told of its lease, as `-a _lease=…`."""

    job_id: int
    token: int
    seconds: float
    retry_seconds: float
    session_uuid: str | None = None

    def __str__(self) -> str:
        return f"{self.job_id}:{self.token}:{self.seconds:g}:{self.retry_seconds:g}:{self.session_uuid or ''}"

    @classmethod
    def read(cls, text: str) -> Ticket:
        """The reverse of str(). Raises ConfigurationError."""
        try:
            job_id, token, seconds, retry_seconds, session = text.split(":")
            return cls(int(job_id), int(token), float(seconds), float(retry_seconds), session or None)
        except ValueError as error:
            raise ConfigurationError("_lease is Scrapyd's own argument; leave it out") from error


class Node:
    """Asks the queue, and keeps what it could not be told until it can."""

    def __init__(self, queue: JobQueue, settings: NodeSettings):
        self.queue = queue
        self.settings = settings
        self._untold: list[tuple[Ticket, int | None]] = []
        self._starting: dict[Ticket, float] = {}

    def add(self, project: str, spider: str, job: str, priority: float, arguments: dict[str, Any]) -> None:
        """Put a job in the line for whichever node is free.

        Raises ConfigurationError when one of that name waits or runs already, QueueUnavailable.
        """
        requests = arguments.get("settings", {}).get("CONCURRENT_REQUESTS", CONCURRENT_REQUESTS)
        username = arguments.get("user") or self.settings.username
        attempts = self.settings.max_attempts
        try:
            new = NewJob(project, spider, job, username, int(requests), arguments, priority, attempts)
        except ValueError:
            raise ConfigurationError(f"CONCURRENT_REQUESTS={requests!r}: must be a whole number") from None
        if not self.queue.add(new):
            raise ConfigurationError(f"job {job} waits or runs already; give another jobid, or cancel that one first")

    def take(self, projects: list[str]) -> dict[str, Any] | None:
        """The next job as Scrapyd's message, None when there is none for this node now. Raises QueueUnavailable."""
        taken = self.queue.take(projects, self.settings.taker)
        if taken is None:
            return None
        # Whoever may write into the queue need not be allowed to run code as this account.
        refusal = refused_job(taken.job, taken.arguments.get("settings", {}))
        if refusal or not SPIDER.fullmatch(taken.spider):
            logger.error("Job %s is not run: %s", taken.job, refusal or f"there is no spider {taken.spider!r}")
            self.queue.end(taken.job_id, taken.token, WRONG, 0)
            return None
        return self._message(taken)

    def started(self, ticket: Ticket) -> None:
        """A process was started; on a busy machine it takes its time to renew its lease itself. Never waits."""
        self._starting[ticket] = time.monotonic()

    def ended(self, ticket: Ticket, exit_code: int | None) -> None:
        """A process has ended, with None when it was killed. Most have told the queue themselves. Never waits."""
        self._starting.pop(ticket, None)
        self._untold.append((ticket, exit_code))

    def catch_up(self) -> None:
        """Tell what is to be told, and give away the jobs of nodes that are gone. Raises QueueUnavailable."""
        while self._untold:
            ticket, exit_code = self._untold[0]
            state = self.queue.end(ticket.job_id, ticket.token, exit_code, ticket.retry_seconds)
            if state is not None:
                logger.info("Job %s, attempt %s, ended with %s: %s", ticket.job_id, ticket.token, exit_code, state)
            del self._untold[0]
            self.queue.forget(self.settings.finished_to_keep)
        for ticket, since in list(self._starting.items()):
            self.queue.renew(ticket.job_id, ticket.token, ticket.seconds)
            # From then on a process that hangs must not be kept alive from here.
            if time.monotonic() - since > START_SECONDS:
                self._starting.pop(ticket, None)
        for job in self.queue.expire(self.settings.retry_seconds):
            logger.warning("Node %s lost job %s, attempt %s: %s", job.node, job.job, job.token, job.status)

    def ended_jobs(self) -> list[Any]:
        """The latest jobs of all nodes that have ended, as list_jobs() shows them. Raises QueueUnavailable."""
        return list(self.queue.listed(*ENDED, most=self.settings.finished_to_keep))

    def _message(self, taken: TakenJob) -> dict[str, Any]:
        settings = self.settings
        seconds = settings.taker.lease_seconds
        ticket = Ticket(taken.job_id, taken.token, seconds, settings.retry_seconds, taken.session_uuid)
        own = {"_project": taken.project, "name": taken.spider, "_job": taken.job, "_lease": str(ticket)}
        return {**taken.arguments, **own}


def settings_from(config: Config) -> NodeSettings:
    """The queue's options of [scrapyd], and who asks which tracker from here. Raises ConfigurationError."""
    tracker = load_tracker_config()
    port = os.environ.get("SCRAPYD_HTTP_PORT") or config.get("http_port", "6800")
    try:
        taker = Taker(
            node=config.get("node_name", "") or f"{socket.gethostname()}:{port}",
            account=tracker.username or str(tracker.cookie_file or ""),
            host=urlsplit(tracker.base_url).netloc,
            lease_seconds=config.getfloat("lease_seconds", 60.0),
            jobs_per_account=config.getint("jobs_per_account", 1),
            requests_per_host=config.getint("requests_per_host", CONCURRENT_REQUESTS),
        )
        return NodeSettings(
            taker=taker,
            max_attempts=config.getint("max_attempts", 5),
            retry_seconds=config.getfloat("retry_seconds", 30.0),
            finished_to_keep=config.getint("finished_to_keep", 100),
            username=tracker.user or getpass.getuser(),
        )
    except ValueError as error:
        raise ConfigurationError(f"scrapyd.conf: {error}; the options of the queue are numbers") from error


@cache
def this_node() -> Node:
    """The one node of this process, on the database of the environment. Raises ConfigurationError."""
    return Node(open_queue(load_database_config(), load_tracker_config().data_dir), settings_from(read_config()))
