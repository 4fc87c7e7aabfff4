"""One question to an OpenAI-compatible /chat/completions endpoint, with a deadline for the whole of it."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_LARGEST = 1 << 20
_PATH = "/chat/completions"


class ChatError(Exception):
    """No answer. Its text says why, without the key, the address's user or anything that the server said."""


@dataclass(slots=True)
class _Exchange:
    """What the thread that talks to the server has come to."""

    connection: http.client.HTTPConnection
    body: bytes = b""
    status: int = 0
    failure: str = ""


class Chat:
    """Asks one model at one address. Redirects are not followed: the key goes to nobody else."""

    def __init__(self, url: str, model: str, key: str | None = None, timeout: float = 10.0) -> None:
        """`url` ends with /v1 or the like, or with /chat/completions; `timeout` is seconds for the whole question."""
        self._parts = urlsplit(url)
        path = self._parts.path.rstrip("/")
        self._path = path if path.endswith(_PATH) else path + _PATH
        self._model = model
        self._key = key
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Chat({self._parts.hostname}, {self._model})"

    def ask(self, instructions: str, question: str) -> str:
        """What the model answers. Raises ChatError."""
        exchange = _Exchange(self._connection())
        thread = threading.Thread(target=self._exchange, args=(exchange, instructions, question), daemon=True)
        thread.start()
        # A server that sends a byte a second never trips a socket's own timeout.
        thread.join(self._timeout)
        if thread.is_alive():
            raise ChatError(self._too_late)
        if exchange.failure:
            raise ChatError(exchange.failure)
        return _content(exchange)

    @property
    def _too_late(self) -> str:
        return f"no answer within {self._timeout:g} s"

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)

    def _exchange(self, exchange: _Exchange, instructions: str, question: str) -> None:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            exchange.connection.request("POST", self._path, self._body(instructions, question), headers)
            answer = exchange.connection.getresponse()
            exchange.status, exchange.body = answer.status, answer.read(_LARGEST + 1)
        except TimeoutError:
            exchange.failure = self._too_late
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The error's own text may quote what the server sent, or a header.
            exchange.failure = f"it cannot be reached ({type(error).__name__})"
        finally:
            exchange.connection.close()

    def _body(self, instructions: str, question: str) -> bytes:
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
        body = {"model": self._model, "messages": messages, "temperature": 0, "stream": False}
        return json.dumps(body).encode()


def _content(exchange: _Exchange) -> str:
    if exchange.status in {401, 403}:
        raise ChatError(f"it refuses the key (HTTP {exchange.status}); see IMS_LLM_API_KEY")
    if exchange.status != 200:
        raise ChatError(f"it answers HTTP {exchange.status}")
    if len(exchange.body) > _LARGEST:
        raise ChatError("its answer is too long")
    try:
        answer: Any = json.loads(exchange.body)
        content = answer["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ChatError("its answer is not that of a chat endpoint") from None
    if not isinstance(content, str):
        raise ChatError("its answer holds no text")
    return content
