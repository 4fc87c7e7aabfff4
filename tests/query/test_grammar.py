"""The syntax: text to tree and back without loss, and the tree means what the tracker makes of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.demo.search import parse as tracker_parse
from ims_spiders.query.grammar import parse, quotable, spaced, well_formed, writable
from ims_spiders.query.tree import Number, Phrase, Query, Word

SYNTAX = st.text(st.sampled_from("ab 1+'\t에러ー　."), max_size=40)


@given(st.one_of(st.text(), SYNTAX))
def test_printing_what_was_parsed_gives_the_same_text(text: str) -> None:
    assert str(parse(text)) == text


@given(SYNTAX)
def test_the_tree_means_what_the_tracker_makes_of_the_text(text: str) -> None:
    ours, theirs = parse(text), tracker_parse(text)
    said = {" ".join(term.text.split()).casefold() for term in ours.required} - {"", "+"}
    assert {term.strip("+") for term in theirs.required} - {""} == {term.strip("+") for term in said} - {""}
    numbers = [int(term.text) for term in ours.optional if isinstance(term, Number)]
    assert numbers == theirs.numbers


WORDS = st.from_regex(r"[a-z가-힣ァ-ヺ][a-z0-9'._-]{0,6}", fullmatch=True)
PHRASES = st.from_regex(r"[a-z가-힣][a-z가-힣 +0-9]{0,9}", fullmatch=True)
TERMS = st.one_of(
    st.builds(Word, WORDS, required=st.booleans()),
    st.builds(Number, st.from_regex(r"[0-9]{1,6}", fullmatch=True)),
    st.builds(Phrase, PHRASES, st.sampled_from(["", "outside"])),
)


@given(st.lists(TERMS, max_size=6))
def test_a_tree_is_read_back_as_itself(terms: list[Word | Number | Phrase]) -> None:
    query = spaced(terms)
    assert parse(str(query)).terms == tuple(terms)
    assert str(spaced(parse(str(query)).terms)) == str(query)
    assert well_formed(query)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a b", (Word("a"), Word("b"))),
        ("+a b", (Word("a", required=True), Word("b"))),
        ("'a b'", (Phrase("a b"),)),
        ("+'a b'", (Phrase("a b", "outside"),)),
        ("'+a b'", (Phrase("a b", "inside"),)),
        ("348115", (Number("348115"),)),
        ("+348115", (Word("348115", required=True),)),
        ("don't C++ a+b", (Word("don't"), Word("C++"), Word("a+b"))),
        ("'a'b", (Phrase("a"), Word("b"))),
        ("+", (Word("+"),)),
        ("", ()),
    ],
)
def test_terms(text: str, terms: tuple[Word | Number | Phrase, ...]) -> None:
    assert parse(text).terms == terms


def test_required_and_optional_are_told_apart() -> None:
    query = parse("+a 'b c' '+d' 12345")
    assert [term.text for term in query.required] == ["a", "d"]
    assert [term.text for term in query.optional] == ["b c", "12345"]


@pytest.mark.parametrize("text", ["'never closed", "''", "' '", "+", "++a", "+''"])
def test_what_is_not_well_formed(text: str) -> None:
    assert not well_formed(parse(text))


def test_the_canonical_form_has_one_blank_and_the_plus_outside() -> None:
    assert str(spaced(parse("  +a   '+b  c'\td ").terms)) == "+a +'b  c' d"


def test_words_and_phrases_that_can_be_written() -> None:
    assert [text for text in ("a", "12", "+a", "'a", "a b", "a'b", "") if writable(text)] == ["a", "a'b"]
    assert [text for text in ("a b", "a'b", "+a", " ", "12") if quotable(text)] == ["a b", "12"]
    assert str(Query()) == ""
