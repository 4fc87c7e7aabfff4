"""Where the words of a query stand: every spelling that the database finds is marked, and nothing beyond it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.search.folding import fold
from ims_spiders.search.marking import MOST, marks


def marked(text: str, *terms: str) -> list[str]:
    return [text[start:end] for (start, end), _ in marks(text, terms)]


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("데드락이 발생", "데드락", ["데드락"]),
        ("데드 락이 발생", "데드락", ["데드 락"]),
        ("메모리가 부족합니다", "메모리 부족", ["메모리가 부족"]),
        ("메모리부족", "메모리 부족", ["메모리부족"]),
        ("한글이 깨지는 현상, 깨짐", "깨짐", ["깨지", "깨짐"]),
        ("블락과 락", "락", ["락"]),
        ("接続のタイムアウト", "接続タイムアウト", ["接続のタイムアウト"]),
        ("It crashed, then a crash", "crash", ["crashed", "crash"]),
        ("ORA-00600 and ora 600, ORA-06001", "ORA-600", ["ORA-00600", "ora 600"]),
        ("ＯＲＡ－００６００", "ora-600", ["ＯＲＡ－００６００"]),
        ("7.1, 7.1.0.3 and 17.1", "7.1", ["7.1", "7.1"]),
        ("ﾒﾓﾘ不足", "メモリ不足", ["ﾒﾓﾘ不足"]),
        ("ﾊﾞｯﾁ処理", "バッチ", ["ﾊﾞｯﾁ"]),
        ("a deadlock", "lock", []),
        ("tp_call() failed", "tp_call()", ["tp_call"]),
        ("nothing", "!!!", []),
    ],
)
def test_what_is_marked(text: str, term: str, found: list[str]) -> None:
    assert marked(text, term) == found


def test_places_that_overlap_are_marked_once_and_the_longest_wins() -> None:
    assert marked("out of memory error", "memory", "out of memory") == ["out of memory"]
    assert marks("memory, memory", ["memory"])[1][0] == (8, 14)


def test_each_place_tells_its_term() -> None:
    assert [number for _, number in marks("에러와 error", ["error", "에러"])] == [1, 0]


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_is_marked_within_itself(text: str, terms: list[str]) -> None:
    last = 0
    for (start, end), number in marks(text, terms):
        assert last <= start < end <= len(text)
        assert 0 <= number < len(terms)
        last = end


@given(st.text(max_size=80))
def test_folded_text_leads_back(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert fold(text[start:end]).text.count(folded.text[place]) >= 1


LETTERS = st.lists(
    st.sampled_from([*"aA b\n\t각ﾞﾟか゛ｶＡ㏠ﬁİ²", "e\u0301", "\u0301", "\u1100\u1161", "\u3000", "\u2028", "𠀀"]),
    max_size=12,
).map("".join)


@given(LETTERS | st.text(max_size=40))
def test_lines_and_words_fold_as_their_characters_do(text: str) -> None:
    clusters: list[str] = []
    for letter in text:
        if clusters and (unicodedata.combining(letter) or letter in "ﾞﾟ"):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    assert fold(text).text == "".join(unicodedata.normalize("NFKC", cluster).lower() for cluster in clusters)


def test_of_each_term_the_first_places_are_told() -> None:
    found = marks("timeout\n" * 5000 + "deadlock", ["timeout", "deadlock"])
    assert [number for _, number in found] == [0] * MOST + [1]
