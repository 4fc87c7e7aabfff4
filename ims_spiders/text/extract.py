"""A file's text, whatever the file is: the one function that the rest of the project calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from ims_spiders.text.limits import Limits
from ims_spiders.text.pool import POOL, WorkerLost

Status = Literal["extracted", "empty", "unsupported", "failed"]


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of it. `text` is set when `status` is `extracted`; `reason` says why not, or that it was cut."""

    status: Status
    text: str | None = None
    reason: str | None = None


def extract_text(path: Path, filename: str, limits: Limits | None = None) -> Extraction:
    """Read a file in a child process within `limits` (by default `Limits()`); blocks until that is done.

    `filename` is the name it had at the tracker, asked where the content does not tell the format. Any number of
    threads may call at once, each has a child to itself. Raises nothing for a bad file: that is `failed` with a reason.
    """
    try:
        answer = POOL.ask(path, filename, limits or Limits())
    except WorkerLost as error:
        return Extraction("failed", reason=str(error))
    except OSError as error:
        return Extraction("failed", reason=f"no process to read it in: {error.strerror}")
    return Extraction(cast(Status, answer["status"]), answer["text"], answer["reason"])
