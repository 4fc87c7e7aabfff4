"""Text of strangers made fit for a report: without control characters, cut between words, its language known."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from ims_spiders.query.language import language_of

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
NONE = "(none)"
"""What stands for a value that is not there, as in the archive's views."""
_HARMLESS = {"\n", "\t", "\N{SOFT HYPHEN}", "\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}"}
_UNSEEN = {"Cc", "Cf", "Cs"}
_LINE_ENDS = re.compile("\r\n?|[\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}\x0b\x0c\x85]")
_NONCHARACTERS = 0xFFFE


def plain(value: str | None) -> str:
    """The text without what no reader sees: controls, marks that turn the direction of letters, lone surrogates.

    Each becomes U+FFFD, so that what stands beside it is neither reordered nor hidden, and the text fits into XML.
    """
    text = _LINE_ENDS.sub("\n", value or "")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(char if _is_seen(char) else REPLACEMENT for char in text)


def _is_seen(char: str) -> bool:
    if char in _HARMLESS:
        return True
    return unicodedata.category(char) not in _UNSEEN and ord(char) & 0xFFFE != _NONCHARACTERS


def one_line(value: str | None) -> str:
    """The text in one line, blanks made single."""
    return " ".join(plain(value).split())


def excerpt(value: str | None, most: int) -> str:
    """The text, or its beginning of `most` characters at most, cut between words and with an ellipsis."""
    text = re.sub(r"\n{3,}", "\n\n", plain(value)).strip()
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    between = max(cut.rfind(" "), cut.rfind("\n"))
    return (cut[:between] if between > most // 2 else cut).rstrip() + "…"


def language(text: str) -> str:
    """The language as HTML names it, by which a browser chooses the shapes of Chinese characters."""
    return language_of(text)


def web_address(url: str | None) -> str | None:
    """The address when it is one of the web that holds no account; else None, so that it becomes no link."""
    try:
        parts = urlsplit(url or "")
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
    except ValueError:
        return None
    return url if fits and url is not None and plain(url) == url and not re.search(r"\s", url) else None
