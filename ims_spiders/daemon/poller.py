"""What `poller` in deploy/scrapyd-cluster.conf names: gives free slots the next jobs of the queue of all nodes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from scrapyd.config import Config
from scrapyd.interfaces import IPoller
from scrapyd.utils import get_spider_queues
from twisted.internet.defer import Deferred, DeferredQueue, inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from zope.interface import implementer  # type: ignore[import-untyped]

from ims_spiders.daemon.node import this_node

log = Logger()


@implementer(IPoller)
class ClusterPoller:
    """Asks from a thread, so that a database that is away keeps nobody waiting, and goes on asking until it is back.

    Scrapyd's own ends for good with the first exception.
    """

    def __init__(self, config: Config):
        self._config = config
        self._node = this_node()
        self._slots: DeferredQueue[dict[str, Any]] = DeferredQueue()
        self._failing = False
        self.queues: dict[str, Any] = {}
        self.update_projects()

    @inlineCallbacks
    def poll(self) -> Generator[Deferred[Any], Any, None]:
        """Called every `poll_interval` seconds, not before the last call has ended. Never fails."""
        try:
            yield deferToThread(self._node.catch_up)
            while self._slots.waiting:
                message = yield deferToThread(self._node.take, list(self.queues))
                if message is None:
                    break
                message["_spider"] = message.pop("name")
                self._slots.put(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next poll is tried
            if not self._failing:
                log.error("No jobs until the queue answers again: {error}", error=error)
            self._failing = True
            return
        if self._failing:
            log.info("The queue answers again")
        self._failing = False

    def next(self) -> Deferred[dict[str, Any]]:
        """The next job for a free slot, once there is one."""
        return self._slots.get()

    def update_projects(self) -> None:
        """Look again which projects this node can run."""
        self.queues = get_spider_queues(self._config)
