"""A TCP proxy before a server, whose wire breaks in chosen ways: reset, silent, slow, cut after these bytes."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Self


class Wire:
    """Listens on 127.0.0.1:`port` and passes on to 127.0.0.1:`target`, until it is closed.

    `silent`: take everything and hand nothing on, as a half-open connection does. `refusing`: reset whoever comes.
    `drip`: seconds between the bytes of an answer. `cut_after` and `reset_after` strike once for each call, or as often
    as they are told to; `cuts` and `resets` count how often they did, `connections` who came.
    """

    def __init__(self, target: int):
        self.target = target
        self.silent = threading.Event()
        self.refusing = threading.Event()
        self.drip = 0.0
        self.cuts = self.resets = self.connections = 0
        self.moments: list[float] = []
        self._lock = threading.Lock()
        self._cut: tuple[bytes, int] | None = None
        self._reset: tuple[int, int] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut_after(self, sent: bytes, nth: int = 1) -> None:
        """Close the client's connection right after these bytes went to the server for the n-th time from now on: they
        arrive, and the answer to them is lost."""
        with self._lock:
            self._cut = (sent, nth)

    def reset_after(self, count: int, times: int = 1) -> None:
        """Reset the next connections, so many, in the middle of the answer: after `count` bytes of it."""
        with self._lock:
            self._reset = (count, times)

    def close(self) -> None:
        """Stop listening and drop all connections."""
        for opened in (self._listener, *self._sockets):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.moments.append(time.monotonic())
            if self.refusing.is_set():
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                _reset(client)
                continue
            self._sockets += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, self._take_reset()), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        seen = b""
        with suppress(OSError):
            while content := client.recv(65536):
                if self.silent.is_set():
                    continue
                if self._is_to_cut(seen, content):
                    # The answer must not come through: the client is gone before the server has the request.
                    client.shutdown(socket.SHUT_RDWR)
                    client.close()
                seen = content[-100:]
                server.sendall(content)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _is_to_cut(self, seen: bytes, content: bytes) -> bool:
        with self._lock:
            if self._cut is None:
                return False
            wanted, left = self._cut
            overlap = seen[len(seen) - min(len(seen), len(wanted) - 1) :]
            left -= (overlap + content).count(wanted)
            self._cut = (wanted, left) if left > 0 else None
            self.cuts += left <= 0
            return left <= 0

    def _take_reset(self) -> int | None:
        with self._lock:
            if self._reset is None:
                return None
            count, times = self._reset
            self._reset = (count, times - 1) if times > 1 else None
            return count

    def _answer(self, server: socket.socket, client: socket.socket, reset_after: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while content := server.recv(65536):
                if self.silent.is_set():
                    continue
                if reset_after is not None and passed + len(content) > reset_after:
                    client.sendall(content[: reset_after - passed])
                    self.resets += 1
                    _reset(client)
                    return
                passed += len(content)
                self._send(client, content)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _send(self, client: socket.socket, content: bytes) -> None:
        if not self.drip:
            client.sendall(content)
            return
        for position in range(len(content)):
            client.sendall(content[position : position + 1])
            time.sleep(self.drip)


def _reset(connection: socket.socket) -> None:
    """End it by a reset, not in order."""
    with suppress(OSError):
        # Whoever waits in recv() on it holds it open otherwise. It says nothing to the other side.
        connection.shutdown(socket.SHUT_RD)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
