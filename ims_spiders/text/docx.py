"""DOCX: headers, then paragraphs and tables in reading order, notes and comments, footers; cells separated by tabs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from lxml.etree import LxmlError

from ims_spiders.text.formats import Reading, Unreadable
from ims_spiders.text.limits import MEGABYTE, Limits

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PARAGRAPH, TABLE, ROW, CELL = W + "p", W + "tbl", W + "tr", W + "tc"
CHARACTERS = {W + "tab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-"}
# Formatting holds tab stops that are no tabs; a fallback repeats the text of the shape before it for older programs.
SKIPPED = {W + "pPr", W + "rPr", "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
NOTES = ("/word/footnotes.xml", "/word/endnotes.xml", "/word/comments.xml")


def read(path: Path, limits: Limits) -> Reading:
    """The document's text. Raises Unreadable when it is damaged or would unpack to more than the limits allow."""
    try:
        _refuse_bombs(path, limits)
        document = docx.Document(str(path))
        texts = (_margins(document, "header"), *_bodies(document), _margins(document, "footer"))
    except (zipfile.BadZipFile, LxmlError, KeyError, ValueError, AttributeError, EOFError) as error:
        raise Unreadable(f"the DOCX is damaged: {error}") from error
    return Reading("\n".join(text.strip("\n") for text in texts if text.strip()))


def _refuse_bombs(path: Path, limits: Limits) -> None:
    """Believe what the archive says of its size: if it lies, the memory limit ends it."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > limits.unpacked:
        raise Unreadable(f"it unpacks to {size // MEGABYTE} MB, {limits.unpacked // MEGABYTE} are allowed")


def _bodies(document: Any) -> Iterator[str]:
    yield _text(document.element.body)
    parts = {str(part.partname): part for part in document.part.package.iter_parts()}
    for name in NOTES:
        if name in parts:
            yield _text(parse_xml(parts[name].blob))


def _margins(document: Any, which: str) -> str:
    """All headers or footers, each line once: most sections share theirs."""
    lines: dict[str, None] = {}
    for section in document.sections:
        for kind in ("", "first_page_", "even_page_"):
            part = getattr(section, kind + which)
            if not part.is_linked_to_previous:
                lines.update(dict.fromkeys(line for line in _text(part._element).splitlines() if line.strip()))
    return "\n".join(lines)


def _text(element: Any) -> str:
    """What a reader sees of an element; python-docx leaves out content controls, insertions and text boxes."""
    tag = element.tag
    if tag in SKIPPED:
        return ""
    if tag == W + "t":
        return element.text or ""
    if tag == ROW:
        return "\t".join(" ".join(_text(cell).split()) for cell in _cells(element)) + "\n"
    inner = CHARACTERS.get(tag, "") + "".join(map(_text, element))
    return inner + "\n" if tag == PARAGRAPH else inner


def _cells(row: Any) -> Iterator[Any]:
    """The cells of a row, also those inside a content control, but not those of a table within a cell."""
    for child in row:
        if child.tag == CELL:
            yield child
        elif child.tag != TABLE:
            yield from _cells(child)
