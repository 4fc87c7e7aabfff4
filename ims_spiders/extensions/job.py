"""Whether this crawl is a job of Scrapyd's, and whether a stop by signal was its cancellation."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

CANCEL_MARK = "IMS_CANCEL_MARK"
"""Set by daemon/runner.py: the file that is there once the job was cancelled (daemon/services.py)."""


class HeldLease(Protocol):
    """What a job that was taken from a queue of many nodes needs to write (db/lease.py)."""

    def holds(self) -> bool:
        """Whether this process may write."""

    def require(self) -> None:
        """Raises LeaseLost when it may not."""

    def guard(self, connection: Any) -> None:
        """The same for the beginning of a transaction, until its end."""

    def note_session(self, session_uuid: str) -> None:
        """Have the queue know which session this job writes."""


_held: list[HeldLease] = []
"""At most one: a process runs one job."""


def hold_lease(lease: HeldLease | None) -> None:
    """Say under which lease this process crawls; None for under none."""
    _held[:] = [lease] if lease is not None else []


def held_lease() -> HeldLease | None:
    """The lease under which this process crawls; None where there is no queue of many nodes."""
    return _held[0] if _held else None


def scrapyd_job() -> str | None:
    """The job's id, which Scrapyd's launcher hands on as `-a _job=ID`; None in any other process."""
    found = [value for flag, value in pairwise(sys.argv) if flag == "-a" and value.startswith("_job=")]
    return found[0].removeprefix("_job=") if found else None


def note_job(record: dict[str, Any]) -> None:
    """Write the job's id into the latest run of a session's record, so that each can be found by the other."""
    job = scrapyd_job()
    if job is not None:
        record["metadata"]["runs"][-1]["job"] = job


def stop_reason(reason: str) -> str:
    """The close reason with `cancelled` in the place of `shutdown` for a job that was cancelled, or `lease_lost`.

    A machine that goes down stops jobs with the same signals. This project's own service leaves a mark; under a
    Scrapyd with its stock service, which leaves none, each stop by signal is taken for a cancellation.
    """
    lease = held_lease()
    if lease is not None and not lease.holds():
        return "lease_lost"
    if reason != "shutdown" or scrapyd_job() is None:
        return reason
    mark = os.environ.get(CANCEL_MARK)
    return "cancelled" if mark is None or Path(mark).exists() else reason
