"""A query in, its reading out: IMS syntax as it stands, sentences by rules, doubtful ones by a language model too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query.doubts import CERTAIN, SURE_ENOUGH, Doubt, confidence
from ims_spiders.query.explain import explain_query, explain_sentence
from ims_spiders.query.grammar import OTHER_QUOTES, parse, quotable, spaced, well_formed
from ims_spiders.query.language import language_of
from ims_spiders.query.lexicon import load_lexicon
from ims_spiders.query.normal import is_text, normalised
from ims_spiders.query.reading import Reading
from ims_spiders.query.sentence import Sentence, SentenceReader
from ims_spiders.query.tree import Phrase, Query, Term, Word

# A language model's answer was checked, and is still a guess.
BY_MODEL = 0.75


class ModelError(Exception):
    """The language model gave no answer that can be used. Its text says why, without a secret; the rules' hold."""


class Model(Protocol):
    """Something that may be asked when the rules are not sure."""

    def suggest(self, text: str) -> str:
        """An IMS query that was checked against the text. Raises ModelError."""


class QueryReader:
    """Reads queries. Making one loads the words; one serves any number of queries."""

    def __init__(
        self, products: Iterable[str] = (), *, lexicon_dir: Path | None = None, model: Model | None = None
    ) -> None:
        """`products` are the tracker's own, `lexicon_dir` has words to add. Raises ConfigurationError for bad ones."""
        self._sentences = SentenceReader(load_lexicon(lexicon_dir), products)
        self._model = model

    def read(self, text: str, today: date) -> Reading:
        """How the text is read. Raises ConfigurationError when there is nothing in it."""
        stripped = _one_kind_of_blank(text)
        plain = normalised(text)
        if not plain:
            raise ConfigurationError("the query is empty; ask for something, or leave it out to have everything")
        if is_text(stripped) and self._is_ims(stripped, today):
            query = parse(stripped)
            explanation = f"IMS syntax, taken as it stands: {explain_query(query)}."
            return Reading(text, stripped, language_of(plain), "direct", CERTAIN, explanation=explanation)
        return self._by_rules(text, plain, today)

    def is_ims(self, text: str, today: date) -> bool:
        """Whether this is IMS syntax: it would be taken as it stands."""
        stripped, plain = _one_kind_of_blank(text), normalised(text)
        return bool(plain) and is_text(stripped) and self._is_ims(stripped, today)

    def _is_ims(self, text: str, today: date) -> bool:
        """A plus or nothing but words and phrases; words that a sentence would drop or join make it a sentence."""
        query = parse(text)
        if not well_formed(query) or any(
            OTHER_QUOTES.search(term.text) for term in query.terms if isinstance(term, Word)
        ):
            return False
        if any(term.required for term in query.terms):
            return True
        words = " ".join(term.text for term in query.terms if not isinstance(term, Phrase))
        if not words:
            return True
        return self._sentences.read(normalised(words), today).plain

    def _by_rules(self, original: str, plain: str, today: date) -> Reading:
        sentence = self._sentences.read(plain, today)
        ims_query = self._settled(sentence.built.query, today)
        doubts = [*sentence.doubts, *sentence.built.doubts]
        reading = _reading(original, plain, ims_query, sentence, doubts)
        if self._model is None or reading.confidence >= SURE_ENOUGH:
            return reading
        return self._by_model(self._model, plain, reading, today)

    def _settled(self, query: Query, today: date) -> str:
        """The query in a form that is read as IMS syntax again: words that look like a sentence's get quotes."""
        text = str(query)
        if not query.terms or self.is_ims(text, today):
            return text
        alone = [term if self._stands(term, today) else _unmistakable(term) for term in query.terms]
        text = str(spaced(alone))
        return text if self.is_ims(text, today) else str(spaced(map(_unmistakable, query.terms)))

    def _stands(self, term: Term, today: date) -> bool:
        return not isinstance(term, Word) or self.is_ims(str(term).strip(), today)

    def _by_model(self, model: Model, plain: str, rules: Reading, today: date) -> Reading:
        try:
            suggested = model.suggest(plain)
            if not self.is_ims(suggested, today):
                raise ModelError("its answer is no IMS query")
        except ModelError as error:
            return replace(rules, explanation=f"{rules.explanation} The language model was of no help: {error}.")
        said = f"Read by a language model, checked: {explain_query(parse(suggested))}. "
        return replace(
            rules,
            ims_query=suggested,
            method="llm",
            confidence=max(BY_MODEL, rules.confidence),
            explanation=said + f"By rules it would be {rules.ims_query or 'everything'!r}. {rules.explanation}",
        )


def _unmistakable(term: Term) -> Term:
    """The term so that nothing takes it for a part of a sentence."""
    return Phrase(term.text) if quotable(term.text) else Word(term.text, required=True)


def _one_kind_of_blank(text: str) -> str:
    """The text as it stands, but that ideographic and other odd blanks, tabs and line ends are plain blanks."""
    return re.sub(r"\s", " ", text).strip()


def _reading(original: str, plain: str, ims_query: str, sentence: Sentence, doubts: list[Doubt]) -> Reading:
    return Reading(
        original,
        ims_query,
        language_of(plain),
        "rules",
        confidence(doubts),
        ",".join(sentence.products) or None,
        sentence.statuses,
        sentence.stretch.since,
        sentence.stretch.until,
        explain_sentence(sentence, doubts),
        intent_filtered=bool(sentence.intents),
    )
