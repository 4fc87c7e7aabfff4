"""Where an export goes: to stdout, or into a file that appears under its name only when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from ims_spiders.db.durable import sync_folder
from ims_spiders.exceptions import ConfigurationError, StorageError


@contextmanager
def export_target(path: Path | None) -> Iterator[BinaryIO]:
    """The open target; None means stdout. What fails inside leaves an existing file as it was, and nothing new.

    Raises ConfigurationError when there is no folder to write into, StorageError when the disk refuses.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # A link stays one: what it points to is replaced.
    path = Path(os.path.realpath(path))
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigurationError(
            f"cannot write {path}: " + ("it is a folder" if path.is_dir() else "its folder is not there")
        )
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device takes what comes; putting a file in its place would destroy it.
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(path) as file:
                yield file
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"cannot write {path}: {reason}. Free some space or choose another place with -o."
        ) from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path` that takes its place, with its permissions, when nothing has failed."""
    temporary = path.with_name(f".{token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)
