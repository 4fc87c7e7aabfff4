"""Whatever a text holds, it can be kept and asked for; its words and phrases find it, and no other phrase does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.agreement import database

PROPERTY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(
    [
        *("메모리가", "부족합니다", "깨졌습니다", "락", "이", "가", "서버에서부터", "결과", "안됨", "ㅋㅋ", "힣힣"),
        *("サーバーが", "サーバ", "ﾒﾓﾘ", "接続時", "の", "する", "しました", "ー", "々", "𠮷野家", "ゐ", "キー", "ﾞ"),
        *("ORA-00600", "tp_call()", "C++", "C#", "7.1.0.3", "-17407", "OutOfMemoryError", "a.b-c_d", "0", "007", "I/O"),
        *("running", "İstanbul", "größe", "ﬁle", "Å", "e\u0301", "naïve", "Привет", "the", "JEUS8에서", "x" * 300),
        *(" ", "\n", "\t", "\f", ". ", "。", "…", "'", '"', "\\", ":*", "&", "|", "!", "<->", "()", "%s", ":name"),
        *("+", "\u3000"),
        *("😀", "\x01", "\x7f", "\u200b", "\ufeff", "\u202e", "\U000e0001", "\uffff", "ก", "مرحبا", "हिन्दी"),
    ]
)  # fmt: skip
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
TEXTS = st.lists(PIECES | ANYTHING, max_size=12).map("".join)
LETTERS = st.text(
    st.sampled_from([*"가나다락이는에서한깨지짐졌", *"サバーメモリがのをにし", *"接続時処理", *"abcXY019", *" . -_\n"]),
    max_size=40,
)
_OTHER_LETTER = r"[^\W_가-힣ァ-ヺーぁ-ゖ㐀-鿿]"
WORD = re.compile(
    rf"[가-힣]+|(?<!ー)[ァ-ヺ][ァ-ヺー]*|[ぁ-ゖ][ぁ-ゖー]*|[㐀-鿿]+|(?<!{_OTHER_LETTER})[0-9A-Za-z]+(?!{_OTHER_LETTER})"
)
"""Those of Latin letters that no other letter (é, µ, я) is a part of."""
NOUNS = ["메모리", "부족", "서버", "로그", "接続", "処理", "メモリ", "サーバ", "disk", "jeus", "core", "x"]
"""Words without particles, endings or stems, so that a phrase is there exactly when its letters are."""


@pytest.fixture(scope="module")
def asked(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Connection]:
    """A connection to an empty archive."""
    with database(server, admin, undertaker, template) as engine, engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


KEPT = {
    "text": "(SELECT words FROM ims_private.search_vectors(ARRAY[:content]))",
    "file": "(SELECT words || array_to_tsvector(ARRAY['@files']) FROM ims_private.search_file_words(ARRAY[:content]))",
}
"""What is kept of an issue's text, and of a file's, which may be long and is read in another way."""


def finds(connection: Connection, query: str, content: str, kind: str = "text") -> bool:
    statement = f"SELECT coalesce({KEPT[kind]} @@ ims_private.search_everything(:query, NULL), false)"
    return bool(connection.scalar(text(statement), {"query": query, "content": content}))


@PROPERTY
@given(TEXTS)
@example("'" * 1000)
@example("+" * 1000)
@example("a\\'b 'c\\")
@example(" ".join(f"word{n}" for n in range(400)))
@example("가" * 100_000)
@example("漢 " * 50_000)
@example("a.b_" * 25_000)
@example("".join(map(chr, range(0xAC00, 0xAC00 + 11_000))))
@example("1" * 100_000)
def test_any_text_can_be_kept_and_asked_for(asked: Connection, content: str) -> None:
    asked.execute(
        text(
            "INSERT INTO ims.issues (issue_id, title, description) VALUES ('1', 'title', :content)"
            " ON CONFLICT (issue_id) DO UPDATE SET description = excluded.description"
        ),
        {"content": content},
    )
    for function in ("search_issues(:query)", "search_facets(:query)", "search_explain(:query)"):
        asked.execute(text(f"SELECT * FROM ims.{function}"), {"query": content}).all()


@PROPERTY
@given(content=TEXTS | LETTERS)
@example(content="가나다가 나")
@example(content="の")
@example(content="ゐ")
@example(content="a a\na")
def test_every_word_finds_its_text(asked: Connection, content: str) -> None:
    """Words that say nothing (particles by themselves) are not asked for at all."""
    for word in set(WORD.findall(unicodedata.normalize("NFKC", content))):
        terms = asked.execute(text("SELECT term FROM ims.search_explain(:query)"), {"query": f"+{word}"}).all()
        assert not terms or finds(asked, f"+{word}", content), (word, content)


@PROPERTY
@given(TEXTS | LETTERS, st.data())
def test_every_phrase_of_a_text_finds_it(asked: Connection, content: str, data: st.DataObject) -> None:
    content = content.replace("'", " ")
    words = list(re.finditer(r"\S+", content))
    assume(words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    phrase = content[words[first].start() : words[last].end()]
    assume(len(phrase) < 900)
    terms = asked.execute(text("SELECT term FROM ims.search_explain(:query)"), {"query": f"+'{phrase}'"}).all()
    assert not terms or finds(asked, f"+'{phrase}'", content)


@PROPERTY
@given(
    st.lists(st.sampled_from(["disk", "jeus", "tp_call", "ORA-00600", "7.1", "running"]), min_size=1)
    | st.lists(
        st.sampled_from(["메모리가", "부족합니다", "서버", "接続", "メモリ", "サーバー", "JEUS에서"]), min_size=1
    ),
    st.data(),
)
def test_every_phrase_of_a_file_finds_it(asked: Connection, content: list[str], data: st.DataObject) -> None:
    """What stands side by side with blanks between, in Latin words or in others with one of them in between."""
    first = data.draw(st.integers(0, len(content) - 1))
    phrase = " ".join(content[first : data.draw(st.integers(first + 1, len(content)))])
    assert finds(asked, f"+'{phrase[:900]}'", " ".join(content), "file")


@PROPERTY
@given(st.lists(st.sampled_from([*NOUNS, "."]), max_size=12), st.lists(st.sampled_from(NOUNS), min_size=1, max_size=4))
@example(["disk", ".", "core"], ["disk", "core"])
@example(["core", "disk"], ["core", "core"])
@example(["메모리", "서버", "부족"], ["메모리", "부족"])
@example(["메모리", "부족"], ["리", "부"])
def test_a_phrase_is_found_where_it_stands_and_nowhere_else(
    asked: Connection, content: list[str], phrase: list[str]
) -> None:
    there = plain(phrase) in plain(content)
    assert finds(asked, "+'" + " ".join(phrase) + "'", " ".join(content)) == there


def plain(words: list[str]) -> str:
    """Words side by side: blanks around Latin words count, those between others do not."""
    return "".join(f"[{word}]" if word.isascii() else word for word in words)
