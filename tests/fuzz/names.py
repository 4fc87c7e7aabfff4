"""Target: names from pages become names on disk that stay in their folder, apart from each other and readable."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ims_spiders.db.files import SessionFolder
from ims_spiders.items import Attachment, AttachmentKind
from ims_spiders.pipelines.names import LONGEST_NAME, attachment_path, file_type, safe_name
from tests.fuzz.source import Source

KINDS: tuple[AttachmentKind, ...] = ("ISSUE", "PATCH", "INLINE")
WHEN = datetime(2026, 1, 2, tzinfo=UTC)
LONGEST = 255
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}
_NOT_IN_NAMES = set('/\\:*?"<>|')


MEMORY = Path("/dev/shm")  # noqa: S108 - only folders of its own are made there


def names(data: bytes) -> None:
    """Nothing escapes, hides or is reserved; at most 255 bytes; a second time changes nothing; no two are one."""
    source = Source(data)
    files = [_attachment(source) for _ in range(1 + source.number(3))]
    for file in files:
        safe = safe_name(file.filename)
        _check(safe)
        assert len(safe.encode()) <= LONGEST_NAME
        assert safe.split(".")[0].rstrip().casefold() not in _RESERVED
        assert safe_name(safe) == safe
        kind = file_type(file.filename)
        assert kind is None or (kind and "." not in kind)
    different = {(file.kind, file.file_id): file for file in files}
    paths = [attachment_path("348115", file, list(different.values())) for file in different.values()]
    assert len(set(paths)) == len(paths), f"two files, one path: {paths}"
    for path in paths:
        parts = PurePosixPath(path).parts
        assert parts[:2] == ("attachments", "348115")
        assert len(parts) == 3
        _check(parts[2])
    _check_session(source.text(), source.text())


def names_seeds() -> list[bytes]:
    """One file of each name, the names of two, and a session's and a page's."""
    awkward = (
        "..",
        "../x",
        ".hidden",
        "a/b",
        "CON.txt",
        "x.tar.gz",
        "오류 로그.txt",
        "a\u202etxt.exe",
        "~",
        " ",
        "'\"",
    )
    alone = [b"\x00\x00\x00\x00" + name.encode() + b"\xff\x00" for name in awkward]
    long = [one[:-1] + b"\x04" for one in alone]
    two = [b"\x01\x00\x00\x00patch-a\xff\x00\x01\x00\x00a\xff\x00", b"\x01\x00\x00\x03a\xff\x00\x00\x00\x04a\xff\x00"]
    return [*alone, *long, *two, *(one + name.encode() + b"\xff" + name.encode() for one in two for name in awkward)]


def _attachment(source: Source) -> Attachment:
    kind = source.choice(KINDS)
    file_id = source.text() if source.number(4) == 3 else source.choice(("7", "8", "7-patch", "1/2", "1_2"))
    return Attachment(file_id.strip() or "0", kind, source.text() * source.choice((1, 1, 1, 20, 90)))


def _check(name: str) -> None:
    assert name
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.isprintable()
    assert not _NOT_IN_NAMES & set(name)
    assert len(name.encode()) <= LONGEST


def _check_session(product: str, page: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ims-fuzz-", dir=_memory()) as data_dir:
        made = SessionFolder.create(Path(data_dir), "0123456789abcdef", product, WHEN)
        assert made.path.parent == Path(data_dir) / "sessions"
        _check(made.path.name)
        # As the crawl names them (extensions/errors.py).
        kept = made.quarantine(f"{page}-page.html", b"x")
        assert kept.parent == made.path / "quarantine"
        _check(kept.name)
        assert made.quarantine(kept.name, b"y") == kept


def _memory() -> str | None:
    """Where durable writes cost nothing, if there is such a place."""
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None
