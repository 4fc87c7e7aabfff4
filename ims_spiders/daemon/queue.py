"""What `spiderqueue` in deploy/scrapyd-cluster.conf names: one project's jobs in the queue of all nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from scrapyd.config import Config
from scrapyd.interfaces import ISpiderQueue
from zope.interface import implementer  # type: ignore[import-untyped]

from ims_spiders.daemon.node import this_node

Pending = list[dict[str, Any]]


@implementer(ISpiderQueue)
class PostgresSpiderQueue:
    """Scrapyd's interface is synchronous: each method waits for the database, some seconds at most.

    All of them raise QueueUnavailable, which becomes the message of the HTTP answer.
    """

    def __init__(self, config: Config, project: str):
        self._project = project
        self._node = this_node()

    def add(self, name: str, priority: float = 0.0, **spider_args: Any) -> None:
        """Put a job of the spider `name` in the line. Raises ConfigurationError when its id is in use."""
        arguments = dict(spider_args)
        job = arguments.pop("_job", None) or uuid4().hex
        self._node.add(self._project, name, job, priority, arguments)

    def pop(self) -> dict[str, Any] | None:
        """Take the next job; None when there is none for this node now."""
        message = self._node.take([self._project])
        if message is not None:
            del message["_project"]
        return message

    def count(self) -> int:
        """How many jobs wait."""
        return len(self._pending())

    def list(self) -> list[dict[str, Any]]:
        """The jobs that wait, next first."""
        return self._pending()

    def remove(self, func: Callable[[dict[str, Any]], bool]) -> int:
        """Cancel the waiting jobs of which `func` is true; how many there were."""
        wanted = [message["_job"] for message in self._pending() if func(message)]
        return sum(self.cancel(job) is not None for job in wanted)

    def clear(self) -> None:
        """Cancel all waiting jobs."""
        self.remove(lambda message: True)

    def cancel(self, job: str, times: int = 1) -> str | None:
        """Cancel a job on whichever node it is; what it was: `pending`, `running`, or None for neither."""
        return self._node.queue.cancel(self._project, job, times)

    def running(self) -> dict[str, Any]:
        """The jobs that run on any node, by their id, as list_jobs() shows them."""
        return {row.job: row for row in self._node.queue.listed("running") if row.project == self._project}

    def _pending(self) -> Pending:
        rows = [row for row in self._node.queue.listed("pending") if row.project == self._project]
        return [{**row.arguments, "name": row.spider, "_job": row.job} for row in rows]
