"""The doctor's checks of disks: whether a file can really be made durable there, and whether there is room."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ims_spiders.cli.checks_result import Check, bad, good
from ims_spiders.db.durable import sync_folder
from ims_spiders.pipelines.names import LONGEST_NAME

GIGABYTE = 1 << 30
FREE_BYTES = GIGABYTE
FREE_TEMPORARY = GIGABYTE // 4
"""A browser's profile and cache take most of it."""
FREE_FILES = 10_000
"""Entries that a file system must still be able to make: an issue with its attachments takes some ten."""
PATH_ROOM = 400
"""Bytes of a path that come after the data folder's, with room for temporary names."""
ELSEWHERE = "set IMS_DATA_DIR to a folder on another disk"


class Refused(Exception):  # noqa: N818 - named after what happened
    """The disk refused a step; the text says which and why."""


def data_folder(folder: Path) -> Check:
    """Files can be written durably below it, and there is room; so also where the embedded database lies."""
    name = "Data folder"
    existing = nearest(folder)
    places = [existing, *(place for place in [folder / "postgres"] if place.is_dir())]
    for place in places:
        try:
            try_disk(place)
        except Refused as refused:
            return bad(name, f"{place}: {refused}", f"make it writable for you, or {ELSEWHERE}")
        lacking = room(place, FREE_BYTES)
        if lacking:
            return bad(name, f"{place}: {lacking}", f"free some space, or {ELSEWHERE}")
    longest = os.pathconf(existing, "PC_PATH_MAX") - PATH_ROOM
    if len(os.fsencode(folder.absolute())) > longest:
        return bad(name, f"its path is longer than {longest} bytes", "set IMS_DATA_DIR to a folder with a shorter path")
    return good(name, f"{folder} can be written durably, {free_bytes(existing) / GIGABYTE:.1f} GB free")


def temporary_folder() -> Check:
    """The browser and exports need it."""
    name = "Temporary folder"
    try:
        folder = Path(tempfile.gettempdir())
        try_disk(folder)
    except (OSError, Refused) as error:
        return bad(name, str(error), "set TMPDIR to a folder that you can write")
    lacking = room(folder, FREE_TEMPORARY)
    if lacking:
        return bad(name, f"{folder}: {lacking}", "free some space there, or set TMPDIR to a folder on another disk")
    return good(name, f"{folder} can be written, {free_bytes(folder) / GIGABYTE:.1f} GB free")


def nearest(folder: Path) -> Path:
    """The folder, or the one above it in which it would be made."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())


def free_bytes(folder: Path) -> int:
    """What this account may still write."""
    return shutil.disk_usage(folder).free


def room(folder: Path, wanted: int) -> str | None:
    """What there is too little of; None when there is enough."""
    free = free_bytes(folder)
    if free < wanted:
        return f"only {free / GIGABYTE:.1f} GB are free, of {wanted / GIGABYTE:g} GB that are needed"
    disk = os.statvfs(folder)
    # File systems that make entries as they are needed give 0 in all.
    if disk.f_files > 0 and disk.f_favail < FREE_FILES:
        return f"only {disk.f_favail} more files can be made (inodes)"
    return None


def try_disk(folder: Path) -> None:
    """Do with a small file what is done with every file of the archive; nothing of it stays. Raises Refused."""
    content = os.urandom(8192)
    with _step("cannot be written"):
        workshop = Path(tempfile.mkdtemp(prefix=".ims-doctor-", dir=folder))
    try:
        temporary, final = workshop / "new.tmp", workshop / longest_name()
        with _step("cannot be written"), temporary.open("xb") as file:
            file.write(content)
            file.flush()
            with _step("the disk does not confirm what was written (fsync)"):
                os.fsync(file.fileno())
        with _step("knows no locks (flock), which keep two crawls out of one session"), temporary.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with _step(f"does not take names of {len(final.name.encode())} bytes"):
            temporary.replace(final)
        with _step("the disk does not confirm new names (fsync of the folder)"):
            sync_folder(workshop)
        with _step("does not give back what was written"):
            if final.read_bytes() != content or list(workshop.iterdir()) != [final]:
                raise Refused("gives back other names or bytes than were written")
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def longest_name() -> str:
    """As long as an attachment's can be, which has its number and kind before its name; Korean."""
    # Where the environment's charset has no Korean, that is what another check tells.
    name = ("한" if sys.getfilesystemencoding() == "utf-8" else "han") * (LONGEST_NAME // 3)
    return f"{'0' * 60}-inline-{name}"


@contextmanager
def _step(refusal: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{refusal}: {error.strerror or error}") from error
