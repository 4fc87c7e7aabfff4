"""PDF: the text of its pages, a form feed between them, so that a place in the text tells its page."""

from __future__ import annotations

from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ims_spiders.text.formats import Reading, Unreadable
from ims_spiders.text.limits import Limits

PAGE_BREAK = "\f"


def read(path: Path, limits: Limits) -> Reading:
    """The pages' text. Raises Unreadable for a file that is damaged or locked by a password."""
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is locked by a password")
        count = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Unreadable(f"the PDF is damaged: {error}") from error
    return _pages(reader, count, limits)


def _pages(reader: PdfReader, count: int, limits: Limits) -> Reading:
    """Page after page, as far as the limit goes; one broken page does not cost the others."""
    texts: list[str] = []
    length = broken = 0
    why = ""
    for number in range(count):
        try:
            text = reader.pages[number].extract_text().replace(PAGE_BREAK, "\n")
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - pypdf lets whatever a malformed page brings about pass through
            text = ""
            broken += 1
            why = str(error) or type(error).__name__
        texts.append(text)
        length += len(text) + 1
        if length > limits.characters:
            break
    if texts and broken == len(texts):
        raise Unreadable(f"none of the PDF's pages can be read: {why}")
    return Reading(PAGE_BREAK.join(texts), f"{broken} of {count} pages cannot be read" if broken else None)
