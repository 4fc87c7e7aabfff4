"""What `launcher` in deploy/scrapyd-cluster.conf names: starts jobs, and tells the shared queue how they ended."""

from __future__ import annotations

import sys
from typing import Any

from scrapyd import launcher as stock
from scrapyd.interfaces import IEnvironment
from twisted.internet import reactor as installed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ims_spiders.daemon.node import Ticket, this_node

log = Logger()


class JobProcess(stock.ScrapyProcessProtocol):  # type: ignore[misc]
    """A job's process, and the lease that it runs under. `exit_code` is None while it runs and when it was killed."""

    ticket: Ticket
    exit_code: int | None = None

    def processEnded(self, status: Failure) -> None:  # noqa: N802 - Twisted's name
        """Called by Twisted."""
        self.exit_code = getattr(status.value, "exitCode", None)
        super().processEnded(status)


class ClusterLauncher(stock.Launcher):  # type: ignore[misc]
    """As Scrapyd's own; a job that cannot be started goes back into the line and costs no slot."""

    def _spawn_process(self, message: dict[str, Any], slot: int) -> None:
        ticket = Ticket.read(message["_lease"])
        try:
            process = self._start(message, slot)
        except Exception:  # noqa: BLE001 - a full disk, a job's name that is no file's: the slot is for the next one
            log.failure("Job {job} could not be started", job=message["_job"])
            this_node().ended(ticket, None)
            self._get_message(slot)
            return
        process.ticket = ticket
        this_node().started(ticket)
        self.processes[slot] = process

    def _start(self, message: dict[str, Any], slot: int) -> JobProcess:
        # Twisted types it as the module that it stands in for.
        reactor: Any = installed
        environment = self.app.getComponent(IEnvironment)
        message["settings"] = {**message.get("settings", {}), **environment.get_settings(message)}
        env = environment.get_environment(message, slot)
        args = [sys.executable, "-m", self.runner, "crawl", *stock.get_crawl_args(message)]
        process = JobProcess(message["_project"], message["_spider"], message["_job"], env, args)
        process.deferred.addBoth(self._process_finished, slot)
        reactor.spawnProcess(process, sys.executable, args=args, env=env)
        return process
