"""A limit on how long an engine's connections may keep a thread waiting, also when nothing answers any more.

A statement's timeout is the server's to keep, keepalives are the kernel's; neither helps when something in between
accepts everything and never answers. Shutting the socket down makes the waiting call fail at once.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event


class Watchdog:
    """Knows all connections of an engine that only one thread uses, and can cut them. `opened`: how many there were."""

    def __init__(self, engine: Engine):
        self._connections: WeakSet[Any] = WeakSet()
        self.opened = 0
        # First in line: SQLAlchemy's own listeners already send statements over a new connection.
        event.listen(engine, "connect", self._remember, insert=True)

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Whatever waits for the server inside this block for longer fails with an OperationalError."""
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cut(self) -> None:
        """Shut the sockets of all open connections down."""
        for connection in list(self._connections):
            with suppress(Exception):
                if not connection.closed:
                    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
                        duplicate.shutdown(socket.SHUT_RDWR)

    def _remember(self, connection: Any, _record: Any) -> None:
        self._connections.add(connection)
        self.opened += 1
