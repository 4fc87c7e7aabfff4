"""Text in the one form that the rules work on: composed, of usual width, without characters that are no text."""

from __future__ import annotations

import re
import unicodedata

# Full-width ASCII, the ideographic blank, half-width kana and Hangul; not ㎏, ① and the like, which NFKC also changes.
_ODD_WIDTH = re.compile("[\uff01-\uff5e\u3000\uff61-\uffdc\uffe0-\uffee]+")
# Controls, surrogates, and characters without a meaning that everybody shares.
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff]")
# What is there but not seen: byte order marks, zero-width blanks, direction marks.
_UNSEEN = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2064]")


def normalised(text: str) -> str:
    """The text with Hangul and kana composed, widths as usual, every blank a plain one; what is no text is a blank."""
    composed = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    usual = _ODD_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), composed)
    return " ".join(_NO_TEXT.sub(" ", usual).split())


def folded(text: str) -> str:
    """For comparing: normalised and without case."""
    return normalised(text).replace("’", "'").casefold()


def is_text(text: str) -> bool:
    """Whether every character is text that people see; a blank is."""
    return not (_NO_TEXT.search(text) or _UNSEEN.search(text))
