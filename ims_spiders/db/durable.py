"""Writing a file so that its name appears only when its content is on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from ims_spiders.exceptions import StorageError


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` under `path`: temporary name, fsync, rename, fsync of the folder.

    A reader sees the old file or the whole new one, also after a power cut. `mode` are the permission bits.
    Raises StorageError when the disk refuses; then nothing of the new content is left.
    """
    with refused_by_disk(path):
        make_folder(path.parent)
        temporary = path.with_name(f".{token_hex(8)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


def append_durably(path: Path, line: bytes) -> None:
    """Append one line, then fsync. Raises StorageError when the disk refuses.

    A line that a crash or a full disk has torn is ended first, so that it cannot swallow this one.
    """
    with refused_by_disk(path):
        new = not path.exists()
        if not new and path.is_file() and _ends_torn(path):
            line = b"\n" + line
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            while line:
                # A disk that is nearly full takes a part, and says so by its count only.
                line = line[file.write(line) or 0 :]
            os.fsync(file.fileno())
        if new:
            sync_folder(path.parent)


def _ends_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each one durable in its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable: a rename is only safe after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def refused_by_disk(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that names the file and says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"cannot write {path}: {reason}. Free some space or set IMS_DATA_DIR to another disk, then resume."
        raise StorageError(message) from error
