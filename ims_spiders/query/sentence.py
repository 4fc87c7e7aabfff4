"""A sentence by rules: times, statuses and products become filters, the rest becomes a query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ims_spiders.query.build import Built, build
from ims_spiders.query.clauses import ClauseBuilder
from ims_spiders.query.dates import Stretch
from ims_spiders.query.doubts import Doubt
from ims_spiders.query.english import English, term
from ims_spiders.query.japanese import Japanese
from ims_spiders.query.korean import Korean, merged
from ims_spiders.query.lexicon import Lexicon
from ims_spiders.query.products import Products
from ims_spiders.query.scan import OPERATORS, Piece, Script, quotations, scan
from ims_spiders.query.statuses import Statuses
from ims_spiders.query.times import find_times
from ims_spiders.query.tokens import Kind, Role, Token

_ISSUE_WORDS = frozenset({Role.FILLER, Role.DROP})
_WORDS = frozenset({Script.LATIN, Script.HANGUL, Script.QUOTED})
_BLANK = "\ue000"  # stands for a quoted letter; no normalised text holds it


@dataclass(slots=True)
class Sentence:
    """What the rules made of a text. `plain`: they found nothing but words, so it is IMS syntax as it stands."""

    built: Built = field(default_factory=Built)
    products: list[str] = field(default_factory=list)
    statuses: tuple[str, ...] = ()
    stretch: Stretch = field(default_factory=lambda: Stretch(None, None))
    doubts: list[Doubt] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    plain: bool = False


class SentenceReader:
    """Applies the rules of all three languages to every sentence, for people mix them."""

    def __init__(self, lexicon: Lexicon, known_products: Iterable[str] = ()) -> None:
        self._english = English(lexicon)
        self._products = Products(lexicon, known_products)
        self._korean = Korean(lexicon, self._products.names)
        self._japanese = Japanese(lexicon)
        self._statuses = Statuses(lexicon)
        self._failing = lexicon.plain["ko/failing"]

    def read(self, text: str, today: date) -> Sentence:
        """What a normalised text says. `today` is what "last month" counts from."""
        sentence = Sentence()
        rest = self._take_filters(text, today, sentence)
        filtered = rest != text
        pieces = scan(rest)
        if any(not piece.closed for piece in pieces):
            sentence.doubts.append(Doubt.OPEN_QUOTE)
        tokens = self._tokens(pieces)
        named, tokens_left = self._products.find(tokens)
        sentence.plain = not filtered and _only_words(tokens, rest)
        sentence.products = named
        if len(named) > 1:
            sentence.doubts.append(Doubt.SEVERAL_PRODUCTS)
        self._account(tokens_left, sentence)
        issues = _issue_places(tokens_left)
        sentence.built = build(ClauseBuilder().add_all(tokens_left), rest, issues)
        self._rescue(tokens_left, rest, issues, sentence)
        return sentence

    def _take_filters(self, text: str, today: date, sentence: Sentence) -> str:
        """The text with blanks where it spoke of times and statuses."""
        shadow = text
        for quoted in quotations(text):
            shadow = shadow[: quoted.start] + _BLANK * (quoted.end - quoted.start) + shadow[quoted.end :]
        taken: list[tuple[int, int]] = []
        for time in find_times(shadow, today):
            both = sentence.stretch & time.stretch
            if both.empty:
                sentence.doubts.append(Doubt.TIMES_APART)
            else:
                sentence.stretch = both
            taken.append((time.start, time.end))
            shadow = _blanked(shadow, time.start, time.end)
        for mention in self._statuses.find(shadow):
            sentence.statuses = tuple(dict.fromkeys((*sentence.statuses, *mention.statuses)))
            taken.append((mention.start, mention.end))
        for start, end in taken:
            text = _blanked(text, start, end)
        return text

    def _tokens(self, pieces: list[Piece]) -> list[Token]:
        tokens, place = self._english.opening(pieces)
        while place < len(pieces):
            piece = pieces[place]
            size = 1
            match piece.script:
                case Script.QUOTED:
                    tokens.append(Token(Role.TERM, piece.text, piece.start, piece.end, Kind.PHRASE))
                case Script.COMMA:
                    tokens.append(Token(Role.LIST, piece.text, piece.start, piece.end))
                case Script.STOP:
                    tokens.append(Token(Role.STOP, piece.text, piece.start, piece.end))
                case Script.LATIN:
                    size = self._add_latin(pieces, place, tokens)
                case Script.HANGUL:
                    more, size = self._korean.read(pieces, place)
                    tokens += more
                case Script.JAPANESE:
                    self._add_japanese(pieces, place, tokens)
            place += size
        return tokens

    def _add_latin(self, pieces: list[Piece], place: int, tokens: list[Token]) -> int:
        """A Latin word; with the Hangul that is glued to it when the two are one word (DB에러를). Pieces taken."""
        piece = pieces[place]
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        single = term(piece)
        apart = after is None or not after.glued or after.script is not Script.HANGUL
        if after is None or apart or piece.text in OPERATORS:
            token, size = self._english.read(pieces, place)
            tokens.append(token)
            return size
        if single.kind is Kind.CODE or self._products.is_name(piece.text) or self._korean.function_word(after.text):
            tokens.append(single)
            return 1
        more, size = self._korean.read(pieces, place + 1)
        tokens += merged(piece, more) if more[0].role is Role.TERM else [single, *more]
        return 1 + size

    def _add_japanese(self, pieces: list[Piece], place: int, tokens: list[Token]) -> None:
        """A piece of Japanese; a Latin word that its first word is glued to is the first half of it (DBサーバー)."""
        piece = pieces[place]
        after = pieces[place + 1] if place + 1 < len(pieces) else None
        more = self._japanese.read(piece, followed=after is not None and after.glued and after.script in _WORDS)
        before = tokens[-1] if tokens else None
        if (
            before is not None
            and piece.glued
            and before.end == piece.start
            and before.role is Role.TERM
            and before.kind is Kind.WORD
            and more[0].role is Role.TERM
            and not self._products.is_name(before.text)
        ):
            tokens[-1] = Token(Role.TERM, before.text + more[0].text, before.start, more[0].end)
            more = more[1:]
        tokens += more

    def _account(self, tokens: list[Token], sentence: Sentence) -> None:
        """Write down what is left out."""
        for token in tokens:
            if token.role is Role.INTENT:
                sentence.intents.append(token.text)
            elif token.role is Role.FILLER and "".join(token.text.split()) in self._failing:
                sentence.left_out.append(token.text)
                sentence.doubts.append(Doubt.FAILING)

    @staticmethod
    def _rescue(tokens: list[Token], text: str, issues: frozenset[int], sentence: Sentence) -> None:
        """With nothing left to search for, the wish itself is searched for; with filters that is not needed."""
        if sentence.built.query.terms:
            return
        if sentence.products or sentence.statuses or sentence.stretch != Stretch(None, None):
            sentence.built.doubts = [doubt for doubt in sentence.built.doubts if doubt is not Doubt.NOTHING]
            return
        wishes = [Token(Role.TERM, one.text, one.start, one.end) for one in tokens if one.role is Role.INTENT]
        if wishes:
            again = build(ClauseBuilder().add_all(wishes), text, issues)
            sentence.built = Built(again.query, [*again.doubts, Doubt.WISH_ONLY], sentence.built.excluded)
            sentence.intents = []


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _only_words(tokens: list[Token], text: str) -> bool:
    """Whether the rules found nothing but words, each as it stands in the text."""
    if any(token.role is not Role.TERM or token.kind is Kind.PHRASE for token in tokens):
        return False
    return [token.text for token in tokens] == text.split()


def _issue_places(tokens: list[Token]) -> frozenset[int]:
    """Where numbers stand that are said to be issues': 348115번 이슈, issue 348115, issues 1 and 2."""
    places: set[int] = set()
    said = any(token.role is Role.FILLER for token in tokens)
    for token in tokens:
        if token.role is Role.TERM and token.kind is Kind.NUMBER and said:
            places.add(token.start)
    return frozenset(places)
