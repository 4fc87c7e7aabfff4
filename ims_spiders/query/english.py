"""English: Latin chunks, the longest known expressions first, become tokens."""

from __future__ import annotations

import re

from ims_spiders.query.lexicon import Lexicon, Words
from ims_spiders.query.scan import Piece, Script
from ims_spiders.query.tokens import Kind, Role, Token

_NUMBER = re.compile(r"#?([0-9]+)")
_PLAIN = re.compile(r"[A-Za-z]+(?:[-'][A-Za-z]+)*")
_AHEAD = frozenset({Role.BOTH, Role.EITHER, Role.NOT})
_SAYING = frozenset({Role.BOTH, Role.EITHER, Role.TERM})
_OUT_OF = ("out", "of")


class English:
    """Reads one Latin chunk or more of a sentence's pieces at a time."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._words = lexicon.en
        self._negatives = lexicon.plain["en/negatives"]

    def opening(self, pieces: list[Piece]) -> tuple[list[Token], int]:
        """What only asks, at the beginning: please, show me all the, and the like. Also how many pieces that is."""
        lexicon = self._lexicon
        tokens: list[Token] = []
        place = self._skip(pieces, 0, lexicon.openers, tokens)
        if place and place < len(pieces) and pieces[place].script is Script.COMMA:
            place = self._skip(pieces, place + 1, lexicon.openers, tokens)
        length = self._longest(pieces, place, lexicon.requests)
        if length:
            tokens.append(_token(Role.DROP, pieces[place : place + length]))
        place = self._skip(pieces, place + length, lexicon.determiners, tokens)
        return (tokens, place) if place else ([], 0)

    def _skip(self, pieces: list[Piece], place: int, words: Words, tokens: list[Token]) -> int:
        while (length := self._longest(pieces, place, words)) and not self._chooses(pieces, place):
            tokens.append(_token(Role.DROP, pieces[place : place + length]))
            place += length
        return place

    def _chooses(self, pieces: list[Piece], place: int) -> bool:
        """Whether "any of", "all of" and the like, or a fixed expression, begin here: they say something."""
        length = self._longest(pieces, place, self._words)
        return self._words.roles.get(_key(pieces[place : place + length])) in _SAYING

    def read(self, pieces: list[Piece], place: int) -> tuple[Token, int]:
        """The token that begins with the Latin piece at `place`, and how many pieces it takes."""
        length = self._longest(pieces, place, self._words)
        if length:
            role = self._words.roles[_key(pieces[place : place + length])]
            taken = pieces[place : place + length]
            if role is Role.TERM:
                return _token(role, taken, Kind.PHRASE), length
            return _token(role, taken, ahead=role in _AHEAD), length
        word = pieces[place].text.casefold()
        following = self._run(pieces, place, 3)
        if word in self._negatives and len(following) > 1 and self._content(following[1]):
            return _token(Role.TERM, following[:2], Kind.PHRASE), 2
        if tuple(piece.text.casefold() for piece in following[:2]) == _OUT_OF and len(following) == 3:
            return _token(Role.TERM, following, Kind.PHRASE), 3
        return term(pieces[place]), 1

    def _content(self, piece: Piece) -> bool:
        return _PLAIN.fullmatch(piece.text) is not None and piece.text.casefold() not in self._words.roles

    def _longest(self, pieces: list[Piece], place: int, words: Words) -> int:
        """How many pieces from here on make the longest known expression; 0 when none does."""
        run = self._run(pieces, place, words.longest)
        return next((size for size in range(len(run), 0, -1) if _key(run[:size]) in words.roles), 0)

    def _run(self, pieces: list[Piece], place: int, most: int) -> list[Piece]:
        run: list[Piece] = []
        for piece in pieces[place : place + most]:
            if piece.script is not Script.LATIN or (run and piece.glued):
                break
            run.append(piece)
        # What hangs on a word of another script is no word of its own.
        if run:
            after = place + len(run)
            hangs = after < len(pieces) and pieces[after].glued and pieces[after].script is Script.HANGUL
            if hangs and len(run) > 1:
                run.pop()
        return run


def term(piece: Piece) -> Token:
    """A Latin chunk that is searched for as it stands; `#348115` is the number. It begins where its text does."""
    number = _NUMBER.fullmatch(piece.text)
    if number:
        return Token(Role.TERM, number[1], piece.start + number.start(1), piece.end, Kind.NUMBER)
    kind = Kind.WORD if _PLAIN.fullmatch(piece.text) else Kind.CODE
    text = piece.text.lstrip("+") or piece.text
    return Token(Role.TERM, text, piece.end - len(text), piece.end, kind)


def _key(pieces: list[Piece]) -> str:
    return " ".join(piece.text.replace("’", "'").casefold() for piece in pieces)


def _token(role: Role, pieces: list[Piece], kind: Kind = Kind.WORD, *, ahead: bool = False) -> Token:
    text = " ".join(piece.text for piece in pieces)
    return Token(role, text, pieces[0].start, pieces[-1].end, kind, ahead)
