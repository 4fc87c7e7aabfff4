"""What a search puts first, what it leaves out and counts; what is like an issue; synonyms, and who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.query import QueryReader
from ims_spiders.search import find
from tests.db.agreement import database
from tests.db.inspect_rows import rows, value
from tests.db.rights import Archive, archive_of_people
from tests.search.test_find import TODAY

ISSUES: dict[str, tuple[str, str, str | None, str | None, str | None]] = {
    "100": ("deadlock while the batch runs", "the server hangs", "OpenFrame Batch", "Open", "2026-03-01 00:00+00"),
    "101": ("the batch runs long", "a deadlock, says the log", "OpenFrame Batch", "Closed", "2026-02-01 00:00+00"),
    "102": ("배치 중 데드락", "서버가 멈춤", "OpenFrame Online", "Open", "2025-12-31 20:00+00"),
    "103": ("バッチ処理でデッドロック", "", "Tibero 6", "Open", "2025-06-01 00:00+00"),
    "104": ("ORA-00600 internal error", "see 100", "Tibero 6", "Closed_P", "2025-05-01 00:00+00"),
    "105": ("internal error 600", "ORA and more", "Tibero 7", "open", None),
    "106": ("batch", "", None, None, "2024-01-01 00:00+00"),
    "107": ("out of memory", "java.lang.OutOfMemoryError in JEUS 7.1", "JEUS", "Open", "2024-01-02 00:00+00"),
    "108": ("memory runs out", "version 17.1", "JEUS", "Open", "2024-01-03 00:00+00"),
    "109": ("커스텀락 해제", "락이 풀림", "JEUS", "Open", "2024-01-04 00:00+00"),
}
ORDERS: dict[str, list[str]] = {
    "deadlock": ["100", "101", "102", "103"],  # title, text, other languages: the newest first
    "데드락": ["102", "100", "103", "101"],  # other languages: titles first
    "デッドロック": ["103", "100", "102", "101"],
    "deadlock batch": ["100", "101", "102", "103", "106"],  # all of it before a part of it
    "+deadlock +batch": ["100", "101"],
    "+deadlock batch": ["100", "101"],
    "deadlock +hangs": ["100"],
    "+'batch runs'": ["100", "101"],
    "'batch runs long'": ["101"],
    "'runs batch'": [],
    "100": ["100", "104"],
    "ORA-00600": ["104"],
    "600": ["104", "105"],  # without a date last
    "'out of memory'": ["107"],
    "7.1": ["107"],
    "락": ["109", "103"],  # ロック is another word for it
    "+nothing deadlock": [],
    "nothing": [],
}


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Engine]:
    with database(server, admin, undertaker, template) as engine:
        with engine.begin() as connection:
            for number, (title, description, product, status, registered) in ISSUES.items():
                connection.exec_driver_sql(
                    "INSERT INTO ims.issues (issue_id, title, description, product, status, registered_date)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    (number, title, description, product, status, registered),
                )
        yield engine


@pytest.fixture
def connection(archive: Engine) -> Iterator[Connection]:
    """What is changed over it does not stay."""
    with archive.connect() as made:
        yield made


def ranked(archive: Engine, query: str, most: int = 50, **filters: Any) -> list[str]:
    statement = (
        "SELECT i.issue_id FROM ims.search_ranked(:query, :most, CAST(:products AS text[]), CAST(:statuses AS text[]),"
        " CAST(:since AS timestamptz), CAST(:until AS timestamptz)) WITH ORDINALITY AS r (issue_pk, score, place)"
        " JOIN ims.issues AS i USING (issue_pk) ORDER BY r.place"
    )
    nothing = dict.fromkeys(("products", "statuses", "since", "until"))
    return [number for (number,) in rows(archive, statement, **{**nothing, "query": query, "most": most, **filters})]


@pytest.mark.parametrize("query", ORDERS)
def test_order(archive: Engine, query: str) -> None:
    assert ranked(archive, query) == ORDERS[query]


def test_the_exact_word_before_a_synonym_of_its_language(connection: Connection) -> None:
    synonyms = "en: freeze, standstill"
    connection.execute(text("SELECT ims.load_synonyms(:content)"), {"content": synonyms})
    connection.execute(text("UPDATE ims.issues SET title = 'a freeze' WHERE issue_id = '106'"))
    connection.execute(text("UPDATE ims.issues SET title = 'a standstill' WHERE issue_id = '105'"))
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for query, order in (("freeze", ["106", "105"]), ("standstill", ["105", "106"]), ("+freeze", ["106"])):
        found = connection.execute(text("SELECT issue_id FROM ims.search_issues(:query)"), {"query": query}).scalars()
        assert list(found)[: len(order)] == order, query
    connection.rollback()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"products": ["openframe"]}, ["100", "101", "102"]),
        ({"products": ["OpenFrame B", "tibero"]}, ["100", "101", "103"]),
        ({"products": ["Frame"]}, []),
        ({"statuses": ["OPEN"]}, ["100", "102", "103"]),
        ({"statuses": ["Open", "Closed"]}, ["100", "101", "102", "103"]),
        ({"statuses": ["Clo"]}, []),
        ({"products": ["OpenFrame"], "statuses": ["Closed"]}, ["101"]),
        ({"since": "2026-01-01 00:00+00"}, ["100", "101"]),
        ({"since": "2026-01-01 00:00+09"}, ["100", "101", "102"]),
        ({"until": "2026-02-01 00:00+00"}, ["102", "103"]),
        ({"since": "2026-02-01 00:00+00", "until": "2026-03-01 00:00+00"}, ["101"]),
        ({"most": 2}, ["100", "101"]),
    ],
)
def test_filters(archive: Engine, filters: dict[str, Any], expected: list[str]) -> None:
    assert ranked(archive, "deadlock", **filters) == expected
    assert ranked(archive, "100", **{**filters, "products": ["JEUS"]}) == []


def test_facets_are_counted_by_hand(archive: Engine) -> None:
    found = rows(archive, "SELECT facet, value, issues FROM ims.search_facets('deadlock batch')")
    assert found[0] == ("total", None, 5)
    counts = {name: {value: n for facet, value, n in found if facet == name} for name in ("product", "status", "year")}
    assert counts == {
        "product": {"OpenFrame Batch": 2, "OpenFrame Online": 1, "Tibero 6": 1, None: 1},
        "status": {"Open": 3, "Closed": 1, None: 1},
        "year": {"2026": 2, "2025": 2, "2024": 1},
    }
    assert [n for facet, _, n in found if facet == "product"] == [2, 1, 1, 1]


def test_a_query_is_explained(archive: Engine) -> None:
    explained = rows(archive, "SELECT * FROM ims.search_explain('데드락 +batch ''out of'' zzz')")
    terms = {term: (required, set(synonyms)) for term, required, synonyms in explained}
    assert {term: required for term, (required, _) in terms.items()} == {
        "데드락": False, "batch": True, "out of": False, "zzz": False
    }  # fmt: skip
    assert {"deadlock", "デッドロック"} <= terms["데드락"][1]
    assert terms["batch"][1] == terms["zzz"][1] == set()


def test_what_is_like_an_issue(archive: Engine) -> None:
    similar = [number for (number,) in rows(archive, "SELECT issue_id FROM ims.search_similar('107', 5)")]
    assert similar[0] == "108"
    assert "107" not in similar
    assert rows(archive, "SELECT FROM ims.search_similar('107', 0)") == []
    assert rows(archive, "SELECT FROM ims.search_similar('999')") == []


@pytest.mark.parametrize("query", [*ORDERS, "+deadlock 배치 'the server'", "ora-600"])
def test_the_function_finds_what_the_command_finds(archive: Engine, connection: Connection, query: str) -> None:
    """For what is IMS syntax; a phrase of words is a sentence to the command."""
    result = find(connection, query, reader=QueryReader(), today=TODAY, limit=50)
    assert [hit.issue_id for hit in result.hits] == ranked(archive, result.query.ims_query)
    assert result.total == len(result.hits)


def test_own_synonyms_come_and_go(connection: Connection) -> None:
    def load(content: str) -> int:
        return int(connection.execute(text("SELECT ims.load_synonyms(:content)"), {"content": content}).scalar_one())

    def found(query: str) -> list[str]:
        return list(connection.execute(text("SELECT issue_id FROM ims.search_issues(:q)"), {"q": query}).scalars())

    assert found("standstill") == []
    assert load("# ours\n\nen: standstill, deadlock | ko: 데드락 # and so on\r\nja: \nxx: wrong\nen nothing\n| |") == 3
    assert found("standstill")[:2] == ["100", "101"]
    version = "SELECT array_agg(ctid ORDER BY ctid) FROM ims_private.search_synonyms WHERE origin = 'own'"
    before = connection.execute(text(version)).scalar_one()
    assert load("# ours\n\nen: standstill, deadlock | ko: 데드락 # and so on\r\nja: \nxx: wrong\nen nothing\n| |") == 3
    assert connection.execute(text(version)).scalar_one() == before, "the same text is not loaded again"
    assert load("") == 0
    assert found("standstill") == []
    assert found("데드락")[0] == "102", "those of the package stay"
    connection.rollback()


@pytest.fixture(scope="module")
def people(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "searchers", tmp_path_factory.mktemp("searchers")) as made:
        yield made


@pytest.mark.parametrize("who", ["kim", "ann", "boss"])
def test_who_may_search(people: Archive, who: str) -> None:
    with people.login(who) as login:
        assert login.value("SELECT count(*) FROM ims.search_issues('issue', NULL, 100)") == 30
        assert login.value("SELECT issues FROM ims.search_facets('issue') WHERE facet = 'total'") == 30
        assert login.run("SELECT * FROM ims.search_ranked('issue', 2)")
        assert login.run("SELECT * FROM ims.search_explain('issue')")
        login.run("SELECT * FROM ims.search_similar('101')")
        if who != "boss":
            for statement in (
                "SELECT ims.load_synonyms('en: a, b')", "SELECT ims.refresh_search()",
                "SELECT * FROM ims_private.search_documents", "SELECT * FROM ims_private.search_files",
                "SELECT * FROM ims_private.search_synonyms", "SELECT ims_private.index_issues(ARRAY[1])",
            ):  # fmt: skip
                assert login.refused(statement) == "42501", statement


def test_an_admin_brings_synonyms(people: Archive) -> None:
    with people.login("boss") as login:
        assert login.value("SELECT ims.load_synonyms('en: matter, issue')") == 2
        assert login.value("SELECT count(*) FROM ims.search_issues('matter', NULL, 100)") == 30
    assert value(people.owner, "SELECT count(*) FROM ims.search_issues('matter')") == 0
