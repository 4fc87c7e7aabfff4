"""Finding in a real archive: readings, filters, order, what a hit tells, what is kept of a query."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.queries import record_query
from ims_spiders.db.synonyms import load_own_synonyms
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from ims_spiders.search import SearchResult, find, similar
from tests.db.catalogue import database

TODAY = date(2026, 11, 21)
FILL = """
SET LOCAL search_path = ims;
INSERT INTO issues (issue_id, title, description, product, status, registered_date, url) VALUES
    ('100', 'Batch ends with a deadlock', 'Two jobs wait for each other.', 'OpenFrame Batch', 'Open',
        '2026-11-03 16:00+00', 'http://x/100'),
    ('200', '메모리 부족으로 기동 실패', '서버가 뜨지 않습니다.', 'JEUS', 'Closed', '2025-05-01', NULL),
    ('300', 'Server runs out of memory', 'Heap of 4 GB', 'JEUS', 'Open', '2024-05-01', NULL),
    ('400', 'メモリ不足', '起動に失敗する', 'Tibero', 'Open', '2023-05-01', NULL),
    ('500', 'Question', 'Something else', 'Tibero', 'New', NULL, NULL);
INSERT INTO issue_comments (issue_pk, comment_number, author, content)
SELECT issue_pk, 2258642, '민사혁', '교착상태가 아닙니다. ORA-00600' FROM issues WHERE issue_id = '500';
INSERT INTO attachments (issue_pk, file_id, filename, extracted_text)
SELECT issue_pk, '1', 'dump.pdf', E'first page\\fsecond\\ftmboot failed' FROM issues WHERE issue_id = '300';
"""


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer) -> Iterator[Engine]:
    with database(server, "found") as engine:
        from ims_spiders.db.schema import initialise

        initialise(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(FILL.replace("%", "%%"))
        yield engine


@pytest.fixture
def connection(archive: Engine) -> Iterator[Connection]:
    with archive.connect() as made:
        yield made


def search(connection: Connection, query: str, **options: Any) -> SearchResult:
    products = ["OpenFrame Batch", "JEUS", "Tibero"]
    return find(connection, query, reader=QueryReader(products), today=TODAY, **options)


def ids(result: SearchResult) -> list[str]:
    return [hit.issue_id for hit in result.hits]


def test_the_words_asked_for_before_others_for_the_same(connection: Connection) -> None:
    found = search(connection, "메모리 부족")
    assert ids(found) == ["200", "300", "400"]
    assert found.total == 3
    assert "out of memory" in found.synonyms["메모리 부족"]
    scores = [hit.score for hit in found.hits]
    assert scores[0] > scores[1] >= scores[2]


def test_a_sentence_becomes_words_and_filters(connection: Connection) -> None:
    found = search(connection, "JEUS에서 발생한 메모리 부족 이슈 찾아줘")
    assert (found.query.method, found.query.product) == ("rules", "JEUS")
    assert ids(found) == ["200", "300"]
    assert ids(search(connection, "unresolved memory problems in JEUS")) == ["300"]
    assert ids(search(connection, "deadlocks since this month")) == ["100"]
    assert ids(search(connection, "deadlocks last week")) == []


def test_what_is_given_goes_before_the_sentence(connection: Connection) -> None:
    assert ids(search(connection, "memory in JEUS", product="Tib")) == ["400"]
    assert ids(search(connection, "메모리 부족", product="JEUS, Tibero", status=["open"])) == ["300", "400"]
    assert ids(search(connection, "메모리 부족", since=date(2024, 1, 1), until=date(2025, 5, 1))) == ["300"]


def test_days_are_those_of_the_archive(archive: Engine) -> None:
    with archive.connect() as connection:
        connection.execute(text("SELECT ims.set_time_zone('Asia/Seoul')"))
        assert ids(search(connection, "deadlock", since=date(2026, 11, 4))) == ["100"]
        connection.execute(text("SELECT ims.set_time_zone('UTC')"))
        assert ids(search(connection, "deadlock", since=date(2026, 11, 4))) == []
        connection.rollback()


def test_a_product_that_is_not_here_is_a_word(archive: Engine) -> None:
    with archive.connect() as connection:
        connection.exec_driver_sql("UPDATE ims.issues SET title = 'AnyLink question' WHERE issue_id = '500'")
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        found = find(connection, "AnyLink에서 발생한 문제 찾아줘", reader=QueryReader(), today=TODAY)
        assert (found.query.product, ids(found)) == (None, ["500"])
        connection.rollback()


def test_filters_alone_give_the_newest(connection: Connection) -> None:
    found = search(connection, "all JEUS issues")
    assert found.query.ims_query == ""
    assert (ids(found), found.total) == (["200", "300"], 2)


def test_a_hit_tells_where_it_says_it(connection: Connection) -> None:
    (hit,) = search(connection, "ORA-600").hits
    assert (hit.snippet.where, hit.snippet.place) == ("comment", "comment 2258642 by 민사혁")
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["ORA-00600"]
    (hit,) = search(connection, "tmboot").hits
    assert (hit.snippet.where, hit.snippet.place) == ("attachment", "page 3 of dump.pdf")
    assert search(connection, "dump.pdf").hits[0].snippet.place == "dump.pdf"


def test_json_has_what_programs_read(connection: Connection) -> None:
    found = search(connection, "+deadlock").to_json()
    assert found["query"]["ims_query"] == "+deadlock"
    assert found["total"] == 1
    (hit,) = found["hits"]
    assert {"issue_id", "title", "score", "where", "snippet", "url"} <= set(hit)
    assert (hit["issue_id"], hit["url"], hit["where"]) == ("100", "http://x/100", "title")
    assert found["facets"]["year"] == [{"value": "2026", "issues": 1}]


def test_facets_count_all_that_is_found(connection: Connection) -> None:
    found = search(connection, "메모리 부족", limit=1)
    assert (len(found.hits), found.total) == (1, 3)
    assert found.facets["product"] == [("JEUS", 2), ("Tibero", 1)]
    assert found.facets["status"] == [("Open", 2), ("Closed", 1)]


def test_the_function_finds_what_the_command_finds(connection: Connection) -> None:
    for query in ("메모리 부족", "+memory deadlock", "'out of memory'", "300", "ORA-00600 기동"):
        rows = connection.execute(text("SELECT issue_id FROM ims.search_issues(:query)"), {"query": query}).all()
        assert [row.issue_id for row in rows] == ids(search(connection, query)), query


def test_issues_alike(connection: Connection) -> None:
    assert "200" not in [hit.issue_id for hit in similar(connection, "200")]
    with pytest.raises(LookupError, match="no issue 999"):
        similar(connection, "999")


def test_an_empty_query_is_refused(connection: Connection) -> None:
    with pytest.raises(ConfigurationError):
        search(connection, " ")


def test_queries_are_kept_and_cleaned(archive: Engine) -> None:
    kept = record_query(archive, "lee", {"original_query": "a\x00b", "synonym_expanded": True, "results_count": 3})
    assert kept
    with archive.connect() as connection:
        (row,) = connection.exec_driver_sql(
            "SELECT u.username, q.original_query, q.synonym_expanded, q.session_id FROM ims.search_queries AS q"
            " JOIN ims.users AS u USING (user_id)"
        ).all()
    assert tuple(row) == ("lee", "a\ufffdb", True, None)


def test_own_synonyms_come_and_go_with_their_file(archive: Engine, tmp_path: Any) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_text("# ours\nen: quux, question\n", encoding="utf-8")
    load_own_synonyms(archive, "ims", path)
    with archive.connect() as connection:
        assert ids(search(connection, "quux")) == ["500"]
    path.unlink()
    load_own_synonyms(archive, "ims", path)
    with archive.connect() as connection:
        assert ids(search(connection, "quux")) == []
        assert ids(search(connection, "메모리 부족")) == ["200", "300", "400"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("fr: bonjour", "line 1: 'fr: bonjour'"), ("en: a, b\nko:", "line 2: 'ko:'"), ("en a", "line 1: 'en a'")],
)
def test_a_line_that_is_none_is_named(archive: Engine, tmp_path: Any, content: str, said: str) -> None:
    path = tmp_path / "synonyms.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_own_synonyms(archive, "ims", path)
    path.write_bytes("en: x, y | ko: 에러".encode("cp949"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_own_synonyms(archive, "ims", path)
