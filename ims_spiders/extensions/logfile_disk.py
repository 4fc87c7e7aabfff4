"""The session's log on a disk that fills: it is said once, and the crawl goes on without its log."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path

from ims_spiders.db.durable import refused_by_disk


class LogFile(logging.FileHandler):
    """Appends to a file as logging's own does, which would print a traceback for each line that the disk refuses."""

    def __init__(self, path: Path):
        """Raises StorageError when the file cannot be opened."""
        with refused_by_disk(path):
            super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._said = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Called for each record that could not be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._said and sys.stderr is not None:
            self._said = True
            with suppress(OSError):
                sys.stderr.write(f"cannot write {self.baseFilename}: {error.strerror}; the crawl goes on without it\n")

    def close(self) -> None:
        """Write what is left, as far as the disk takes it."""
        with suppress(OSError):
            super().close()
