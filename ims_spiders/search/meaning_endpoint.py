"""Texts to vectors, by an OpenAI-compatible /embeddings endpoint, with a deadline for each question."""

from __future__ import annotations

import http.client
import json
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ims_spiders.config import load_embedding_config
from ims_spiders.exceptions import ConfigurationError, ImsError

Vector = list[float]

MOST_DIMENSIONS = 4000
"""As many as pgvector's index takes of a halfvec."""
_LARGEST = 1 << 26
_PATH = "/embeddings"


class MeaningError(ImsError):
    """No vectors. Raised by the endpoint's client, without the key or anything that the server said. A search goes on
    by words; a refresh ends, exit code 1, and can be repeated."""


class TextsRefusedError(MeaningError):
    """The endpoint does not take these texts: too many, or one too long. Raised by the client; a refresh asks again
    with fewer and shorter ones."""


class EndpointBusyError(MeaningError):
    """The endpoint does not answer at present. Raised by the client; a refresh waits a little and asks again."""


@dataclass(slots=True)
class _Exchange:
    """What the thread that talks to the server has come to."""

    connection: http.client.HTTPConnection
    body: bytes = b""
    status: int = 0
    failure: str = ""


class Embedder:
    """Asks one model at one address. Redirects are not followed: key and texts go to nobody else."""

    def __init__(self, url: str, model: str, key: str | None = None, timeout: float = 10.0) -> None:
        """`url` ends with /v1 or the like, or with /embeddings; `timeout` is seconds for a text."""
        self._parts = urlsplit(url)
        path = self._parts.path.rstrip("/")
        self._path = path if path.endswith(_PATH) else path + _PATH
        self.model = model
        self._key = key
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Embedder({self._parts.hostname}, {self.model})"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector of length 1 for each text, all with the same number of dimensions.

        A batch has the timeout once for each of its texts, ten minutes at most. Raises TextsRefusedError when the
        endpoint does not take them, EndpointBusyError when it does not answer, MeaningError when it gives no vectors.
        """
        limit = min(600.0, self._timeout * max(1, len(texts)))
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        exchange = _Exchange(kind(self._parts.hostname or "", self._parts.port, timeout=limit))
        thread = threading.Thread(target=self._exchange, args=(exchange, list(texts)), daemon=True)
        thread.start()
        # A server that sends a byte a second never trips a socket's own timeout.
        thread.join(limit)
        if thread.is_alive():
            raise EndpointBusyError(self._says(f"no answer within {limit:g} s"))
        if exchange.failure:
            raise EndpointBusyError(self._says(exchange.failure))
        self._check(exchange)
        try:
            return _vectors(exchange.body, len(texts))
        except ValueError as error:
            raise MeaningError(self._says(str(error))) from None

    def _exchange(self, exchange: _Exchange, texts: list[str]) -> None:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            body = json.dumps({"model": self.model, "input": texts}).encode()
            exchange.connection.request("POST", self._path, body, headers)
            answer = exchange.connection.getresponse()
            exchange.status, exchange.body = answer.status, answer.read(_LARGEST + 1)
        except TimeoutError:
            exchange.failure = f"no answer within {exchange.connection.timeout:g} s"
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The error's own text may quote what the server sent, or a header.
            exchange.failure = f"it cannot be reached ({type(error).__name__})"
        finally:
            exchange.connection.close()

    def _check(self, exchange: _Exchange) -> None:
        if exchange.status in {401, 403}:
            raise MeaningError(self._says(f"it refuses the key (HTTP {exchange.status}); see IMS_EMBEDDING_API_KEY"))
        if exchange.status == 404:
            raise MeaningError(self._says("it has no such address or model (HTTP 404); see IMS_EMBEDDING_MODEL"))
        if exchange.status in {400, 413, 422}:
            raise TextsRefusedError(self._says(f"it does not take the texts (HTTP {exchange.status})"))
        if exchange.status == 429 or exchange.status >= 500:
            raise EndpointBusyError(self._says(f"it answers HTTP {exchange.status}"))
        if exchange.status != 200:
            raise MeaningError(self._says(f"it answers HTTP {exchange.status}"))
        if len(exchange.body) > _LARGEST:
            raise MeaningError(self._says("its answer is too long"))

    def _says(self, reason: str) -> str:
        return f"the embedding endpoint at {self._parts.hostname}: {reason}"


def needed_embedder() -> Embedder:
    """The model that the environment names. Raises ConfigurationError when it names none, or for wrong settings."""
    config = load_embedding_config()
    if config.url is None or config.model is None:
        raise ConfigurationError(
            "IMS_EMBEDDING_URL: the search by meaning needs an embedding endpoint such as http://localhost:11434/v1; "
            "without one, leave out --meaning and IMS_SEARCH_MEANING"
        )
    key = config.api_key.get_secret_value() if config.api_key else None
    return Embedder(config.url, config.model, key, config.timeout)


def _vectors(body: bytes, count: int) -> list[Vector]:
    """The vectors in an answer, in the order of the texts. Raises ValueError that says what is wrong with it."""
    try:
        data: Any = json.loads(body)["data"]
        # The order is said by `index`; some servers leave that out and keep the order.
        found = {int(entry.get("index", place)): entry["embedding"] for place, entry in enumerate(data)}
        vectors = [_unit(found[place]) for place in range(count)]
    except (LookupError, TypeError, AttributeError, RecursionError, ValueError, OverflowError):
        raise ValueError("its answer is not that of an embedding endpoint") from None
    sizes = {len(vector) for vector in vectors}
    if len(found) != count or len(sizes) != 1:
        raise ValueError("its answer has vectors of different lengths, or not one for each text")
    if max(sizes) > MOST_DIMENSIONS:
        raise ValueError(f"its vectors have {max(sizes)} dimensions, and {MOST_DIMENSIONS} are the most")
    return vectors


def _unit(values: Any) -> Vector:
    """The vector with length 1. Raises ValueError for one that is no direction."""
    if not isinstance(values, list) or any(isinstance(value, bool | str) for value in values):
        raise ValueError
    numbers = [float(value) for value in values]
    length = math.hypot(*numbers)
    if not numbers or not math.isfinite(length) or length == 0:
        raise ValueError
    return [value / length for value in numbers]
