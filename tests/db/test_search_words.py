"""How text becomes words: what a word asked for finds in which text, by language, and what it must not find."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.agreement import database
from tests.db.inspect_rows import rows

KOREAN = {
    "부족": ["메모리가 부족", "부족합니다", "부족해서", "부족하였습니다", "부족한"],
    "메모리부족": ["메모리 부족", "메모리가 부족한", "메모리부족으로", "메모리 부족"],
    "'메모리 부족'": ["메모리부족", "메모리가 부족", "메모리의 부족"],
    "서버": ["서버가", "서버에서", "서버로부터", "서버에는", "서버까지", "서버입니다", "서버이므로", "WAS서버"],
    "서버가": ["서버 재기동", "서버는"],
    "오류": ["오류가 발생하였습니다", "오류,경고", "에러오류", "(오류)"],
    "발생": ["발생했습니다", "발생합니다", "발생하는", "발생되어", "발생하였고", "발생했음", "재발생"],
    "깨짐": ["깨지는 현상", "깨진 글자", "깨졌다", "깨졌습니다", "깨집니다", "깨져서", "깨졌어요", "깨져", "깨짐"],
    "깨지는": ["글자 깨짐", "글자가 깨진다", "깨졌는데"],
    "느려짐": ["느려지는", "느려졌습니다", "느려집니다", "느려져서"],
    "끊김": ["끊깁니다", "끊겼다", "끊기는", "끊겼음"],
    "걸림": ["걸리는", "걸렸습니다", "걸려서"],
    "멈춤": ["멈췄습니다", "멈춥니다", "멈추는", "멈춰서"],
    "락": ["락이 걸린다", "락 걸림", "DB 락", "락(lock)"],
    "락이": ["락 걸림"],
    "결과": ["결과", "결과가", "결과를"],
    "효과": ["효과", "효과가 없다", "효과는"],
    "나이": ["나이", "나이가 많다"],
    "높이": ["높이", "높이를 바꾼다"],
    "속도": ["처리속도", "속도가", "처리 속도 저하"],
    "처리속도": ["처리 속도", "처리속도가", "처리의 속도"],
    "데드락이나": ["데드락"],
    "17407": ["에러코드 17407이", "17407에서"],
    "JEUS": ["JEUS에서 오류", "JEUS서버", "제우스(JEUS)", "JEUS8"],
}
JAPANESE = {
    "サーバ": ["サーバー", "サーバーが停止", "サーバを", "DBサーバー", "ｻｰﾊﾞｰ"],
    "サーバー": ["サーバ", "サーバが停止", "ｻｰﾊﾞ"],
    "サーバエラー": ["サーバーエラー", "サーバーエラーが出る"],
    "ユーザーデータ": ["ユーザデータ"],
    "メモリリーク": ["メモリーリーク", "メモリリークする"],
    "メモリ不足": ["ﾒﾓﾘ不足", "メモリが不足", "メモリーの不足", "メモリ 不足"],
    "接続のタイムアウト": ["接続タイムアウト", "接続がタイムアウトした"],
    "接続タイムアウト": ["接続のタイムアウト", "接続 タイムアウト"],
    "'接続タイムアウト'": ["接続のタイムアウト"],
    "起動に失敗": ["起動失敗", "起動に失敗しました", "起動時に失敗"],
    "起動失敗": ["起動に失敗した"],
    "エラー発生": ["エラーが発生しました", "エラーの発生"],
    "データ": ["データ", "データベース", "データが壊れる"],
    "インデックス": ["インデックスが", "インデックスの再作成"],
    "バッチ": ["バッチ処理", "夜間バッチが"],
    "文字化け": ["文字化けする", "文字化けが発生"],
    "漢字": ["漢字が化ける", "한글(漢字)"],
    "𠮷野家": ["𠮷野家様"],
}
LATIN = {
    "connect": ["connecting", "connected", "Connections", "CONNECT"],
    "crash": ["crashes", "crashed", "crash."],
    "process": ["processes", "processing"],
    "Ошибка": ["ошибка сервера"],
    "größe": ["die Größe"],
    "the": ["the", "all the same"],
    "it": ["IT"],
    "can not": ["can not"],
}
IDENTIFIERS = {
    "ORA-00600": ["ORA-600", "ora-00600:", "ＯＲＡ－００６００", "[ORA-00600]"],
    "ora-600": ["ORA-00600 internal error"],
    "-17407": ["SQL error -17407", "OR-17407"],
    "-5212": ["エラーコード-5212", "코드 -5212가"],
    "TPESVCERR(10)": ["tpcall failed: TPESVCERR(10)", "TPESVCERR"],
    "tp_call()": ["tp_call() failed", "tp_call fails"],
    "C++": ["written in C++", "C++로 작성"],
    "C#": ["C# client"],
    "7.1": ["version 7.1", "v7.1", "7.1에서", "OpenFrame_7.1", "7.1.0.3"],
    "7.1.0.3": ["JEUS 7.1.0.3"],
    "core.12345": ["a core.12345 file", "core.12345 파일"],
    "JeusServer.log": ["see JeusServer.log", "jeusserver.log"],
    "JeusServer": ["JeusServer.log"],
    "OutOfMemoryError": ["java.lang.OutOfMemoryError: heap", "OUTOFMEMORYERROR"],
    "'out of memory'": ["java.lang.OutOfMemoryError", "OutOfMemoryError", "Out of Memory"],
    "'OutOfMemoryError'": ["java.lang.OutOfMemoryError"],
    "Tibero6": ["Tibero 6", "Tibero6에서", "tibero6.log"],
    "Tibero": ["Tibero6에서", "Tibero7.1"],
    "'foo bar'": ["foo_bar", "foo bar", "foo-bar"],
    "S0C7": ["S0C7 abend"],
    "192.168.0.1": ["192.168.0.1:8080"],
    "libtmax.so": ["/usr/lib/libtmax.so.1"],
    "IMS-1234": ["see IMS-1234"],
    "007": ["agent 7"],
}
NOT_FOUND = {
    "락": ["블락", "블락이", "락커", "누락", "누락이"],
    "릭": ["메트릭", "메트릭이"],
    "리부": ["메모리 용량 부족"],
    "결": ["결과", "결과가"],
    "과": ["사과", "결과"],
    "메모리부족": ["메모리 정보", "부족한 메모리"],
    "ルート": ["デフォルト", "アルト"],
    "リーク": ["リクエスト"],
    "ロード": ["ダウンロド"],
    "7.1": ["17.1", "7.10", "7.2.1", "6.7.1", "71"],
    "7.1.0.3": ["7.1", "7.1.0.30", "7.1.0"],
    "C++": ["C", "C#", "plain C and C"],
    "C#": ["C", "C++"],
    "core.12345": ["core.123456", "core.2345", "core dump"],
    "ORA-00600": ["ORA-06001", "ORA-00601", "ORA-60", "00600"],
    "17407": ["7407", "174070", "117407"],
    "TPESVCERR(10)": ["TPESVCER", "TPEOTYPE(10)"],
    "tp_call": ["tp_connect", "call"],
    "'data source'": ["data of a source", "source data", "data. Source"],
    "'메모리 부족'": ["메모리 용량 부족", "부족 메모리"],
    "'error in log'": ["error on log", "error log"],
    "log": ["login", "catalog"],
    "JEUS": ["JUS", "JEU"],
}
FOUND = {
    f"{query} in {content}": (query, content)
    for table in (KOREAN, JAPANESE, LATIN, IDENTIFIERS)
    for query, contents in table.items()
    for content in contents
}
ABSENT = {f"{query} in {content}": (query, content) for query, contents in NOT_FOUND.items() for content in contents}
MATCHES = """
    SELECT a.query, a.content, coalesce(v.words @@ e.everything, false)
    FROM unnest(CAST(:queries AS text[]), CAST(:contents AS text[])) WITH ORDINALITY AS a (query, content, n)
    JOIN (SELECT q AS query, ims_private.search_everything(q, NULL) AS everything
        FROM (SELECT DISTINCT unnest(CAST(:queries AS text[]))) AS s (q)) AS e USING (query)
    LEFT JOIN ims_private.search_vectors(CAST(:contents AS text[])) AS v USING (n)"""


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Engine]:
    """The functions, and no issues."""
    with database(server, admin, undertaker, template) as engine:
        yield engine


@pytest.fixture(scope="module")
def found(archive: Engine) -> dict[tuple[str, str], bool]:
    """Whether a query finds a text, for all of the above, asked for at once."""
    pairs = [*FOUND.values(), *((required(query), content) for query, content in (*FOUND.values(), *ABSENT.values()))]
    queries, contents = zip(*pairs, strict=True)
    answers = rows(archive, MATCHES, queries=list(queries), contents=list(contents))
    return {(query, content): answer for query, content, answer in answers}


def required(query: str) -> str:
    """The query with each of its parts required, so that no synonym helps."""
    return f"+{query}" if query.startswith("'") else " ".join(f"+{part}" for part in query.split())


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found(found: dict[tuple[str, str], bool], name: str) -> None:
    query, content = FOUND[name]
    assert found[query, content]
    assert found[required(query), content]


@pytest.mark.parametrize("name", ABSENT)
def test_it_is_not_found(found: dict[tuple[str, str], bool], name: str) -> None:
    query, content = ABSENT[name]
    assert not found[required(query), content]


@pytest.mark.parametrize(
    ("content", "lexemes"),
    [
        ("메모리 부족", ["=메모리", "=부족", "리_부", "리부족", "메모", "메모리", "모리", "모리부", "부족"]),
        ("서버가", ["=서버", "버가", "서버", "서버가"]),
        ("락", ["=락"]),
        ("サーバーの", ["=サーバ", "サー", "サーバ", "ーバ"]),
        ("接続時", ["=接続", "接続"]),
        ("ORA-00600", ["#ora-00600", "600", "ora", "ora~600"]),
        ("connecting C++", ["#c++", "c", "connect", "connect~c"]),
        ("tp_call", ["#tp_call", "call", "tp", "tp~call"]),
        ("Tibero6", ["tibero", "tibero6", "tibero~6"]),
        ("a.OutOfTime", ["#a.outoftime", "#outoftime", "a", "a~outoftim", "of", "out", "outoftim", "time"]),
        ("a. b", ["a", "b"]),
        ("☃ 😀 … \x01", None),
    ],
)
def test_lexemes(archive: Engine, content: str, lexemes: list[str] | None) -> None:
    statement = "SELECT tsvector_to_array(words) FROM ims_private.search_vectors(ARRAY[:content])"
    found = [sorted(kept) for (kept,) in rows(archive, statement, content=content)]
    assert found == ([sorted(lexemes)] if lexemes else [])


def test_many_texts_at_once_are_what_each_is_alone(archive: Engine) -> None:
    contents = [content for _, content in FOUND.values()] + ["", "…", " "]
    with archive.connect() as connection:
        together = connection.execute(
            text("SELECT n, words::text FROM ims_private.search_vectors(:contents) ORDER BY n"), {"contents": contents}
        ).all()
        alone = connection.execute(
            text(
                "SELECT t.n, v.words::text FROM unnest(:contents) WITH ORDINALITY AS t (content, n),"
                " ims_private.search_vectors(ARRAY[t.content]) AS v ORDER BY t.n"
            ),
            {"contents": contents},
        ).all()
    assert together == alone
    assert len(together) == len(contents) - 3
