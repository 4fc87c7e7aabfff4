"""Korean: what stands between two blanks, with its particles and verb endings off, becomes tokens."""

from __future__ import annotations

from collections.abc import Iterable

from ims_spiders.query.lexicon import Lexicon
from ims_spiders.query.scan import Piece, Script
from ims_spiders.query.tokens import Kind, Role, Token

_RIEUL = 8
_PLURAL = "들"
_LONGEST_PARTICLE = 6
_MOST_PIECES = 5
_NEGATIVE = frozenset({"안", "못"})
_VERBAL = frozenset({"거나", "든지"})  # on verbs, whose stems may be of one syllable
_CITING = ("이라는", "라는")
_INFLECTED = frozenset({Role.FILLER, Role.INTENT, Role.NOT, Role.DROP})


class Korean:
    """Reads Hangul pieces: several at once when together they are a known expression."""

    def __init__(self, lexicon: Lexicon, names: Iterable[str] = ()) -> None:
        """`names` are those of products; what looks like a particle at the end of one is none."""
        self._words = lexicon.ko
        self._particles = lexicon.particles
        self._verb_endings = lexicon.verb_endings
        self._short = lexicon.plain["ko/short_nouns"]
        self._protected = lexicon.plain["ko/protected"]
        self._nouns = lexicon.plain["ko/nouns"]
        self._names = frozenset(names)

    def read(self, pieces: list[Piece], place: int) -> tuple[list[Token], int]:
        """The tokens that begin with the Hangul piece at `place`, and how many pieces they take."""
        piece = pieces[place]
        known = self._expression(pieces, place)
        if known is not None:
            return known
        # A particle stands on nothing else only after what was no word: 에러(5)를.
        if piece.text in self._particles:
            role = self._particles[piece.text].role
            return [Token(role, piece.text, piece.start, piece.end)], 1
        if piece.glued and piece.text in self._verb_endings:
            role = self._verb_endings[piece.text]
            return [Token(role, piece.text, piece.start, piece.end)], 1
        return self._citation(pieces, place) or self._negative(pieces, place) or (self._eojeol(piece), 1)

    def _negative(self, pieces: list[Piece], place: int) -> tuple[list[Token], int] | None:
        """안 and the verb after it, which mean the opposite of the verb: searched for as a phrase (안 올라옴)."""
        pair = pieces[place : place + 2]
        if pair[0].text not in _NEGATIVE or len(pair) < 2 or pair[1].script is not Script.HANGUL or pair[1].glued:
            return None
        text = f"{pair[0].text} {pair[1].text}"
        return [Token(Role.TERM, text, pair[0].start, pair[1].end, Kind.PHRASE)], 2

    def _citation(self, pieces: list[Piece], place: int) -> tuple[list[Token], int] | None:
        """Words that are cited: 파일 없음이라는 메시지. The ending stands on the last of them."""
        for ending in _CITING:
            stem = pieces[place].text.removesuffix(ending)
            if stem in {"", pieces[place].text} or place + 1 >= len(pieces):
                continue
            after = self.without_particle(pieces[place + 1].text)[0]
            if self._words.roles.get(ending + after) is Role.EXACT_LAST:
                start, end = pieces[place].start, pieces[place].start + len(stem)
                marker = Token(Role.EXACT_LAST, ending + after, end, pieces[place + 1].end)
                return [Token(Role.TERM, stem, start, end), marker], 2
        return None

    def function_word(self, text: str) -> bool:
        """Whether this is nothing but a particle, an ending or a known word: then it is no part of what it hangs on."""
        if text in self._particles or text in self._verb_endings or text in self._words.roles:
            return True
        stem, role = self.without_particle(text)
        return role is not None and stem in self._words.roles

    def _expression(self, pieces: list[Piece], place: int) -> tuple[list[Token], int] | None:
        """The longest known expression that begins here, particles at its end or not; and how many pieces it takes."""
        run: list[Piece] = []
        for piece in pieces[place : place + _MOST_PIECES]:
            if piece.script is not Script.HANGUL or (run and piece.glued):
                break
            run.append(piece)
        for size in range(len(run), 0, -1):
            text = "".join(piece.text for piece in run[:size])
            role, particle = self._words.roles.get(text), None
            if role is None:
                role, particle = self._inflected(text)
            if role is not None:
                shown = " ".join(piece.text for piece in run[:size])
                end = run[size - 1].end
                tokens = [Token(role, shown, run[0].start, end)]
                if particle is not None:
                    tokens.append(Token(particle, "", end, end))
                return tokens, size
        return None

    def _inflected(self, text: str) -> tuple[Role | None, Role | None]:
        """The role of a filler or intent with a particle on it (이슈들을, 원인과), and what the particle does."""
        stem, particle = self.without_particle(text)
        if particle is None and not text.endswith(_PLURAL):
            return None, None
        for candidate in (stem, stem.removesuffix(_PLURAL)):
            found = self._words.roles.get(candidate)
            if found in _INFLECTED:
                return found, particle
        return None, None

    def _eojeol(self, piece: Piece) -> list[Token]:
        stem, role = self.without_particle(piece.text)
        noun, verb_role = self.without_verb_ending(piece.text)
        if verb_role is not None and len(noun) < len(stem):
            stem, role = noun, verb_role
        elif self.without_verb_ending(stem)[1] is Role.JOIN:
            stem = self.without_verb_ending(stem)[0]
        end = piece.start + len(stem)
        tokens = [Token(Role.TERM, stem, piece.start, end)]
        known = self._words.roles.get(stem)
        if known in {Role.FILLER, Role.INTENT, Role.DROP}:
            tokens = [Token(known, stem, piece.start, end)]
        if role is not None:
            tokens.append(Token(role, piece.text[len(stem) :], end, piece.end))
        return tokens

    def without_particle(self, word: str) -> tuple[str, Role | None]:
        """The word without the longest particle that can stand on it, and what that does; else the word and None."""
        if self._is_protected(word):
            return word, None
        sizes = range(min(_LONGEST_PARTICLE, len(word) - 1), 0, -1)
        # What leaves a known word goes before what is longer: 티베로의 is 티베로 and 의, 매크로의 매크로 and 의.
        named = [size for size in sizes if self._is_protected(word[:-size])]
        for size in (*named, *sizes):
            particle = self._particles.get(word[-size:])
            stem = word[:-size]
            if particle is None or not _can_follow(stem, particle.after):
                continue
            if self._is_stem(stem) or particle.text in _VERBAL:
                return stem, particle.role
        return word, None

    def without_verb_ending(self, word: str) -> tuple[str, Role | None]:
        """The noun in a verb that is made of one (종료되는, 발생하여), and what the ending does; else None."""
        if self._is_protected(word):
            return word, None
        for size in range(min(_LONGEST_PARTICLE, len(word) - 2), 0, -1):
            role = self._verb_endings.get(word[-size:])
            if role is not None:
                return word[:-size], role
        return word, None

    def _is_stem(self, stem: str) -> bool:
        """Whether a particle may come off and leave this."""
        return len(stem) > 1 or stem in self._short

    def _is_protected(self, word: str) -> bool:
        if word in self._protected or word in self._names:
            return True
        # 처리속도 is a compound of 속도; 접속도 is 접속 with a particle, for one syllable is no half of a compound.
        if word[-3:-1] in self._nouns or word[-4:-1] in self._nouns:
            return False
        return any(word[-size:] in self._protected for size in (2, 3, 4) if len(word) - size >= 2)


def merged(latin: Piece, tokens: list[Token]) -> list[Token]:
    """A Latin word and the Hangul glued to it as one: DB에러를 is DB에러 and a particle."""
    head = tokens[0]
    whole = Token(Role.TERM, latin.text + head.text, latin.start, head.end, Kind.WORD)
    return [whole, *tokens[1:]]


def _can_follow(stem: str, after: str) -> bool:
    """Whether a particle of this kind can stand after the stem's last sound."""
    last = stem[-1]
    if after == "any" or not "가" <= last <= "힣":
        return True
    final = (ord(last) - ord("가")) % 28
    if after == "open-l":
        return final in {0, _RIEUL}
    if after == "closed":
        return final != 0
    return final == 0
