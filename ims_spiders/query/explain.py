"""A reading in words."""

from __future__ import annotations

from collections.abc import Iterable

from ims_spiders.query.dates import Stretch
from ims_spiders.query.doubts import Doubt
from ims_spiders.query.sentence import Sentence
from ims_spiders.query.tree import Number, Phrase, Query, Term


def explain_query(query: Query) -> str:
    """What a query finds."""
    required = query.required
    numbers = [term for term in query.optional if isinstance(term, Number)]
    words = [term for term in query.optional if not isinstance(term, Number)]
    parts: list[str] = []
    if required:
        parts.append(f"must hold {_listed(required, 'and')}")
    if words:
        parts.append(f"{'may also hold' if required else 'holds'} {_listed(words, 'or')}")
    if numbers:
        parts.append(f"issue {_listed(numbers, 'or')}")
    return "; ".join(parts) if parts else "everything"


def explain_sentence(sentence: Sentence, doubts: Iterable[Doubt]) -> str:
    """How the rules read a sentence."""
    query = sentence.built.query
    sentences = [f"Read by rules: {explain_query(query)}"]
    if sentence.products:
        sentences.append(f"Product {' or '.join(sentence.products)}")
    if sentence.statuses:
        sentences.append(f"Status {' or '.join(sentence.statuses)}")
    if sentence.stretch != Stretch(None, None):
        sentences.append(explain_stretch(sentence.stretch))
    if sentence.built.excluded:
        excluded = ", ".join(f"“{word}”" for word in sentence.built.excluded)
        sentences.append(f"Not wanted is {excluded}, which stays in: IMS has no way to exclude")
    if sentence.intents:
        sentences.append(f"Left out as what is wanted to be known: {', '.join(sentence.intents)}")
    if sentence.left_out:
        sentences.append(f"Left out: {', '.join(sentence.left_out)}")
    reasons = list(dict.fromkeys(doubt.reason for doubt in doubts))
    if reasons:
        sentences.append(f"Less sure: {'; '.join(reasons)}")
    return ". ".join(sentences) + "."


def explain_stretch(stretch: Stretch) -> str:
    """Which days are meant, to the day."""
    since = f"from {stretch.since} on" if stretch.since else ""
    until = f"before {stretch.until}" if stretch.until else ""
    return f"Registered {', '.join(part for part in (since, until) if part)}"


def _listed(terms: Iterable[Term], word: str) -> str:
    return f" {word} ".join(_shown(term) for term in terms)


def _shown(term: Term) -> str:
    if isinstance(term, Phrase):
        return f"the exact phrase “{term.text}”"
    return term.text if isinstance(term, Number) else f"“{term.text}”"
