"""Small PNG images, written with nothing but zlib, always the same for the same seed."""

from __future__ import annotations

import struct
import zlib
from random import Random


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(seed: str, side: int = 24) -> bytes:
    """A square image of coloured noise with `side` pixels a side."""
    rng = Random(seed)
    rows = b"".join(b"\0" + rng.randbytes(side * 3) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
