"""Products by their names and by what people call them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ims_spiders.query.lexicon import Lexicon
from ims_spiders.query.normal import folded
from ims_spiders.query.tokens import Kind, Role, Token


class Products:
    """Finds products among the terms of a sentence."""

    def __init__(self, lexicon: Lexicon, known: Iterable[str] = ()) -> None:
        """`known` is the tracker's own list, which goes before the names in the file."""
        self._names: dict[str, str] = {}
        for name, others in lexicon.products:
            for word in (name, *others):
                self._names[folded(word)] = name
        own = sorted({name.strip() for name in known} - {""})
        for name in own:
            self._names[folded(name)] = name
        self._add_families(own)
        self._longest = max((len(key.split()) for key in self._names), default=0)

    def _add_families(self, names: Sequence[str]) -> None:
        """What several products of the list begin with is a name for all of them."""
        firsts = [name.split()[0] for name in names if len(name.split()) > 1]
        for one, other in pairwise(sorted(firsts)):
            if folded(one) == folded(other):
                self._names.setdefault(folded(one), one)

    @property
    def names(self) -> Iterable[str]:
        """Everything that products are called, case-folded."""
        return self._names

    def is_name(self, text: str) -> bool:
        """Whether this is what a product is called."""
        return folded(text) in self._names

    def find(self, tokens: list[Token]) -> tuple[list[str], list[Token]]:
        """The products that the terms name, each once, and the tokens without them."""
        found: dict[str, None] = {}
        rest: list[Token] = []
        place = 0
        while place < len(tokens):
            size, name = self._at(tokens, place)
            if name:
                found[name] = None
                # What names a product also parts what stands on its two sides.
                rest.append(Token(Role.DROP, tokens[place].text, tokens[place].start, tokens[place + size - 1].end))
            else:
                rest.append(tokens[place])
            place += size
        return list(found), rest

    def _at(self, tokens: list[Token], place: int) -> tuple[int, str]:
        run: list[Token] = []
        for token in tokens[place : place + self._longest]:
            if token.role is not Role.TERM or token.kind in {Kind.PHRASE, Kind.NUMBER}:
                break
            run.append(token)
        for size in range(len(run), 0, -1):
            name = self._names.get(folded(" ".join(token.text for token in run[:size])))
            if name is not None:
                return size, name
        return 1, ""
