"""What means the same is found without a common word, ranked with what the words find; or the words find it alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.search import Hit, SearchResult
from ims_spiders.search.meaning import fused, meant
from tests.db.factory import START
from tests.search.embedding_server import TRIGRAMS, EmbeddingServer, embedding_server
from tests.search.meaning_archive import (
    ISSUES,
    MODEL,
    TODAY,
    copied,
    document,
    numbers,
    reader,
    refreshed,
    searched,
    stored,
)


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddingServer]:
    with embedding_server() as started:
        yield started


@pytest.fixture
def endpoint(running: EmbeddingServer) -> EmbeddingServer:
    """As if it had just been started."""
    running.__dict__.update(EmbeddingServer(url=running.url).__dict__)
    return running


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, template: str, running: EmbeddingServer) -> Iterator[Engine]:
    """Five issues with vectors, to be read only."""
    with copied(server, template, "meaning") as engine:
        stored(engine, *ISSUES)
        refreshed(engine, running, server=server)
        yield engine


@pytest.fixture
def changeable(engine: Engine, server: EmbeddedServer, endpoint: EmbeddingServer) -> Engine:
    """The same, for one test."""
    stored(engine, *ISSUES)
    refreshed(engine, endpoint, server=server)
    return engine


def hit(result: SearchResult, issue_id: str) -> Hit:
    return next(found for found in result.hits if found.issue_id == issue_id)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("heap exhausted at night", "2"),
        ("my login refused again", "3"),
        ("응답 없음", "1"),
        ("it rings too early", "5"),
        ("時計が進む", "5"),
    ],
)
def test_a_paraphrase(archive: Engine, endpoint: EmbeddingServer, query: str, best: str) -> None:
    found = searched(archive, endpoint, query)
    assert numbers(found)[0] == best
    assert "meaning" in found.hits[0].found_by
    assert found.meaning is not None
    assert found.meaning.to_json() == {"model": MODEL, "used": True, "note": None}
    assert endpoint.texts == [query]


def test_words_do_not_find_it_alone(archive: Engine) -> None:
    assert numbers(searched(archive, None, "it rings too early")) == []
    found = searched(archive, None, "freezes")
    assert found.meaning is None
    assert found.to_json()["meaning"] is None
    assert found.to_json()["hits"][0]["found_by"] == ["words"]


def test_what_both_find_is_first_and_each_hit_says_by_what(changeable: Engine, endpoint: EmbeddingServer) -> None:
    stored(changeable, document(6, "時計が進む", "OpenFrame", "月次"))
    refreshed(changeable, endpoint)
    stored(changeable, document(7, "Tables with the clock ahead", "OpenFrame", "Not embedded yet."))
    found = searched(changeable, endpoint, "'clock ahead'")
    by = {found.issue_id: found.found_by for found in found.hits}
    assert (numbers(found)[0], by["5"], by["6"], by["7"]) == ("5", ("words", "meaning"), ("meaning",), ("words",))
    listed = {entry["issue_id"]: entry["found_by"] for entry in found.to_json()["hits"]}
    assert (listed["5"], listed["6"], listed["7"]) == (["words", "meaning"], ["meaning"], ["words"])
    assert (found.total, sum(count for _, count in found.facets["product"])) == (7, 2)
    scores = [found.score for found in found.hits]
    assert scores == sorted(scores, reverse=True)


def test_the_snippet_is_the_passage_that_is_near(archive: Engine, endpoint: EmbeddingServer) -> None:
    snippet = hit(searched(archive, endpoint, "stops answering"), "4").snippet
    assert (snippet.where, snippet.place, snippet.text) == ("comment", "comment 7002 by 민사혁", "画面が固まる")


def test_a_passage_far_down_is_shown(changeable: Engine, endpoint: EmbeddingServer) -> None:
    # 57 times 14 characters and two blanks: the first piece ends before it.
    stored(changeable, document(6, "Notes", "JEUS", "Nothing here. " * 57 + "Always too early. " + "More. " * 50))
    refreshed(changeable, endpoint)
    snippet = hit(searched(changeable, endpoint, "時計が進む"), "6").snippet
    assert (snippet.where, snippet.text[:17]) == ("description", "Always too early.")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"product": "Tibero"}, {"3", "4"}),
        ({"product": "tib, open"}, {"2", "3", "4"}),
        ({"status": ("closed",)}, {"3"}),
        ({"since": START.date()}, {"5"}),
        ({"until": date(2000, 1, 1)}, set()),
        ({"product": "JEUS", "until": START.date()}, {"1"}),
    ],
)
def test_filters_hold(archive: Engine, endpoint: EmbeddingServer, filters: dict[str, object], wanted: set[str]) -> None:
    found = searched(archive, endpoint, "stops answering", **filters)
    assert set(numbers(found)) == wanted
    assert found.total == len(wanted)


def test_a_sentence_keeps_its_filters_and_is_asked_whole(archive: Engine, endpoint: EmbeddingServer) -> None:
    found = searched(archive, endpoint, "Tibero에서 로그인 불가 이슈 보여줘")
    assert set(numbers(found)) == {"3", "4"}
    assert numbers(found)[0] == "3"
    assert endpoint.texts == ["Tibero에서 로그인 불가 이슈 보여줘"]


def test_what_must_be_there_must_be_there(archive: Engine, endpoint: EmbeddingServer) -> None:
    assert numbers(searched(archive, endpoint, "+server 먹통")) == ["1"]
    assert endpoint.texts == ["server 먹통"]
    assert numbers(searched(archive, endpoint, "+'clock ahead' 먹통")) == ["5"]


@pytest.mark.parametrize("query", ["4", "ORA-00600", "+ORA-00600", "ORA-00600 12345", "tp_call()", "JEUS issues"])
def test_identifiers_have_no_meaning(archive: Engine, endpoint: EmbeddingServer, query: str) -> None:
    found = searched(archive, endpoint, query)
    assert found.meaning is not None
    assert "no matter of meaning" in str(found.meaning.note)
    assert (numbers(found), endpoint.texts) == (numbers(searched(archive, None, query)), [])


def test_only_so_many(archive: Engine, endpoint: EmbeddingServer) -> None:
    assert len(searched(archive, endpoint, "stops answering", limit=2).hits) == 2


def test_an_endpoint_that_is_away(archive: Engine) -> None:
    with embedding_server() as gone:
        pass
    check_words_alone(archive, gone, "cannot be reached")


def test_a_slow_endpoint(archive: Engine, endpoint: EmbeddingServer) -> None:
    endpoint.delay = 3.0
    check_words_alone(archive, endpoint, "no answer within 0.3 s", timeout=0.3)


def test_garbage(archive: Engine, endpoint: EmbeddingServer) -> None:
    endpoint.body = b"<html>"
    check_words_alone(archive, endpoint, "not that of an embedding endpoint")


def test_another_number_of_dimensions(archive: Engine, endpoint: EmbeddingServer) -> None:
    endpoint.dimensions = 8
    check_words_alone(archive, endpoint, f"12 dimensions, and the archive's vectors have {TRIGRAMS + 4}")


def test_another_model(archive: Engine, endpoint: EmbeddingServer) -> None:
    check_words_alone(archive, endpoint, "no vectors of large, but of small; `ims db refresh --meaning`", model="large")
    assert endpoint.texts == []


def test_nothing_embedded_yet(engine: Engine, endpoint: EmbeddingServer) -> None:
    stored(engine, *ISSUES)
    check_words_alone(engine, endpoint, "no vectors of small; `ims db refresh --meaning`")
    assert endpoint.texts == []


def check_words_alone(archive: Engine, endpoint: EmbeddingServer, note: str, **more: object) -> None:
    """The same answer as without an endpoint, and a note."""
    words = searched(archive, None, "server 메모리")
    found = searched(archive, endpoint, "server 메모리", **more)
    assert set(numbers(found)) == {"1", "2"}
    assert (found.hits, found.total) == (words.hits, words.total)
    assert found.meaning is not None
    assert note in str(found.meaning.note)
    assert found.to_json()["meaning"]["used"] is False


def test_fusion() -> None:
    near = [SimpleNamespace(issue_pk=key) for key in (3, 9, 2)]
    found = fused([1, 2, 3], near)
    # 3 is third and first, 2 second and third, 1 and 9 in one list only.
    assert [ranked.issue_pk for ranked in found] == [3, 2, 1, 9]
    assert found[0].score == pytest.approx(1 / 63 + 1 / 61)
    assert [ranked.found_by for ranked in found[1:]] == [("words", "meaning"), ("words",), ("meaning",)]
    assert found[3].near is near[1]
    assert [ranked.issue_pk for ranked in fused([1], near[:1])] == [1, 3]
    assert fused([], []) == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("+memory 'not enough' +'at night'", "memory not enough at night"),
        ("Why does it hang?", "Why does it hang?"),
        ("12345 hang", "12345 hang"),
        ("12345", ""),
    ],
)
def test_what_a_model_is_given(query: str, text: str) -> None:
    reading = reader().read(query, TODAY)
    assert meant(reading, reading.ims_query) == text
