"""What `jobstorage` in deploy/scrapyd-cluster.conf names: the jobs of all nodes that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scrapyd.config import Config
from scrapyd.interfaces import IJobStorage
from scrapyd.launcher import ScrapyProcessProtocol
from zope.interface import implementer  # type: ignore[import-untyped]

from ims_spiders.daemon.launcher import JobProcess
from ims_spiders.daemon.node import this_node


@implementer(IJobStorage)
class PostgresJobStorage:
    """Reading raises QueueUnavailable, which becomes the message of the HTTP answer; adding never waits."""

    def __init__(self, config: Config):
        self._node = this_node()

    def add(self, job: JobProcess) -> None:
        """One of this node's has ended."""
        self._node.ended(job.ticket, job.exit_code)

    def list(self) -> list[Any]:
        """All of them, the latest first."""
        return [*self]

    def __len__(self) -> int:
        return len(self._node.ended_jobs())

    def __iter__(self) -> Iterator[Any]:
        for row in self._node.ended_jobs():
            job = ScrapyProcessProtocol(row.project, row.spider, row.job, env={}, args=[])
            job.start_time, job.end_time = _local(row.started_at or row.ended_at), _local(row.ended_at)
            yield job


def _local(moment: datetime) -> datetime:
    """As Scrapyd itself notes times: this machine's, without their zone."""
    return moment.astimezone().replace(tzinfo=None)
