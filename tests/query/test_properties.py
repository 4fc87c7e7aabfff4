"""What holds for every sentence, whatever it says."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from ims_spiders.query.grammar import parse
from ims_spiders.query.normal import folded, normalised
from tests.query.readings import TODAY, expected

READER = QueryReader()
PARTS = sorted({part for one in expected() for part in one.text.split()})
FUNCTIONS = (
    *(
        "에러를",
        "크래시와",
        "타임아웃이나",
        "데드락은",
        "및",
        "또는",
        "그리고",
        "모두",
        "중 하나",
        "제외",
        "정확히",
        "라는",
    ),
    *("찾아줘", "이슈", "원인과", "最近", "先週", "エラーと", "クラッシュを", "または", "の両方", "以外の", "検索して"),
    *("未解決の", "という文字列", "and", "or", "not", "without", "either", "both", "exact phrase", "the", "of", "in"),
    *("show me", "find", "last week", "since 2025-10", "지난달 이후", "최근 7일", "unresolved", "closed", "종료된"),
    *("JEUS", "티베로", "OpenFrame", "'a b'", '"error and crash"', "ORA-00600", "tp_call()", "C++", "7.1", "-5212"),
    *("+", "&", "|", ",", "、", "。", "?", "'", '"', "(", ")", "[", "don't", "+x", "348115", "500"),
)
SENTENCES = st.one_of(
    st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=9).map(" ".join),
    st.lists(st.sampled_from([*FUNCTIONS, *PARTS]), min_size=1, max_size=9).map(" ".join),
    st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=5).map("".join),
    st.text(st.sampled_from("에러를과의는이 aのとを漢字カー1'\"+,。-("), min_size=1, max_size=25),
)
IDENTIFIERS = st.one_of(
    st.sampled_from(
        ["ORA-00600", "OR-17407", "tp_call()", "C++", "7.1", "core.12345", "libtmax.so", "-5212", "WAS_001"]
    ),
    st.from_regex(
        r"[A-Z]{2,4}-[0-9]{3,5}|[a-z]{2,5}_[a-z]{2,5}\(\)|/[a-z]{2,6}(/[a-z]{2,6}){1,3}|[0-9]\.[0-9]{1,2}",
        fullmatch=True,
    ),
    st.from_regex(
        r"[A-Z]{2,5}_[A-Z]{2,5}|core\.[0-9]{4,6}|lib[a-z]{2,6}\.so|[A-Z][0-9][A-Z][0-9]|TPE[A-Z]{3,6}\([0-9]{1,2}\)",
        fullmatch=True,
    ),
)
QUOTABLE = [
    "error",
    "and",
    "or",
    "not",
    "크래시와",
    "또는",
    "エラーと",
    "または",
    "last week",
    "JEUS",
    "closed issues",
    "x+",
]
INSIDE = st.lists(st.sampled_from(QUOTABLE), min_size=1, max_size=4).map(" ".join)


def said(text: str) -> str:
    """The text as terms are looked for in it."""
    return re.sub(r"[\s\"'“”‘’「」『』`«»]", "", folded(text))


@given(st.one_of(st.text(max_size=60), SENTENCES))
@settings(max_examples=600)
def test_everything_is_read_and_only_nothing_is_refused(text: str) -> None:
    if not normalised(text):
        try:
            READER.read(text, TODAY)
        except ConfigurationError:
            return
        raise AssertionError("read something that is nothing")
    reading = READER.read(text, TODAY)
    assert 0 < reading.confidence <= 1
    assert reading.explanation
    assert (reading.method == "direct") == (reading.confidence == 1)
    assert reading.to_json()["original_query"] == text


@given(st.one_of(st.text(max_size=60), SENTENCES))
@settings(max_examples=600)
def test_what_comes_out_goes_in_unchanged(text: str) -> None:
    if not normalised(text):
        return
    made = READER.read(text, TODAY).ims_query
    if made:
        again = READER.read(made, TODAY)
        assert (again.method, again.ims_query) == ("direct", made)


@given(SENTENCES)
@settings(max_examples=600)
def test_every_word_of_the_query_stands_in_the_sentence(text: str) -> None:
    if not normalised(text):
        return
    for term in parse(READER.read(text, TODAY).ims_query).terms:
        for word in term.text.split():
            assert said(word) in said(text)


@given(
    INSIDE,
    st.sampled_from(["find {}", "show me {} please", "{} 찾아줘", "{}이나 타임아웃", "{}を検索して", "{}またはエラー"]),
)
def test_nothing_inside_quotes_is_an_operator_or_a_filter(inside: str, sentence: str) -> None:
    reading = READER.read(sentence.format(f'"{inside}"'), TODAY)
    assert reading.ims_query.split("'")[1] == inside
    assert "+" not in reading.ims_query.split("'")[0]
    assert reading.product is None
    assert not reading.status
    assert reading.since is None


@given(
    IDENTIFIERS,
    st.sampled_from(["find {}", "{}에서 나는 이슈를 찾아줘", "{} 관련 이슈", "{}を検索して", "tickets about {}."]),
)
def test_identifiers_stay_whole(identifier: str, sentence: str) -> None:
    assert READER.read(sentence.format(identifier), TODAY).ims_query == identifier


@given(st.lists(IDENTIFIERS, min_size=2, max_size=4, unique_by=str.casefold))
def test_identifiers_alone_are_taken_as_they_stand(identifiers: list[str]) -> None:
    text = " ".join(identifiers)
    reading = READER.read(text, TODAY)
    assert (reading.method, reading.ims_query) == ("direct", text)
