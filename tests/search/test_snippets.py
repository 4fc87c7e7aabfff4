"""The passage that is shown: the one that says most, cut to a line, with its hits and its place."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.search.snippets import Passage, Snippet, best_snippet, opening

TITLE = Passage("title", "title", "Batch timeout")
COMMENT = Passage("comment", "comment 7 by kim", "The batch ended with a timeout of the lock.")


def shown(snippet: Snippet | None) -> list[str]:
    assert snippet is not None
    return [snippet.text[start:end] for start, end in snippet.marks]


def test_of_equals_the_first_beyond_the_title() -> None:
    found = best_snippet([TITLE, COMMENT], [["batch"], ["timeout"]])
    assert found is not None
    assert (found.where, found.place) == ("comment", "comment 7 by kim")
    assert shown(found) == ["batch", "timeout"]


def test_the_title_when_it_says_more() -> None:
    found = best_snippet([TITLE, Passage("description", "description", "a batch job")], [["batch"], ["timeout"]])
    assert found is not None
    assert found.where == "title"


def test_other_words_of_a_term_count_as_that_term() -> None:
    passages = [Passage("comment", "one", "에러 에러 에러"), Passage("comment", "two", "error in the batch")]
    found = best_snippet(passages, [["error", "에러"], ["batch"]])
    assert found is not None
    assert found.place == "two"


def test_nothing_to_show() -> None:
    assert best_snippet([TITLE], [["deadlock"]]) is None
    assert opening([Passage("title", "title", " "), COMMENT]).text == COMMENT.text


def test_a_long_text_is_cut_where_its_hits_are() -> None:
    text = "word " * 500 + "the deadlock\n\n  of   Tibero " + "more " * 500
    found = best_snippet([Passage("description", "description", text)], [["deadlock"], ["Tibero"]])
    assert found is not None
    assert shown(found) == ["deadlock", "Tibero"]
    assert "the deadlock of Tibero" in found.text
    assert found.text.startswith("… ")
    assert found.text.endswith(" …")
    assert len(found.text) < 250


def test_the_page_of_a_file() -> None:
    text = "first page\fsecond page\fthe deadlock"
    found = best_snippet([Passage("attachment", "x.pdf", text)], [["deadlock"]], width=12)
    assert found is not None
    assert found.place == "page 3 of x.pdf"
    plain = best_snippet([Passage("attachment", "x.log", "the deadlock")], [["deadlock"]])
    assert plain is not None
    assert plain.place == "x.log"


WORDS = st.sampled_from([" deadlock ", "메모리", "부족", "エラー", " ", "\n", "\t", "x" * 30, "。", "🦆"])


@given(st.lists(WORDS, max_size=120).map("".join), st.integers(20, 200))
def test_marks_show_the_hits_whatever_surrounds_them(text: str, width: int) -> None:
    found = best_snippet([Passage("description", "description", text)], [["deadlock"], ["エラー"]], width)
    assert (found is None) == ("deadlock" not in text and "エラー" not in text)
    if found is not None:
        assert "\n" not in found.text
        assert {mark.replace(" ", "") for mark in shown(found)} <= {"deadlock", "エラー"}


@given(st.lists(st.sampled_from(["batch", "lock", "timeout", "of", "a" * 70]), min_size=1, max_size=60))
def test_no_window_holds_more_different_terms_than_the_one_that_is_shown(words: list[str]) -> None:
    terms = ("batch", "lock", "timeout")
    text = " ".join(words)
    snippet = best_snippet([Passage("comment", "one", text)], [[term] for term in terms])
    places = [(found.start(), found[0]) for found in re.finditer("|".join(terms), text)]
    most = max((len({term for at, term in places if first <= at and at + len(term) <= first + 120})
                for first, _ in places), default=0)  # fmt: skip
    assert len(set(shown(snippet)) if snippet else ()) >= most
