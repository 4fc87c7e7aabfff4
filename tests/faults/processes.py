"""The machine's processes while a case runs: their command lines, where no secret may stand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

SECONDS = 0.25


class CommandLines:
    """Collects every command line that it sees, from a thread, until its block ends."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="command-lines", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        known: set[str] = set()
        while not self._ended.wait(SECONDS):
            there = {path.name for path in Path("/proc").iterdir() if path.name.isdecimal()}
            for number in there - known:
                self._note(number)
            known = there

    def _note(self, number: str) -> None:
        try:
            self.seen.add(Path("/proc", number, "cmdline").read_bytes())
        except OSError:
            # Gone again, or not ours to see.
            return
