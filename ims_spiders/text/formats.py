"""The formats: how each is told from its content, and what reads it. A new format is one more entry here."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ims_spiders.text.limits import Limits

HEAD_BYTES = 64 * 1024
"""How much of a file's beginning decides what it is."""


class Unreadable(Exception):  # noqa: N818 - named after what happened
    """The file cannot be read; the text says why. Raised by readers; becomes an extraction's reason."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a format is recognised by: the file, its beginning, and its name in lower case for when content is mute."""

    path: Path
    head: bytes
    filename: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader got out of a file, and a note on what it had to leave out."""

    text: str
    note: str | None = None


Reader = Callable[[Path, Limits], Reading]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `module` has a function `read(path, limits)`; None when nothing reads this kind yet."""

    name: str
    recognises: Callable[[Sample], bool]
    module: str | None = None

    def reader(self) -> Reader:
        """What reads it; imported on first use, since no file needs the libraries of all formats."""
        assert self.module is not None
        read: Reader = import_module(self.module).read
        return read


def recognise(path: Path, filename: str) -> Format | None:
    """The format of a file by its content first and its name second; None when it is none of them.

    Raises OSError when the file cannot be opened.
    """
    with path.open("rb") as file:
        sample = Sample(path, file.read(HEAD_BYTES), filename.lower())
    return next((one for one in FORMATS if one.recognises(sample)), None)


def _is_pdf(sample: Sample) -> bool:
    if sample.head.startswith(b"%PDF-"):
        return True
    # Mail gateways put bytes before the mark; a log that only speaks of PDF is not one.
    return b"%PDF-" in sample.head[:1024] and (sample.filename.endswith(".pdf") or not _is_plain(sample))


def _is_docx(sample: Sample) -> bool:
    return sample.head.startswith(b"PK\x03\x04") and (
        "word/document.xml" in _members(sample.path)
        or (not _members(sample.path) and sample.filename.endswith(".docx"))
    )


def _members(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, EOFError):
        return set()


def _is_known_binary(sample: Sample) -> bool:
    return sample.head.startswith(BINARY_MARKS)


def _is_plain(sample: Sample) -> bool:
    from ims_spiders.text.plain import looks_like_text

    return looks_like_text(sample.head)


BINARY_MARKS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"{\\rtf",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"\x1f\x8b",
    b"\x7fELF",
    b"%!PS-Adobe",
)
"""Beginnings of files that are no plain text although some of them are made of letters."""

FORMATS: tuple[Format, ...] = (
    Format("pdf", _is_pdf, "ims_spiders.text.pdf"),
    Format("docx", _is_docx, "ims_spiders.text.docx"),
    Format("binary", _is_known_binary),
    Format("plain", _is_plain, "ims_spiders.text.plain"),
)
"""In the order in which they are tried."""
