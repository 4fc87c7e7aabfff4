"""Makes Chinese characters of a PDF findable: Chromium says of some that they are radicals, which look the same.

A font has one shape for 青 (U+9752) and the radical ⻘ (U+2ED8), and Chromium notes down whichever comes first. Whoever
searches the PDF for 青, or copies it, would not find it. What a font's shapes mean stands in its ToUnicode map (ISO
32000-1, 9.10.3).
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

_BLOCK = re.compile(rb"\d+ beginbf(char|range)\s(.*?)endbf\1\s", re.DOTALL)
_ENTRY = {
    b"char": re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>"),
    b"range": re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>"),
}
_RADICAL = re.compile("[\u2e80-\u2fd5]")
_MOST_IN_A_BLOCK = 100
# What Unicode's EquivalentUnifiedIdeograph.txt says of radicals that have no decomposition.
_UNIFIED = str.maketrans(
    "⺟⺠⺬⺼⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻲⻳",
    "母民示肉虎西见角贝车長长门青韦页风飞食马鬼鱼鸟卤麦黄黾斉齐歯齿竜龙亀龟",
)


def searchable(pdf: bytes) -> bytes:
    """The PDF, in which every character that can be told from its radical is itself."""
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    for stream in {id(stream): stream for page in writer.pages for stream in _maps(page.get("/Resources"))}.values():
        told = stream.get_data()
        corrected = _BLOCK.sub(lambda block: _without_radicals(block[1], block[2], block[0]), told)
        if corrected != told:
            stream.set_data(corrected)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _maps(resources: Any) -> Iterator[Any]:
    """The ToUnicode maps of the fonts that a page or a part of one uses."""
    if resources is None:
        return
    for font in resources.get_object().get("/Font", {}).values():
        if "/ToUnicode" in font.get_object():
            yield font.get_object()["/ToUnicode"].get_object()
    for part in resources.get_object().get("/XObject", {}).values():
        yield from _maps(part.get_object().get("/Resources"))


def _without_radicals(kind: bytes, entries: bytes, block: bytes) -> bytes:
    """The block as single characters, when there is a radical in it; else as it was."""
    pairs = list(_pairs(kind, entries))
    if not any(_RADICAL.search(character) for _, character in pairs):
        return block
    lines = [
        b"<%s> <%s>\n" % (code, _unified(character).encode("utf-16-be").hex().encode()) for code, character in pairs
    ]
    parts = [lines[start : start + _MOST_IN_A_BLOCK] for start in range(0, len(lines), _MOST_IN_A_BLOCK)]
    return b"".join(b"%d beginbfchar\n%sendbfchar\n" % (len(part), b"".join(part)) for part in parts)


def _pairs(kind: bytes, entries: bytes) -> Iterator[tuple[bytes, str]]:
    """Each code of a shape with the text that it stands for."""
    for found in _ENTRY[kind].finditer(entries):
        first, last = found[1], found[2] if kind == b"range" else found[1]
        text = bytes.fromhex(found[found.lastindex or 0].decode()).decode("utf-16-be")
        for step in range(int(last, 16) - int(first, 16) + 1):
            code = b"%0*X" % (len(first), int(first, 16) + step)
            yield code, text[:-1] + chr(ord(text[-1]) + step)


def _unified(text: str) -> str:
    """Radicals as the characters that look like them."""
    return _RADICAL.sub(lambda found: unicodedata.normalize("NFKC", found[0]).translate(_UNIFIED), text)
