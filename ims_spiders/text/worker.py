"""The child process: reads one file after the other, each within its limits, and answers in frames on a pipe."""

from __future__ import annotations

import json
import logging
import os
import struct
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from ims_spiders.text.formats import Unreadable, recognise
from ims_spiders.text.limits import Limits, hold_to, write_nothing

HEADER = struct.Struct(">I")


class Answer(TypedDict):
    """What became of one file. `spent` says that the child's memory is full of it, so that another should go on."""

    status: str
    text: str | None
    reason: str | None
    spent: bool


def main() -> None:
    """Answer requests, one JSON object a line, until the pipe is closed."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What a library prints must not get between the frames.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    logging.disable()
    warnings.simplefilter("ignore")
    write_nothing()
    for line in sys.stdin.buffer:
        _send(answers, _answer(json.loads(line)))


def _answer(request: dict[str, Any]) -> Answer:
    limits = Limits(**request["limits"])
    hold_to(limits)
    try:
        return extract(Path(request["path"]), request["filename"], limits)
    except Unreadable as error:
        return _result("failed", reason=str(error))
    except MemoryError:
        return _result("failed", reason=f"reading it takes more than {limits.memory >> 20} MB of memory", spent=True)
    except Exception as error:  # noqa: BLE001 - a reader's surprise is the file's failure, not the crawl's
        return _result("failed", reason=f"{type(error).__name__}: {error}")


def extract(path: Path, filename: str, limits: Limits) -> Answer:
    """Status, text and reason of one file. Raises what its reader raises."""
    found = recognise(path, filename)
    if path.stat().st_size == 0:
        return _result("empty", reason="the file has no content")
    if found is None or found.module is None:
        return _result("unsupported", reason="no text is read from files of this kind")
    reading = found.reader()(path, limits)
    text = _clean(reading.text)
    if not text.strip():
        return _result("empty", reason="there is no text in it")
    if len(text) > limits.characters:
        return _result("extracted", text[: limits.characters], f"cut after {limits.characters} characters")
    return _result("extracted", text, reading.note)


def _clean(text: str) -> str:
    """Line ends as `\\n`, and nothing that cannot be stored: no NULs, no halves of surrogate pairs from odd fonts."""
    text = text.replace("\r\n", "\n").replace("\x00", "")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _result(status: str, text: str | None = None, reason: str | None = None, *, spent: bool = False) -> Answer:
    """`reason` comes out as one line of a bearable length: it may quote the file."""
    return Answer(status=status, text=text, reason=reason and " ".join(reason.split())[:300], spent=spent)


def _send(answers: BinaryIO, answer: Answer) -> None:
    frame = json.dumps(answer).encode("ascii")
    answers.write(HEADER.pack(len(frame)))
    view = memoryview(frame)
    while view:
        view = view[answers.write(view) :]


if __name__ == "__main__":
    main()
