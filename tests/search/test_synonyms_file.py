"""The synonym file of the search: its form, so that a slip in one of hundreds of lines does not pass unseen."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "ims_spiders/search/synonyms.txt"
LANGUAGES = ("en", "ko", "ja")
HANGUL = re.compile("[가-힣]")
KANA = re.compile("[ぁ-ヿ]")
KANJI = re.compile("[一-鿿]")


@dataclass(frozen=True)
class Concept:
    line: int
    section: str
    terms: dict[str, list[str]]

    def every_term(self) -> list[str]:
        return [term for terms in self.terms.values() for term in terms]


def read(text: str) -> list[Concept]:
    """The concepts of a file, blank lines and comments left out; ValueError says which line is no concept."""
    concepts = []
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# --- "):
            section = line.removeprefix("# --- ")
        elif line and not line.startswith("#"):
            concepts.append(Concept(number, section, read_terms(number, line)))
    return concepts


def read_terms(number: int, line: str) -> dict[str, list[str]]:
    terms: dict[str, list[str]] = {}
    for part in line.split(" | "):
        language, colon, words = part.partition(": ")
        if language not in LANGUAGES or language in terms or not colon:
            raise ValueError(f"Line {number} has a part that is no new language with its terms: {part!r}")
        terms[language] = words.split(", ")
    return terms


def same(term: str) -> str:
    """What the search makes no difference between: case, and blanks where Korean or Japanese is written."""
    folded = term.casefold()
    return re.sub(r"\s", "", folded) if re.search("[ぁ-ヿ一-鿿가-힣]", folded) else folded


@pytest.fixture(scope="module")
def concepts() -> list[Concept]:
    return read(FILE.read_text("utf-8"))


@pytest.mark.parametrize("line", ["en: a | en: b", "timeout, time out", "en: time | fr: temps", "en:time"])
def test_the_reader_refuses_what_is_no_concept(line: str) -> None:
    with pytest.raises(ValueError, match="Line 1"):
        read(line)


def test_it_is_broad_and_speaks_three_languages(concepts: list[Concept]) -> None:
    assert len(concepts) >= 400
    assert sum(set(concept.terms) == set(LANGUAGES) for concept in concepts) >= 350
    assert not [concept for concept in concepts if len(concept.every_term()) < 2]


def test_every_concept_has_its_section(concepts: list[Concept]) -> None:
    sizes = Counter(concept.section for concept in concepts)
    assert "" not in sizes
    assert len(sizes) >= 20
    runs = [
        name
        for name, before in zip(concepts, [None, *concepts], strict=False)
        if not before or before.section != name.section
    ]
    assert len(runs) == len(sizes), "A section stands twice"


def test_terms_are_clean(concepts: list[Concept]) -> None:
    wrong = [
        (concept.line, term)
        for concept in concepts
        for term in concept.every_term()
        if term != " ".join(unicodedata.normalize("NFKC", term).split())
        or re.search(r"[,:|#]", term)
        # One syllable is found as a whole word; one kana or kanji would be found in half of all texts.
        or (len(term) < 2 and not HANGUL.fullmatch(term))
    ]
    assert wrong == []


def test_no_word_is_a_single_letter_of_latin(concepts: list[Concept]) -> None:
    terms = [term for concept in concepts for term in concept.terms.get("en", [])]
    assert [term for term in terms if re.fullmatch("[A-Za-z]", term)] == []


def test_terms_stand_with_their_language(concepts: list[Concept]) -> None:
    """Korean is written in Hangul, Japanese in kana or kanji, English in neither."""
    wrong = []
    for concept in concepts:
        wrong += [term for term in concept.terms.get("en", []) if not term.isascii()]
        wrong += [term for term in concept.terms.get("ko", []) if not HANGUL.search(term) or KANA.search(term)]
        wrong += [
            term
            for term in concept.terms.get("ja", [])
            if HANGUL.search(term) or not (KANA.search(term) or KANJI.search(term))
        ]
    assert wrong == []


def test_no_term_stands_twice_in_a_concept(concepts: list[Concept]) -> None:
    wrong = {
        concept.line: twice
        for concept in concepts
        if (twice := [term for term, count in Counter(map(same, concept.every_term())).items() if count > 1])
    }
    assert wrong == {}


def test_no_term_means_everything(concepts: list[Concept]) -> None:
    places = Counter(term for concept in concepts for term in set(map(same, concept.every_term())))
    assert [term for term, count in places.items() if count > 3] == []


def test_no_concept_is_written_twice(concepts: list[Concept]) -> None:
    """Two lines with the same first term in two languages are one concept that was forgotten to be there."""
    firsts = [
        frozenset((language, same(concept.terms[language][0])) for language in ("ko", "ja"))
        for concept in concepts
        if set(concept.terms) == set(LANGUAGES)
    ]
    assert [first for first, count in Counter(firsts).items() if count > 1] == []
