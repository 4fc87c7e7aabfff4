"""A TCP proxy before the database that can swallow answers or cut a connection at a chosen moment."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Listens on 127.0.0.1:`port` and passes on to `target`.

    `silent`: take everything and answer nothing, as a half-open connection does. `cut_after`: close the client's
    connection right after these bytes went to the server, so that the answer to them is lost; once.
    """

    def __init__(self, target: int):
        self.target = target
        self.silent = threading.Event()
        self.cut_after: bytes | None = None
        self.cuts = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

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
            server = socket.create_connection(("127.0.0.1", self.target))
            self._sockets += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while content := client.recv(65536):
                if self.silent.is_set():
                    continue
                if self.cut_after and self.cut_after in content:
                    self.cut_after = None
                    self.cuts += 1
                    # The answer must not come through: the client is gone before the server has the request.
                    client.shutdown(socket.SHUT_RDWR)
                    client.close()
                server.sendall(content)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while content := server.recv(65536):
                if not self.silent.is_set():
                    client.sendall(content)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
