"""The syntax that the tracker's search takes: text to tree, and terms to the text that means them.

    query  = { blank } term { blank } term …
    term   = '+' word | word | number | phrase
    phrase = "'" text "'" | "+'" text "'" | "'+" text "'"

`a b` is either of them, `+a` must be there, digits alone are the number of an issue. A quote opens a phrase only where
a term begins, so `don't` is a word; a phrase cannot hold a quote, and one that is never closed goes to the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ims_spiders.query.tree import Number, Phrase, PlusPlace, Query, Term, Word

_TERM = re.compile(r"(?P<gap>\s*)(?:(?P<outside>\+?)'(?P<inside>\+?)(?P<phrase>[^']*)(?P<close>'?)|(?P<word>\S+))")
_NUMBER = re.compile(r"[0-9]+")
OTHER_QUOTES = re.compile('["“”「」『』]')
"""IMS knows single quotes only; who uses others writes a sentence, whatever is in them."""


def parse(text: str) -> Query:
    """The tree of any text; `str()` of it is that text. Whether it is meant as IMS syntax is not decided here."""
    terms: list[Term] = []
    end = 0
    while found := _TERM.match(text, end):
        terms.append(_term(found))
        end = found.end()
    return Query(tuple(terms), text[end:])


def _term(found: re.Match[str]) -> Term:
    gap, word = found["gap"], found["word"]
    if word is None:
        # +'+a' is what it was meant to be, and its second plus a part of the phrase.
        outside = bool(found["outside"])
        plus: PlusPlace = "outside" if outside else "inside" if found["inside"] else ""
        text = found["inside"] + found["phrase"] if outside else found["phrase"]
        return Phrase(text, plus, closed=bool(found["close"]), gap=gap)
    if _NUMBER.fullmatch(word):
        return Number(word, gap=gap)
    required = word.startswith("+") and word != "+"
    return Word(word[1:] if required else word, required=required, gap=gap)


def spaced(terms: Iterable[Term]) -> Query:
    """The query of these terms in its canonical form: one blank between two terms, pluses outside the quotes."""
    made = tuple(_respaced(term, " " if index else "") for index, term in enumerate(terms))
    return Query(made)


def _respaced(term: Term, gap: str) -> Term:
    if isinstance(term, Phrase):
        return Phrase(term.text, "outside" if term.required else "", gap=gap)
    if isinstance(term, Number):
        return Number(term.text, gap=gap)
    return Word(term.text, required=term.required, gap=gap)


def writable(text: str) -> bool:
    """Whether this text can be a word as it stands: the tracker would read it as that word and nothing else."""
    return parse(text).terms == (Word(text),)


def quotable(text: str) -> bool:
    """Whether this text can be a phrase."""
    return "'" not in text and not text.startswith("+") and bool(text.strip())


def well_formed(query: Query) -> bool:
    """Whether every phrase is closed and says something, and no plus stands alone."""
    return all(_whole(term) for term in query.terms)


def _whole(term: Term) -> bool:
    if isinstance(term, Phrase):
        return term.closed and bool(term.text.strip())
    return term.text != "+" and not term.text.startswith(("+", "'"))
