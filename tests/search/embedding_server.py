"""A real embedding endpoint: vectors of hashed character trigrams, and of a few meanings in three languages."""

from __future__ import annotations

import json
import math
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEANINGS = (
    ("stops answering", "hang", "freezes", "응답 없음", "멈춤", "먹통", "固まる", "応答なし"),
    ("out of memory", "heap exhausted", "메모리 부족", "メモリ不足"),
    ("cannot sign in", "login refused", "로그인 불가", "ログインできない"),
    ("clock ahead", "too early", "너무 일찍", "時計が進む"),
)
TRIGRAMS = 48


def vector(text: str, dimensions: int = TRIGRAMS) -> list[float]:
    """Texts that mean the same are near, whatever their words; texts with the same letters are a little near."""
    folded = " ".join(text.lower().split())
    letters = [0.0] * dimensions
    for place in range(max(1, len(folded) - 2)):
        letters[zlib.crc32(folded[place : place + 3].encode()) % dimensions] += 1
    length = math.hypot(*letters)
    said = [3.0 if any(word in folded for word in words) else 0.0 for words in MEANINGS]
    return [*(value / length for value in letters), *said]


@dataclass
class EmbeddingServer:
    """How it behaves, and what it was asked."""

    key: str | None = None
    dimensions: int = TRIGRAMS
    delay: float = 0.0
    drips: bool = False
    status: int = 200
    body: bytes | None = None  # instead of an answer
    data: Any = None  # instead of the vectors
    location: str | None = None
    failures: int = 0  # answers with HTTP 503 before the first right one
    longest: int = 100_000  # characters of a text that it takes
    fails_after: int | None = None  # answers; then it says 400 to everything
    grows_after: int | None = None  # answers; then vectors have one dimension more
    url: str = ""
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """All that it was asked for."""
        return [text for batch in self.batches for text in batch]

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        """One question."""
        question = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.paths.append(handler.path)
        self.keys.append(handler.headers["Authorization"])
        self.models.append(question["model"])
        self.batches.append(question["input"])
        time.sleep(self.delay)
        if self.key is not None and self.keys[-1] != f"Bearer {self.key}":
            return 401, f"bad key {self.keys[-1]}".encode()
        if self.failures:
            self.failures -= 1
            return 503, b"loading"
        exhausted = self.fails_after is not None and len(self.batches) > self.fails_after
        if exhausted or any(len(text) > self.longest for text in question["input"]):
            return 400, b"too long"
        if self.body is not None:
            return self.status, self.body
        grown = self.grows_after is not None and len(self.batches) > self.grows_after
        data = [
            {"object": "embedding", "index": place, "embedding": vector(text, self.dimensions + grown)}
            for place, text in enumerate(question["input"])
        ]
        # The order is not promised, only the index.
        return self.status, json.dumps({"data": data[::-1] if self.data is None else self.data}).encode()


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """The endpoint while it listens; its address is `url`."""
    state = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = state.answer(self)
            self.send_response(307 if state.location else status)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for byte in body if state.drips else ():
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.1)
                self.wfile.write(b"" if state.drips else body)
            except OSError:
                pass  # whoever asked has given up

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join(10)
