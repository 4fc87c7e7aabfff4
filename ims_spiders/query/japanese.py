"""Japanese, which has no blanks: known words are cut out, kana between them is judged, the rest is searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from ims_spiders.query.lexicon import Lexicon
from ims_spiders.query.scan import Piece
from ims_spiders.query.tokens import Role, Token

_BODY = re.compile(r"[ァ-ヺー々〆一-鿿㐀-䶿]+")
_KANA = re.compile(r"[ぁ-ゖ]+")
_CASE = re.compile("[がにでのはとや]|さ[れせ]|しな|でき|[中時後]")
_KANJI = re.compile(r"[々〆一-鿿㐀-䶿]")
# With these a verb or adjective ends; with other kana it goes on into the next kanji (文字化け処理, 読み込み).
_FINAL = frozenset("うくぐすつぬぶむるいただてで")
_DROPS = frozenset({Role.DROP, Role.FILLER})
_ASKING = frozenset({Role.DROP, Role.FILLER, Role.INTENT})
# These are put behind a word without anything between: テスト以外, 処理中の.
_SUFFIXED = frozenset({Role.NOT, Role.BREAK, Role.BOTH, Role.EITHER})


class Japanese:
    """Reads one piece of Japanese."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._roles = lexicon.ja.roles
        self._longest = lexicon.ja.longest
        self._covers: dict[tuple[str, int], list[bool]] = {}

    def read(self, piece: Piece, *, followed: bool = False) -> list[Token]:
        """Its tokens, in order; together they are the whole piece. `followed`: a word is glued to its end."""
        spans = list(self._spans(piece.text))
        tokens = [self._token(piece, role, start, end) for role, start, end in spans]
        if followed:
            return tokens
        return [self._corrected(token, after) for token, after in zip_longest(tokens, tokens[1:])]

    @staticmethod
    def _token(piece: Piece, role: Role, start: int, end: int) -> Token:
        return Token(role, piece.text[start:end], piece.start + start, piece.start + end)

    @staticmethod
    def _corrected(token: Token, following: Token | None) -> Token:
        """か asks when nothing follows it that it could offer as the other choice."""
        if token.text == "か" and (following is None or following.role in _DROPS):
            return Token(Role.DROP, token.text, token.start, token.end)
        return token

    def _spans(self, text: str) -> Iterator[tuple[Role, int, int]]:
        place = 0
        while place < len(text):
            length, role = self._known(text, place)
            if length and role is not Role.TERM:
                yield role, place, place + length
            else:
                length = self._content(text, place)
                yield Role.TERM, place, place + length
            place += length

    def _known(self, text: str, place: int) -> tuple[int, Role]:
        """The longest known word here that ends where a word can end."""
        for size in range(min(self._longest, len(text) - place), 0, -1):
            word = text[place : place + size]
            role = self._roles.get(word)
            if role is not None and self._can_stand(text, place, place + size, role):
                return size, role
        return 0, Role.TERM

    def _can_stand(self, text: str, start: int, end: int, role: Role) -> bool:
        """Whether a known word here is one, and not a part of a longer word of kanji or katakana."""
        if role is Role.TERM:
            return True
        before, after = text[start - 1 : start], text[end : end + 1]
        first, last = text[start], text[end - 1]
        inside_after = bool(_BODY.match(last) and after and _BODY.match(after))
        inside_before = bool(_BODY.match(first) and before and _BODY.match(before)) and role not in _SUFFIXED
        if inside_after and role in _ASKING:
            inside_after = self._roles.get(text[end : end + self._known(text, end)[0]]) is not Role.DROP
        if role is Role.DROP and text.startswith("一覧", start):
            inside_before = False
        if start == 0 and role in {Role.AND, Role.OR} and end == 1 and _KANA.match(after):
            return False
        if inside_after or inside_before or self._is_noun(text[start:end], role, text[end:]):
            return False
        if _KANA.match(last) and after and _KANA.match(after):
            return self._covered(text, end, _kana_end(text, end)) or role in {Role.BREAK, Role.JOIN, Role.AND, Role.OR}
        return True

    @staticmethod
    def _is_noun(word: str, role: Role, after: str) -> bool:
        """Whether a request is none: in 表示が遅い it is the screen's."""
        return role is Role.DROP and _CASE.match(after) is not None and all(map(_BODY.match, word))

    def _covered(self, text: str, start: int, end: int) -> bool:
        """Whether text[start:end], kana up to `end`, is nothing but known words (kanji may follow the last of them)."""
        if start >= end:
            return True
        key = (text, end)
        cover = self._covers.get(key)
        if cover is None:
            # Only the last is asked for again; a new dict, so that readers in other threads keep theirs.
            cover = self._cover(text, end)
            self._covers = {key: cover}
        return cover[end - start - 1]

    def _cover(self, text: str, end: int) -> list[bool]:
        """For every length of the kana before `end`, whether known words cover them to the end: 1, 2, 3 and so on."""
        found: list[bool] = []
        for start in range(end - 1, -1, -1):
            if not _KANA.match(text, start):
                break
            sizes = range(1, min(self._longest, len(text) - start) + 1)
            found.append(
                any(
                    text[start : start + size] in self._roles and (start + size >= end or found[end - start - size - 1])
                    for size in sizes
                )
            )
        return found

    def _content(self, text: str, place: int) -> int:
        """How long the word is that begins here: kanji and katakana, and the kana that belong to it."""
        end = place
        while end < len(text):
            fixed = self._expression(text, end)
            if fixed:
                return end + fixed - place
            if body := _BODY.match(text, end):
                end = self._body_end(text, end, body.end())
            else:
                end = self._own_kana(text, end)
            if end >= len(text) or not self._goes_on(text, place, end):
                break
        return end - place

    def _body_end(self, text: str, start: int, end: int) -> int:
        """Where a run of kanji and katakana ends: before a known word of kanji that ends the run (起動|時の)."""
        for place in range(start + 1, end):
            length, role = self._known(text, place)
            if length and place + length >= end and role is not Role.TERM:
                return place
        return end

    def _expression(self, text: str, place: int) -> int:
        for size in range(min(self._longest, len(text) - place), 0, -1):
            if self._roles.get(text[place : place + size]) is Role.TERM:
                return size
        return 0

    def _own_kana(self, text: str, start: int) -> int:
        """Where the kana that belong to the word end: as few as leave only known words behind them."""
        stop = _kana_end(text, start)
        for end in range(start, stop):
            if end > start and self._covered(text, end, stop):
                return end
        return stop

    def _goes_on(self, text: str, start: int, end: int) -> bool:
        """Whether the word that reaches to `end` goes on there."""
        if self._expression(text, end):
            return True
        length, role = self._known(text, end)
        if length and role is not Role.TERM:
            return False
        if _KANA.match(text, end):
            kana = _kana_end(text, end)
            return not self._covered(text, end, kana)
        last = text[end - 1]
        # 落ちる|問題, but 読み|込み: a word that ended stands before another one.
        return not (_KANA.match(last) and last in _FINAL and _KANJI.match(text, end) is not None) and not (
            _KANA.match(last) and _KANJI.match(text, end) is None
        )


def _kana_end(text: str, start: int) -> int:
    found = _KANA.match(text, start)
    return found.end() if found else start
