"""Plain text of any charset: logs, csv, source and configuration files."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ims_spiders.text.formats import Reading, Unreadable
from ims_spiders.text.limits import Limits

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY = ["cp949", "cp932", "euc_jp", "cp1252"]
SAMPLE_BYTES = 32 * 1024
LATIN = frozenset((*b"\t\n\r", *range(0x20, 0x7F)))
CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(path: Path, limits: Limits) -> Reading:
    """The file's text, up to the limit of characters. Raises Unreadable when no charset fits."""
    with path.open("rb") as file:
        # No charset here takes more than four bytes for a character; one more tells that there is more.
        content = file.read((limits.characters + 1) * 4)
    charset = charset_of(content)
    if charset is None:
        raise Unreadable("its charset is not known")
    return Reading(content.decode(charset, "replace"))


def looks_like_text(head: bytes) -> bool:
    """Whether a file that begins so is text: next to no control characters, in some charset or other."""
    if not head:
        return True
    if head.startswith(tuple(mark for mark, _ in MARKS)) or _wide(head):
        return True
    # Logs that were cut off while they were being written hold a run of NULs; binary files hold many short ones.
    holes = len(re.findall(rb"\x00+", head))
    rest = head.replace(b"\x00", b"")
    return bool(rest) and holes <= 1 + len(head) // 4096 and len(CONTROLS.findall(rest)) * 100 <= len(rest)


def charset_of(content: bytes) -> str | None:
    """The name of the charset, as Python knows it; None when none fits."""
    marked = next((charset for mark, charset in MARKS if content.startswith(mark)), None)
    if marked is not None:
        return marked
    wide = _wide(content[:SAMPLE_BYTES])
    if wide is not None:
        return wide
    if b"\x1b$" in content and content.isascii() and _decodes(content, "iso2022_jp"):
        return "iso2022_jp"
    if _decodes(content, "utf-8"):
        return "utf-8"
    return _legacy(content)


def _wide(head: bytes) -> str | None:
    """UTF-16 without its mark: blanks, line ends and digits have a NUL on one and the same side."""
    even = head[: len(head) // 2 * 2]
    sides = {"utf-16-le": (even[1::2], even[0::2]), "utf-16-be": (even[0::2], even[1::2])}
    for charset, (zeros, letters) in sides.items():
        latin = sum(not zero and letter in LATIN for zero, letter in zip(zeros, letters, strict=True))
        if latin * 50 > len(letters) and _decodes(even, charset) and _readable(even.decode(charset, "ignore")):
            return charset
    return None


def _readable(text: str) -> bool:
    """Whether it is made of characters that are assigned and printed."""
    printed = sum(1 for character in text if character.isprintable() or character in "\t\r\n\f")
    return printed >= len(text) * 0.97


def _decodes(content: bytes, charset: str) -> bool:
    """Whether it is valid in that charset but for a character cut in half at the end."""
    try:
        codecs.getincrementaldecoder(charset)().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _legacy(content: bytes) -> str | None:
    """One of the charsets from before Unicode, judged by the lines that are not ASCII."""
    from charset_normalizer import from_bytes

    foreign = (line for line in content.splitlines(keepends=True) if not line.isascii())
    sample = bytearray()
    for line in foreign:
        sample += line[:4096]
        if len(sample) >= SAMPLE_BYTES:
            break
    best = from_bytes(bytes(sample), cp_isolation=LEGACY).best()
    if best is not None:
        return best.encoding
    # A log that mixes charsets is still worth its ASCII part.
    return "utf-8" if sum(byte < 128 for byte in content) * 10 >= len(content) * 9 else None
