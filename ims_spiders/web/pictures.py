"""Which files may be shown as pictures: those whose first bytes are a picture's of a kind that holds no program."""

from __future__ import annotations

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
HEAD_BYTES = 16


def picture_type(head: bytes) -> str | None:
    """The media type that the first bytes of a file say, or None. Never SVG, which may hold scripts."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None
