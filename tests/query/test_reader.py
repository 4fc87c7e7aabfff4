"""What is IMS syntax and what a sentence, how sure a reading is, in which language, and what it says of itself."""

from __future__ import annotations

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from ims_spiders.query.doubts import BY_RULES, Doubt, confidence
from ims_spiders.query.language import language_of
from tests.query.readings import TODAY


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000", "\ufeff", "\x00", "\u200b "])
def test_nothing_is_refused(reader: QueryReader, text: str) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        reader.read(text, TODAY)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("  +a   'b  c' ", "+a   'b  c'"),
        ("エラー\u3000タイムアウト", "エラー タイムアウト"),
        ("+find and or", "+find and or"),
        ("'find' 'and'", "'find' 'and'"),
        ("'+찾아줘 and'", "'+찾아줘 and'"),
        ("serverid", "serverid"),
    ],
)
def test_ims_syntax_is_taken_as_it_stands(reader: QueryReader, text: str, taken: str) -> None:
    reading = reader.read(text, TODAY)
    assert (reading.method, reading.ims_query, reading.confidence) == ("direct", taken, 1)
    assert reading.product is None
    assert "as it stands" in reading.explanation


@pytest.mark.parametrize(
    "text", ["'never closed", '"a b"', "“a b”", "timeout issues", "에러를", "エラーの", "a and b", "timeout?"]
)
def test_what_is_a_sentence(reader: QueryReader, text: str) -> None:
    assert reader.read(text, TODAY).method == "rules"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("find ORA-00600", "en"),
        ("OpenFrame에서 timeout", "ko"),
        ("timeoutを検索", "ja"),
        ("異常終了", "ja"),
        ("ｴﾗｰ", "ja"),
        ("エラー 이슈를 찾아줘 부탁해", "ko"),
        ("에러とクラッシュを検索して", "ja"),
        ("ㅋㅋ", "ko"),
        ("12345", "en"),
    ],
)
def test_language(reader: QueryReader, text: str, language: str) -> None:
    assert reader.read(text, TODAY).language == language


def test_language_of_letters_alone() -> None:
    assert language_of("에러 クラッシュ") == "ja"
    assert language_of("에러에러 エラー") == "ko"


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        ("find error and crash", []),
        ("find memory leak", [Doubt.SIDE_BY_SIDE]),
        ("timeout, deadlock", [Doubt.LIST]),
        ("memory leak or crash", [Doubt.WORDS_AS_PHRASE]),
        ("error and crash or timeout", [Doubt.MIXED]),
        ("timeout or deadlock in batch", [Doubt.CHOICE_AND_MORE]),
        ("timeout or deadlock in batch or spool", [Doubt.TWO_CHOICES]),
        ("timeout without license", [Doubt.NEGATION]),
        ("접속이 안 되는 문제", [Doubt.FAILING]),
        ("find alpha and beta and gamma and delta and epsilon and zeta", [Doubt.MANY]),
        ("find 'out of memory", [Doubt.OPEN_QUOTE]),
        ('find "can\'t open"', [Doubt.UNQUOTABLE]),
        ("errors of JEUS and WebtoB", [Doubt.SEVERAL_PRODUCTS]),
        ("원인을 찾아줘", [Doubt.WISH_ONLY]),
        ("찾아줘", [Doubt.NOTHING]),
    ],
)
def test_confidence_is_what_the_doubts_leave(reader: QueryReader, text: str, doubts: list[Doubt]) -> None:
    reading = reader.read(text, TODAY)
    assert reading.confidence == confidence(doubts)
    assert all(doubt.reason in reading.explanation for doubt in doubts)


def test_confidence_is_a_product() -> None:
    assert confidence([]) == BY_RULES == 0.95
    assert confidence([Doubt.MIXED, Doubt.MIXED]) == 0.66
    assert confidence([Doubt.MIXED, Doubt.NEGATION]) == 0.47
    assert 0 < confidence(list(Doubt)) <= 0.05
    assert all(0 < doubt.factor < 1 for doubt in Doubt)


def test_explanation_in_words(reader: QueryReader) -> None:
    explanation = reader.read("JEUS에서 테스트 제외하고 데드락이나 '메모리 부족' 미해결 원인 찾아줘", TODAY).explanation
    for part in (
        "“데드락” or the exact phrase “메모리 부족”",
        "Product JEUS",
        "Status New or Open",
        "“테스트”",
        "원인",
    ):
        assert part in explanation


def test_wishes_that_are_left_out_are_noted(reader: QueryReader) -> None:
    assert reader.read("TPETIME 에러의 원인과 대응방안", TODAY).intent_filtered
    assert not reader.read("TPETIME 에러를 찾아줘", TODAY).intent_filtered


def test_json(reader: QueryReader) -> None:
    assert list(reader.read("last week", TODAY).to_json().items())[:-1] == [
        ("original_query", "last week"),
        ("ims_query", ""),
        ("language", "en"),
        ("method", "rules"),
        ("confidence", 0.95),
        ("product", None),
        ("status", []),
        ("since", "2026-11-09"),
        ("until", "2026-11-16"),
    ]


def test_what_would_read_as_a_sentence_is_quoted(reader: QueryReader) -> None:
    assert reader.read('"찾아줘" 또는 "and"', TODAY).ims_query == "'찾아줘' 'and'"
    assert reader.read("list or deadlock", TODAY).ims_query in {"'list' deadlock", "deadlock"}


def test_numbers_that_are_no_issue_are_words(reader: QueryReader) -> None:
    assert reader.read("error 500을 찾아줘", TODAY).ims_query == "+error +500"
    assert reader.read("port 12345 or deadlock", TODAY).ims_query == "'port 12345' deadlock"
    assert reader.read("500 또는 404", TODAY).ims_query == "'500' '404'"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("에러를+xという文字列", "'에러를+x'"),
        ("a+xという文字列", "a+x"),
        ("exact phrase &#0 x", "'&#0 x'"),
        ("'0'0\"", "0'0"),
        ("'a'b\"c", "+a'b +c"),
    ],
)
def test_signs_between_words_stay_and_what_comes_out_is_taken_as_it_stands(
    reader: QueryReader, text: str, made: str
) -> None:
    assert reader.read(text, TODAY).ims_query.replace("+'", "'") == made
    again = reader.read(made, TODAY)
    assert (again.method, again.ims_query) == ("direct", made)
