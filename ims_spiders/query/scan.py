"""A sentence cut where its script changes: quoted phrases, Latin chunks, Hangul, Japanese, punctuation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Script(StrEnum):
    """What a piece is written in, or what it is."""

    QUOTED = "quoted"
    LATIN = "latin"  # and everything else that is neither of the others
    HANGUL = "hangul"
    JAPANESE = "japanese"
    COMMA = "comma"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the sentence; `glued` when nothing stands between it and the one before."""

    script: Script
    text: str
    start: int
    end: int
    glued: bool = False
    closed: bool = True


HANGUL = "가-힣ㄱ-ㅎㅏ-ㅣ"
JAPANESE = "ぁ-ゖァ-ヺー々〆一-鿿㐀-䶿"
_OPENING = {'"': '"', "“": "”", "「": "」", "『": "』", "‘": "’", "'": "'", "`": "`", "«": "»"}
# A quote opens where a word cannot be going on, so that don't and users' open none.
_QUOTE = re.compile(r"""(?<![A-Za-z0-9])['"`]|[“「『‘«]""")
_CLOSES = {"'": re.compile(r"'(?![A-Za-z0-9])"), "’": re.compile(r"’(?![A-Za-z0-9])")}
_PIECE = re.compile(
    rf"(?P<hangul>[{HANGUL}]+)|(?P<japanese>[{JAPANESE}]+)"
    r"|(?P<comma>,(?![0-9])|(?<![0-9]),|[、，،・/](?=[\s가-힣ぁ-ヺ一-鿿]|$)|(?<=[가-힣ァ-ヺ])/)"
    r"|(?P<stop>[;。？！?!…]+|[.:](?=\s|$))"
    rf"|(?P<latin>(?:[^\s,;、。…・？！「」『』“”\"`{HANGUL}{JAPANESE}]|(?<=[0-9]),(?=[0-9]))+)|\S"
)
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<", "】": "【", "》": "《", "）": "（", "〉": "〈"}
OPERATORS = frozenset({"|", "||", "&", "&&", "+"})
_LEADING = "([{<【《〈（'*~=:!?.|&^%;’"
_TRAILING = "'.:!?*~=|&^;’-…"


def scan(text: str) -> list[Piece]:
    """The pieces of a normalised text, in order."""
    pieces: list[Piece] = []
    position = 0
    for quoted in quotations(text):
        _scan_plain(text, position, quoted.start, pieces)
        glued = bool(pieces) and pieces[-1].end == quoted.start
        pieces.append(Piece(Script.QUOTED, quoted.text, quoted.start, quoted.end, glued, quoted.closed))
        position = quoted.end
    _scan_plain(text, position, len(text), pieces)
    return pieces


def quotations(text: str) -> list[Piece]:
    """What stands in quotes of any kind; one that is never closed goes to the end of the text."""
    found: list[Piece] = []
    position = 0
    while opening := _QUOTE.search(text, position):
        sign = _OPENING[opening[0]]
        close = _find_close(text, sign, opening.end())
        inside = text[opening.end() : close]
        position = len(text) if close is None else close + 1
        if inside.strip():
            found.append(Piece(Script.QUOTED, inside.strip(), opening.start(), position, closed=close is not None))
    return found


def _find_close(text: str, sign: str, start: int) -> int | None:
    pattern = _CLOSES.get(sign)
    if pattern is None:
        place = text.find(sign, start)
        return None if place < 0 else place
    closing = pattern.search(text, start)
    return closing.start() if closing else None


def _scan_plain(text: str, start: int, end: int, pieces: list[Piece]) -> None:
    for found in _PIECE.finditer(text, start, end):
        if found.lastgroup is None:
            continue
        script = Script(found.lastgroup)
        if script is Script.LATIN:
            _add_latin(found[0], found.start(), pieces)
        else:
            _add(script, found[0], found.start(), pieces)


def _add_latin(text: str, start: int, pieces: list[Piece]) -> None:
    """A chunk without the punctuation around it; what makes `tp_call()`, `-5212` and `C++` stays."""
    if text in OPERATORS:
        _add(Script.LATIN, text, start, pieces)
        return
    bare = text.lstrip(_LEADING)
    if bare[1:2] and text[len(text) - len(bare) - 1 : -len(bare)] == "." and bare[0].isalpha():
        bare = "." + bare  # .profile
    start += len(text) - len(bare)
    while bare:
        last = bare[-1]
        unopened = last in _BRACKETS and bare.count(last) > bare.count(_BRACKETS[last])
        if not (unopened or last in _TRAILING or last in _BRACKETS.values()):
            break
        bare = bare[:-1]
    # Punctuation alone is nothing to search for.
    if any(sign.isalnum() or not sign.isascii() for sign in bare):
        _add(Script.LATIN, bare, start, pieces)


def _add(script: Script, text: str, start: int, pieces: list[Piece]) -> None:
    glued = bool(pieces) and pieces[-1].end == start
    pieces.append(Piece(script, text, start, start + len(text), glued))
