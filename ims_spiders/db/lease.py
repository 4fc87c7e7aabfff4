"""The right of a job's process to write, kept up from a thread; who lost it writes no more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ims_spiders.db.jobs import JobQueue
from ims_spiders.exceptions import LeaseLost, QueueUnavailable

logger = logging.getLogger(__name__)

MARGIN = 0.9
"""The part of the lease after which this process stops to count on it: what it is writing then takes time, too."""
LONGEST_PAUSE = 5.0
"""Seconds between renewals, at most: with them comes the word that the job was cancelled."""


class Lease:
    """Renewed until `end`, or until it is lost: to another node, or because the database was away for too long.

    The database can be away for as long as the lease holds. Then nobody could know whether the job was given away.
    """

    def __init__(self, queue: JobQueue, job_id: int, token: int, seconds: float):
        self._queue = queue
        self._job_id, self._token = job_id, token
        self._seconds = seconds
        self._deadline = now() + seconds * MARGIN
        self._session: str | None = None
        self._lost = False
        self._told = 0
        self._on_cancel: Callable[[int], object] = lambda times: None
        self._on_loss: Callable[[], object] = lambda: None
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def begin(self) -> None:
        """Renew it for the first time, trying for as long as it could last. Raises LeaseLost."""
        while True:
            try:
                self._renew()
                break
            except QueueUnavailable as error:
                self.require()
                logger.warning("%s", error)
                time.sleep(self._pause())
        self.require()
        self._thread.start()

    def watch(self, on_cancel: Callable[[int], object], on_loss: Callable[[], object]) -> None:
        """What to call, in the lease's own thread: with how often the job was cancelled, and when the lease is lost."""
        self._on_cancel, self._on_loss = on_cancel, on_loss
        self._told = 0
        self._wake.set()

    def left(self) -> float:
        """For how many more seconds this process may write; 0 or less when it may not any more."""
        return 0.0 if self._lost else self._deadline - now()

    def holds(self) -> bool:
        """Whether this process may write."""
        return self.left() > 0

    def require(self) -> None:
        """Raises LeaseLost when this process may not write any more."""
        if not self.holds():
            raise LeaseLost("this job's lease is lost: it may run elsewhere by now, and writes nothing more from here")

    def guard(self, connection: Any) -> None:
        """For the beginning of a transaction: nobody else gets the job before it ends. Raises LeaseLost."""
        if not self._queue.holds(connection, self._job_id, self._token):
            self._lost = True
        self.require()

    def note_session(self, session_uuid: str) -> None:
        """Have the queue know the session, for whoever runs the job again. Does not wait for it."""
        self._session = session_uuid
        self._wake.set()

    def end(self, exit_code: int, first_wait: float) -> None:
        """Tell the queue how it ended. Where that fails the node tells it, or the lease runs out."""
        self._ended.set()
        self._wake.set()
        try:
            state = self._queue.end(self._job_id, self._token, exit_code, first_wait)
            logger.info("The queue has the job as %s", state or "somebody else's")
        except QueueUnavailable as error:
            logger.warning("%s", error)
        self._queue.close()

    def _keep(self) -> None:
        while not self._ended.is_set():
            self._wake.wait(self._pause())
            self._wake.clear()
            if self._ended.is_set():
                return
            try:
                self._renew()
            except QueueUnavailable as error:
                logger.warning("%s; the job goes on while its lease holds", error)
            if not self.holds():
                self._lost = True
                logger.error("The lease of this job is lost; it stops")
                self._on_loss()
                return

    def _renew(self) -> None:
        asked = now()
        cancels = self._queue.renew(self._job_id, self._token, self._seconds, self._session)
        if cancels is None:
            self._lost = True
            return
        self._deadline = asked + self._seconds * MARGIN
        if cancels > self._told:
            self._told = cancels
            self._on_cancel(cancels)

    def _pause(self) -> float:
        return min(self._seconds / 6, LONGEST_PAUSE)


def now() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
