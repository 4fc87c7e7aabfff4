"""The embedding endpoint's client: what it asks, what it takes for an answer, and how it ends otherwise."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.search.meaning_endpoint import (
    Embedder,
    EndpointBusyError,
    MeaningError,
    TextsRefusedError,
    needed_embedder,
)
from tests.search.embedding_server import EmbeddingServer, embedding_server, vector

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


def asked(server: EmbeddingServer, *texts: str, timeout: float = 5.0, key: str | None = None) -> list[list[float]]:
    return Embedder(server.url, "small", key, timeout).embed(texts)


def test_vectors_come_in_the_order_of_the_texts_and_with_length_one(server: EmbeddingServer) -> None:
    found = asked(server, "에러", "the server hangs", key=KEY)
    assert [math.hypot(*one) for one in found] == pytest.approx([1.0, 1.0])
    expected = vector("the server hangs")
    assert found[1] == pytest.approx([value / math.hypot(*expected) for value in expected])
    assert found[0] != found[1]
    assert (server.paths, server.models, server.keys) == (["/v1/embeddings"], ["small"], [f"Bearer {KEY}"])
    assert server.batches == [["에러", "the server hangs"]]


def test_a_whole_address_is_taken_and_no_key_is_none(server: EmbeddingServer) -> None:
    Embedder(server.url + "/embeddings/", "small").embed(["a"])
    assert (server.paths, server.keys) == (["/v1/embeddings"], [None])


@pytest.mark.parametrize(
    "data",
    [
        None,
        "vectors",
        [],
        [{"embedding": [1.0]}],
        [{"embedding": [1.0]}, {"embedding": [1.0, 2.0]}],
        [{"embedding": [1.0, 0.0]}, {"embedding": [0.0, 0.0]}],
        [{"embedding": [1.0, float("nan")]}, {"embedding": [1.0, 1.0]}],
        [{"embedding": ["1", "2"]}, {"embedding": [1.0, 1.0]}],
        [{"embedding": []}, {"embedding": []}],
        [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}],
        [{"index": 1, "embedding": [1.0]}, {"index": 2, "embedding": [1.0]}],
        [{"embedding": [1.0]}] * 3,
        [{"embedding": [1.0] * 4001}] * 2,
    ],
)
def test_what_is_no_answer(server: EmbeddingServer, data: Any) -> None:
    server.body = json.dumps({"data": data}).encode()
    with pytest.raises(MeaningError, match=r"127\.0\.0\.1: its (answer|vectors)") as caught:
        asked(server, "a", "b")
    assert type(caught.value) is MeaningError


@pytest.mark.parametrize("body", [b"", b"<html>proxy</html>", b"[" * 100_000, b'{"data": 7}', b'["data"]'])
def test_garbage(server: EmbeddingServer, body: bytes) -> None:
    server.body = body
    with pytest.raises(MeaningError, match="not that of an embedding endpoint"):
        asked(server, "a")


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (404, MeaningError, "IMS_EMBEDDING_MODEL"),
        (400, TextsRefusedError, "HTTP 400"),
        (413, TextsRefusedError, "HTTP 413"),
        (429, EndpointBusyError, "HTTP 429"),
        (500, EndpointBusyError, "HTTP 500"),
        (204, MeaningError, "HTTP 204"),
    ],
)
def test_other_statuses(server: EmbeddingServer, status: int, error: type[MeaningError], reason: str) -> None:
    server.status, server.body = status, b""
    with pytest.raises(error, match=reason):
        asked(server, "a")


def test_a_refused_key_is_in_no_message(server: EmbeddingServer) -> None:
    server.key = "another"
    with pytest.raises(MeaningError, match="IMS_EMBEDDING_API_KEY") as caught:
        asked(server, "a", key=KEY)
    assert KEY not in str(caught.value)
    assert KEY not in repr(Embedder(server.url, "small", KEY))


def test_a_redirect_is_not_followed(server: EmbeddingServer) -> None:
    with embedding_server() as elsewhere:
        server.location = elsewhere.url + "/embeddings"
        with pytest.raises(MeaningError, match="HTTP 307"):
            asked(server, "a", key=KEY)
        assert elsewhere.batches == []


@pytest.mark.parametrize("dripping", [False, True])
def test_a_slow_one_is_not_waited_for(server: EmbeddingServer, dripping: bool) -> None:
    server.delay, server.drips = (0.0, True) if dripping else (5.0, False)
    with pytest.raises(EndpointBusyError, match=r"no answer within 0\.3 s"):
        asked(server, "a", timeout=0.3)


def test_a_batch_has_its_time_once_for_each_text(server: EmbeddingServer) -> None:
    server.delay = 0.6
    assert len(asked(server, *"abcdefgh", timeout=0.3)) == 8


def test_nobody_there() -> None:
    with embedding_server() as gone:
        pass
    with pytest.raises(EndpointBusyError, match="cannot be reached"):
        asked(gone, "a")


def test_the_environment_has_to_name_one(monkeypatch: pytest.MonkeyPatch, server: EmbeddingServer) -> None:
    with pytest.raises(ConfigurationError, match="IMS_EMBEDDING_URL: the search by meaning needs"):
        needed_embedder()
    monkeypatch.setenv("IMS_EMBEDDING_URL", server.url)
    with pytest.raises(ConfigurationError, match="IMS_EMBEDDING_MODEL: must name"):
        needed_embedder()
    monkeypatch.setenv("IMS_EMBEDDING_MODEL", "large")
    monkeypatch.setenv("IMS_EMBEDDING_API_KEY", KEY)
    needed_embedder().embed(["a"])
    assert (server.models, server.keys) == (["large"], [f"Bearer {KEY}"])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("URL", "localhost:11434", "must be an address"),
        ("URL", f"http://me:{KEY}@localhost/v1", "IMS_EMBEDDING_API_KEY"),
        ("URL", "http://localhost:99999/v1", "must be an address"),
        ("API_KEY", f"{KEY}\nX: y", "printable"),
        ("TIMEOUT", "0", "greater than 0"),
    ],
)
def test_wrong_settings(monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str) -> None:
    monkeypatch.setenv("IMS_EMBEDDING_MODEL", "small")
    monkeypatch.setenv(f"IMS_EMBEDDING_{name}", value)
    with pytest.raises(ConfigurationError, match=f"^IMS_EMBEDDING_{name}: .*{reason}") as caught:
        needed_embedder()
    assert KEY not in str(caught.value)
