"""Names for attachments on disk: unique within their issue, readable, and unable to leave their folder. No I/O."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath

from ims_spiders.items import Attachment

LONGEST_NAME = 180
"""Bytes. Most file systems take 255, and the temporary name and copies made by people need some room."""

# Separators of three systems and what Windows refuses.
_UNSAFE = re.compile(r'[/\\:*?"<>|]+')
_RESERVED = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file name without path, control characters or leading dots, at most LONGEST_NAME bytes of UTF-8.

    The extension survives. A name of which nothing is left becomes `file`.
    """
    cleaned = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    # Not printable: controls, and direction marks that disguise an extension.
    printable = "".join(char if char.isprintable() else "_" for char in cleaned.replace("\\", "/").rsplit("/", 1)[-1])
    cleaned = _UNSAFE.sub("_", printable).strip(" ._")
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = f"file_{cleaned}".rstrip("_")
    suffix = PurePosixPath(cleaned).suffix[:20]
    stem = cleaned.removesuffix(suffix)
    room = LONGEST_NAME - len(suffix.encode())
    while len(stem.encode()) > room:
        stem = stem[:-1]
    return f"{stem}{suffix}".rstrip(" ._")


def attachment_path(issue_id: str, attachment: Attachment, others: list[Attachment]) -> str:
    """Where the file goes, relative to the data folder: `attachments/<issue>/<file_id>-<safe name>`.

    A patch file may carry the same number as a file of the issue; it is then told apart by its kind. Where that makes
    the name of another file (7, `patch-a.txt`, and the patch 7, `a.txt`), a hash of its number and kind does.
    """
    own, name = (attachment.kind, attachment.file_id), _name(attachment, others)
    before = [other for other in others if (other.kind, other.file_id) < own]
    if any(name.startswith(f"{_number(other)}-") and _name(other, others) == name for other in before):
        digest = hashlib.sha256(" ".join(own).encode("utf-8", "replace")).hexdigest()[:16]
        name = f"{digest}-{safe_name(attachment.filename)}"
    return f"attachments/{issue_id}/{name}"


def _name(attachment: Attachment, others: list[Attachment]) -> str:
    shared = any(
        other is not attachment and other.file_id == attachment.file_id and other.kind < attachment.kind
        for other in others
    )
    mark = f"{_number(attachment)}-{attachment.kind.lower()}" if shared else _number(attachment)
    return f"{mark}-{safe_name(attachment.filename)}"


def _number(attachment: Attachment) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "_", attachment.file_id)[:60]


def file_type(name: str) -> str | None:
    """The extension in lower case without its dot; None without one."""
    suffix = PurePosixPath(safe_name(name)).suffix.lower().lstrip(".")
    return suffix or None
