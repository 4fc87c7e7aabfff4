"""Whether this crawl is a job of Scrapyd's, and whether a stop by signal was its cancellation."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

CANCEL_MARK = "IMS_CANCEL_MARK"
"""Set by daemon/runner.py: the file that is there once the job was cancelled (daemon/services.py)."""


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
    """The close reason with `cancelled` in the place of `shutdown` for a job that was cancelled.

    A machine that goes down stops jobs with the same signals. This project's own service leaves a mark; under a
    Scrapyd with its stock service, which leaves none, each stop by signal is taken for a cancellation.
    """
    if reason != "shutdown" or scrapyd_job() is None:
        return reason
    mark = os.environ.get(CANCEL_MARK)
    return "cancelled" if mark is None or Path(mark).exists() else reason
