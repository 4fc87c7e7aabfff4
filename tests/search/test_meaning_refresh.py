"""Vectors are made of what is new or changed, once; another model's are never mixed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db import meaning
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.meaning import MeaningTables
from ims_spiders.db.meaning_setup import prepare
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.search import meaning_refresh
from ims_spiders.search.meaning_endpoint import Embedder, MeaningError, TextsRefusedError, Vector
from ims_spiders.search.meaning_refresh import refresh_meaning
from tests.db.factory import changed
from tests.db.inspect_rows import rows, value
from tests.search.embedding_server import TRIGRAMS, EmbeddingServer, embedding_server
from tests.search.meaning_archive import ISSUES, MODEL, comments, document, numbers, refreshed, searched, stored

PASSAGES = 12
MODELS = "SELECT model, dimensions FROM ims.search_meanings()"
STORED = "SELECT count(*) FROM ims_private.search_meaning_passages"


@pytest.fixture
def endpoint() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


@pytest.fixture
def archive(engine: Engine, server: EmbeddedServer) -> Engine:
    """Five issues, and all that vectors need."""
    stored(engine, *ISSUES)
    prepare(engine, server=server)
    return engine


def test_everything_is_embedded_once(archive: Engine, endpoint: EmbeddingServer) -> None:
    told: list[tuple[str, int, int]] = []
    done = refreshed(archive, endpoint, progress=lambda *call: told.append(call))
    assert (done.issues, done.asked, done.passages) == (5, PASSAGES, PASSAGES)
    assert told == [("issues embedded", 5, 5)]
    assert rows(archive, MODELS) == [(MODEL, TRIGRAMS + 4)]
    assert len(endpoint.texts) == len(set(endpoint.texts)) == PASSAGES + 1
    endpoint.batches.clear()
    again = refreshed(archive, endpoint)
    assert (again.issues, again.asked, again.passages, len(endpoint.texts)) == (0, 0, PASSAGES, 1)


def test_of_a_changed_issue_only_what_is_new_is_asked_for(archive: Engine, endpoint: EmbeddingServer) -> None:
    refreshed(archive, endpoint)
    endpoint.batches.clear()
    replies = document(5, "", "", "", comments=comments("로그인 불가"))["comments"]
    stored(archive, changed(ISSUES[4], 9, 1, comments=replies, status="Closed"))
    done = refreshed(archive, endpoint)
    assert (done.issues, done.passages) == (1, PASSAGES + 1)
    assert endpoint.texts[1:] == ["Report has its clock ahead\n로그인 불가"]
    assert numbers(searched(archive, endpoint, "cannot sign in"))[:2] == ["3", "5"]


def test_a_text_changed_by_hand_is_noticed_and_a_deleted_issue_forgotten(
    archive: Engine, endpoint: EmbeddingServer
) -> None:
    refreshed(archive, endpoint)
    endpoint.batches.clear()
    with archive.begin() as connection:
        connection.execute(text("UPDATE ims.issue_comments SET content = '먹통' WHERE content = 'Which one?'"))
        connection.execute(text("DELETE FROM ims.issues WHERE issue_id = '1'"))
    assert refreshed(archive, endpoint).passages == PASSAGES - 2
    assert endpoint.texts[1:] == ["ORA-00600 during export\n먹통"]
    assert value(archive, STORED) == PASSAGES - 2


def test_an_interrupted_refresh_goes_on(
    archive: Engine, endpoint: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning_refresh, "ISSUES_AT_ONCE", 2)
    endpoint.fails_after = 3
    with pytest.raises(TextsRefusedError):
        refreshed(archive, endpoint)
    assert value(archive, "SELECT count(*) FROM ims_private.search_meaning_issues") == 4
    endpoint.fails_after = None
    assert numbers(searched(archive, endpoint, "heap exhausted"))[0] == "2"
    done = refreshed(archive, endpoint)
    assert (done.issues, done.asked, done.passages) == (1, 2, PASSAGES)


def test_a_busy_endpoint_is_asked_again(archive: Engine, endpoint: EmbeddingServer) -> None:
    refreshed(archive, endpoint)
    stored(archive, document(6, "new", "JEUS", ""))
    ask = Embedder.embed
    seen: list[int] = []

    class Counting(Embedder):
        def embed(self, texts: Sequence[str]) -> list[Vector]:
            seen.append(len(texts))
            endpoint.failures = 1 if len(seen) == 2 else 0
            return ask(self, texts)

    assert refresh_meaning(archive, Counting(endpoint.url, MODEL)).passages == PASSAGES + 1
    assert seen == [1, 1, 1]


def test_texts_that_a_model_finds_too_long_are_asked_for_one_by_one_and_cut(
    archive: Engine, endpoint: EmbeddingServer
) -> None:
    stored(archive, document(6, "long", "JEUS", "deadlock " * 80))
    endpoint.longest = 400
    assert refreshed(archive, endpoint).passages == PASSAGES + 2
    assert max(len(text) for text in endpoint.texts) > 400
    endpoint.longest = 10
    with pytest.raises(TextsRefusedError):
        refreshed(archive, endpoint, "other")


def test_vectors_of_different_lengths_are_no_model(archive: Engine, endpoint: EmbeddingServer) -> None:
    endpoint.grows_after = 1
    with pytest.raises(MeaningError, match="vectors of different lengths"):
        refreshed(archive, endpoint)
    assert value(archive, STORED) == 0


def test_models_are_told_apart(archive: Engine, endpoint: EmbeddingServer) -> None:
    refreshed(archive, endpoint)
    endpoint.fails_after = len(endpoint.batches) + 1
    with pytest.raises(TextsRefusedError):
        refreshed(archive, endpoint, "other")
    endpoint.fails_after = None
    # The one that is not complete takes nothing from the one that is.
    assert set(numbers(searched(archive, endpoint, "stops answering"))[:2]) == {"1", "4"}
    refreshed(archive, endpoint, "other")
    assert rows(archive, MODELS) == [("other", TRIGRAMS + 4)]
    assert value(archive, STORED) == PASSAGES
    endpoint.dimensions = TRIGRAMS // 2
    refreshed(archive, endpoint, "other")
    assert rows(archive, MODELS) == [("other", TRIGRAMS // 2 + 4)]
    assert value(archive, STORED) == PASSAGES


def test_an_issue_that_goes_while_the_model_thinks(archive: Engine, endpoint: EmbeddingServer) -> None:
    class Deleting(Embedder):
        def embed(self, texts: Sequence[str]) -> list[Vector]:
            with archive.begin() as connection:
                connection.execute(text("DELETE FROM ims.issues WHERE issue_id = '4'"))
            return super().embed(texts)

    first = refresh_meaning(archive, Deleting(endpoint.url, MODEL))
    assert first.passages == PASSAGES - 4
    stored(archive, ISSUES[3])

    class DeletingLater(Deleting):
        def embed(self, texts: Sequence[str]) -> list[Vector]:
            return super().embed(texts) if len(texts) > 1 else Embedder.embed(self, texts)

    second = refresh_meaning(archive, DeletingLater(endpoint.url, MODEL))
    assert (second.asked, second.passages) == (4, PASSAGES - 4)


def test_one_at_a_time(archive: Engine, endpoint: EmbeddingServer) -> None:
    with archive.connect() as connection:
        assert MeaningTables(connection).alone()
        with pytest.raises(ConfigurationError, match="is running; wait"):
            refreshed(archive, endpoint)
    assert refreshed(archive, endpoint).passages == PASSAGES


def test_many_have_an_index(archive: Engine, endpoint: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    indexes = """
        SELECT indexrelname, idx_scan > 0 FROM pg_stat_user_indexes
        WHERE relname = 'search_meaning_passages' AND indexrelname LIKE '%model%'"""
    refreshed(archive, endpoint)
    before = numbers(searched(archive, endpoint, "stops answering"))
    assert rows(archive, indexes) == []
    monkeypatch.setattr(meaning, "MANY", PASSAGES)
    refreshed(archive, endpoint)
    assert [used for _, used in rows(archive, indexes)] == [False]
    with archive.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {archive.url.database} SET enable_seqscan = off"))
    archive.dispose()
    assert numbers(searched(archive, endpoint, "stops answering")) == before
    archive.dispose()
    assert [used for _, used in rows(archive, indexes)] == [True]
    refreshed(archive, endpoint, "other")
    assert len(rows(archive, indexes)) == 1
