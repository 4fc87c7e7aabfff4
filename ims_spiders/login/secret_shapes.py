"""The forms in which a secret turns up in texts: quoted, escaped, encoded, and what always surrounds one. No I/O."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Letters. A shorter secret stands in ordinary words; only where it is named as one is it known (NAMED)."""
SHORTEST_CODED = 6
"""Letters of base64 that belong to the secret alone; fewer stand in any long number by chance."""

# What is left alone by Python's quote, by encodeURI and by encodeURIComponent.
_UNQUOTED = ("", "/", "!~*'()", ";,/?:@&=+$#!~*'()")
_VALUE = r"""\[?\s*b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\r\n'"]+)"""
_WORD = r"""(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|[^\s;&'"<>]+)"""
_KEYS = "password|passwd|pwd|secret|api_?key|access_token"

NAMED = re.compile(
    rf"""(?ix)
    ( jsessionid= | (?:{_KEYS})= ) {_WORD}
    | ( ["'](?:{_KEYS})["']\s*:\s* ) {_VALUE}
    | ( authorization["']?\s*[:=]\s* ) {_VALUE}
    | ( cookie["']?\s*:\s* ) {_VALUE}
    | (?<=://) ( [^\s/?\#:@]*: ) [^\s/?\#]+ (?=@)
    """
)
"""A secret that nobody knows of, by what stands before it: `password=`, session numbers, headers, user:password@."""


def hide_named(text: str) -> str:
    """The text without secrets that are named as such."""
    return NAMED.sub(lambda found: f"{found[found.lastindex or 0]}***", text)


def shapes(secret: str) -> set[str]:
    """The secret in each of its forms; none for one that is too short to be looked for anywhere."""
    if len(secret) < SHORTEST:
        return set()
    raw = secret.encode("utf-8", "replace")
    found = {secret, *_escaped(secret, raw), *_quoted(secret), *_coded(raw), raw.hex(), raw.hex().upper()}
    return {one for one in found if len(one) >= SHORTEST}


def _escaped(secret: str, raw: bytes) -> Iterator[str]:
    """As Python, JSON, HTML and connection strings write it."""
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield text
        yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(raw)[2:-1]
    # In a longer text with quotes of both kinds.
    yield repr(secret + "'\"")[1:-4]
    yield secret.replace("\\", "\\\\")
    yield secret.replace("\\", "\\\\").replace("'", "\\'")
    yield secret.replace("'", "''")
    marked = html.escape(secret)
    yield marked
    yield html.escape(secret, quote=False)
    yield marked.replace("&#x27;", "&#39;")
    yield marked.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def _quoted(secret: str) -> Iterator[str]:
    """As addresses and forms write it, in capital and small letters."""
    for text in (quote_plus(secret, errors="replace"), *(quote(secret, one, errors="replace") for one in _UNQUOTED)):
        yield text
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _coded(raw: bytes) -> Iterator[str]:
    """Those letters of base64 that hold nothing of its neighbours, wherever in a group of three bytes it begins."""
    for lead in range(3):
        begin, end = -(-lead * 8 // 6), (lead + len(raw)) * 8 // 6
        if end - begin >= SHORTEST_CODED:
            text = base64.b64encode(bytes(lead) + raw + bytes(2)).decode()[begin:end]
            yield text
            yield text.translate(str.maketrans("+/", "-_"))
