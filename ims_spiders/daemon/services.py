"""The two services of Scrapyd's HTTP API that this project has its own say in: scheduling and cancelling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from scrapyd import webservice
from twisted.web import http
from twisted.web.error import Error
from twisted.web.server import Request

from ims_spiders.daemon.configuration import cancel_mark, read_config
from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import ConfigurationError, StorageError
from ims_spiders.spiders.arguments import parse_arguments

OWN = {b"project", b"spider", b"_version", b"jobid", b"priority", b"setting"}
"""Parameters of schedule.json that are no spider arguments."""
JOB_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
SETTINGS = (
    "IMS_*",
    "CLOSESPIDER_*",
    "AUTOTHROTTLE_*",
    "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN",
    "DEPTH_LIMIT",
    "DOWNLOAD_DELAY",
    "DOWNLOAD_TIMEOUT",
    "LOG_LEVEL",
    "MEMUSAGE_LIMIT_MB",
    "RANDOMIZE_DOWNLOAD_DELAY",
    "RETRY_TIMES",
)
"""Those that may be set: plain figures and switches. Among the rest are names of code to load, files to write and ports
to open; whoever may schedule need not be allowed to run code as Scrapyd's account."""


class Schedule(webservice.Schedule):  # type: ignore[misc]
    """`schedule.json`: refuses what would fail later without a word, or do more than crawl."""

    def render_POST(self, txrequest: Request) -> Any:  # noqa: N802 - Twisted's name
        """Answer as Scrapyd does. Raises twisted.web.error.Error, which becomes `status: error` with its message."""
        refusal = refusal_of(txrequest.args, installed_projects(self.root))
        if refusal:
            raise Error(code=http.OK, message=refusal.encode())
        return super().render_POST(txrequest)


class Cancel(webservice.Cancel):  # type: ignore[misc]
    """`cancel.json`: leaves a mark for the job before it gets its signal, so that it knows from whom that comes."""

    def render_POST(self, txrequest: Request) -> Any:  # noqa: N802 - Twisted's name
        """Answer as Scrapyd does."""
        project, job = (_first(txrequest.args, name) for name in (b"project", b"job"))
        queue = self.root.poller.queues.get(project)
        elsewhere = None
        # Only the queue of many nodes can.
        if hasattr(queue, "cancel") and job is not None:
            # The job's node hears of it when it renews its lease. Before the signal, so that the end is no crash.
            at_once = _first(txrequest.args, b"signal") in {"KILL", "9"}
            elsewhere = queue.cancel(job, 2 if at_once else 1)
        for process in self.root.launcher.processes.values():
            if (process.project, process.job) == (project, job):
                # Without a mark, on a full disk, it is stopped all the same and becomes `interrupted`.
                with suppress(StorageError):
                    write_durably(cancel_mark(read_config(), process.pid), b"", mode=0o600)
        answer = super().render_POST(txrequest)
        return {**answer, "prevstate": answer["prevstate"] or elsewhere}


class ListJobs(webservice.ListJobs):  # type: ignore[misc]
    """`listjobs.json` for many nodes: what runs elsewhere as well, with the name of its node."""

    def render_GET(self, txrequest: Request) -> Any:  # noqa: N802 - Twisted's name
        """Answer as Scrapyd does."""
        answer = super().render_GET(txrequest)
        wanted = _first(txrequest.args, b"project")
        here = {(process.project, process.job) for process in self.root.launcher.processes.values()}
        for project, queue in self.root.poller.queues.items():
            for job, row in queue.running().items() if wanted in {None, project} else ():
                if (project, job) not in here:
                    answer["running"].append(_running_elsewhere(row))
        return answer


def _running_elsewhere(row: Any) -> dict[str, Any]:
    """As Scrapyd shows its own; number and log of the process are for that node to tell."""
    started = str(row.started_at.astimezone().replace(tzinfo=None))
    own = {"id": row.job, "project": row.project, "spider": row.spider, "start_time": started, "node": row.node}
    return {**own, "pid": None, "log_url": None, "items_url": None}


def refusal_of(parameters: dict[bytes, list[bytes]], installed: set[str]) -> str | None:
    """Why a job is not taken, or None. `installed`: projects whose spider is of just this version, not an egg's."""
    settings = [setting.decode("utf-8", "replace") for setting in parameters.get(b"setting", [])]
    for setting in settings:
        if "=" not in setting:
            return f"setting {setting!r}: must be NAME=VALUE"
    refusal = refused_job(_first(parameters, b"jobid"), [setting.partition("=")[0] for setting in settings])
    if refusal:
        return refusal
    if _first(parameters, b"project") not in installed or _first(parameters, b"spider") != "ims":
        return None
    given = {name.decode(): values[0].decode() for name, values in parameters.items() if name not in OWN}
    try:
        parse_arguments(given)
    except ConfigurationError as error:
        return str(error)
    return None


def refused_job(job: str | None, settings: Iterable[str]) -> str | None:
    """Why a job of this name with these settings is not run, or None."""
    if job is not None and not JOB_ID.fullmatch(job):
        # Scrapyd names the log after it; one that names no file would cost it a slot, until it is started again.
        return f"jobid {job!r}: must be up to 100 letters, digits and any of _.- (the log is named after it)"
    for name in settings:
        if not any(fnmatchcase(name, pattern) for pattern in SETTINGS):
            return f"setting {name!r} cannot be given to a job, only {', '.join(SETTINGS)}"
    return None


def installed_projects(root: Any) -> set[str]:
    """Projects without an egg: they run what is installed beside Scrapyd."""
    return {project for project in root.scheduler.list_projects() if not root.eggstorage.list(project)}


def _first(parameters: dict[bytes, list[bytes]], name: bytes) -> str | None:
    values = parameters.get(name)
    return values[0].decode("utf-8", "replace") if values else None
