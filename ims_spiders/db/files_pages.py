"""pages.jsonl of a session: written line by line by its crawl, read back whole or in parts."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from typing import Any

from ims_spiders.db.durable import refused_by_disk
from ims_spiders.db.files import JsonObject, SessionFolder

LONGEST_LINE = 1_000_000
"""Bytes; what is longer is no line of ours, and is not read into memory whole."""


class PagesFile:
    """The end of pages.jsonl, where a crawl notes what it was answered."""

    def __init__(self, folder: SessionFolder):
        self._folder = folder
        self._sequence: int | None = None
        self._torn = False

    def append(self, entry: JsonObject) -> None:
        """Add an answer under the next number; an earlier run's are counted on. Raises StorageError.

        Nobody waits until the disk has it: there are some ten lines an issue, and nothing hangs on them.
        """
        self._folder.guard()
        with refused_by_disk(self._folder.pages_path):
            number = self._last() + 1
            line = json.dumps({"sequence": number, **entry}, ensure_ascii=False)
            content = (("\n" if self._torn else "") + line + "\n").encode("utf-8", "backslashreplace")
            with self._folder.pages_path.open("ab", buffering=0) as file:
                if file.write(content) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._sequence, self._torn = number, False

    def _last(self) -> int:
        """The highest number so far, also whether the file ends in a line that a crash has torn."""
        if self._sequence is None:
            self._sequence = 0
            for _, line, value in read_lines(self._folder):
                self._torn = not line.endswith(b"\n")
                number = value.get("sequence") if isinstance(value, dict) else None
                if type(number) is int:
                    self._sequence = max(self._sequence, number)
        return self._sequence


def read_lines(folder: SessionFolder, offset: int = 0) -> Iterator[tuple[int, bytes, Any]]:
    """Each line of pages.jsonl from a place on: the place behind it, its bytes, its value or None if it is no JSON."""
    if not folder.pages_path.is_file():
        return
    with folder.pages_path.open("rb") as file:
        file.seek(offset)
        while line := file.readline(LONGEST_LINE):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            yield file.tell(), line, value
