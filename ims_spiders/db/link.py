"""The writer's way to the database: connected when it is needed, given up whole when anything fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine

from ims_spiders.db.engine import safe_message
from ims_spiders.db.projection import Projection
from ims_spiders.db.schema import initialise, is_initialised
from ims_spiders.db.transactions import Guard
from ims_spiders.db.watchdog import Watchdog

UPGRADE_SECONDS = 3600.0


class Link:
    """An engine of one thread, with a watchdog and, once the schema is there, a projection.

    `connect` is called again after every failure; it may start a server.
    """

    def __init__(self, connect: Callable[[], Engine], schema: str, upgrade: bool, guard: Guard | None):
        self._connect = connect
        self._schema = schema
        self._upgrade = upgrade
        self._guard = guard
        self._engine: Engine | None = None
        self._watchdog: Watchdog | None = None
        self.projection: Projection | None = None

    def open(self, seconds: float) -> Projection:
        """The projection; connects, and makes the schema, where that is still to do. What is asked of a server takes
        `seconds` at most; raises sqlalchemy.exc.OperationalError and whatever `connect` raises."""
        if self.projection is None:
            if self._engine is None:
                self._engine = self._connect()
                self._watchdog = Watchdog(self._engine)
            self._prepare(self._engine, seconds)
            self.projection = Projection(self._engine, self._schema, self._guard)
        return self.projection

    @property
    def connection(self) -> object:
        """Equal as long as nothing but one connection was used."""
        return self._watchdog, self._watchdog.opened if self._watchdog is not None else 0

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Whatever waits for the server inside this block for longer fails with an OperationalError."""
        assert self._watchdog is not None
        with self._watchdog.limit(seconds):
            yield

    def cut(self) -> None:
        """Have whatever waits for the server fail at once; may be called from another thread."""
        watchdog = self._watchdog
        if watchdog is not None:
            watchdog.cut()

    def message(self, error: Exception) -> str:
        """The error for people, without a secret."""
        return safe_message(error, self._engine)

    def close(self) -> None:
        """Give the connection up; `open` makes another one."""
        if self._engine is not None:
            with suppress(Exception):
                self._engine.dispose()
        self._engine = self._watchdog = self.projection = None

    def _prepare(self, engine: Engine, seconds: float) -> None:
        """Have the schema in this version; leading an older one there may take as long as there are rows."""
        with self.limit(seconds):
            ready = is_initialised(engine, self._schema)
        if not ready:
            with self.limit(UPGRADE_SECONDS):
                initialise(engine, self._schema, upgrade=self._upgrade)
