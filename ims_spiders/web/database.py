"""The archive's database for a server of many requests: a few threads, each statement with an end, reconnecting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ims_spiders.db.cluster import EmbeddedServerError
from ims_spiders.db.engine import safe_message
from ims_spiders.db.schema import is_outdated, schema_version
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.web.problems import ArchiveUnfitError, DatabaseAwayError, TooBusyError, TookTooLongError
from ims_spiders.web.sight import NOBODY, Sight, looking

T = TypeVar("T")
THREADS = 4
MOST_WAITING = 64
MOST_SECONDS = 40.0
"""For all that a page asks, with the time that it waits for a thread; each statement has its own end."""
QUERY_CANCELED = "57014"
_AWAY = "This page works again as soon as the database does, and asks every ten seconds. To see what is the matter:"


class ArchiveDatabase:
    """Runs what pages ask of the database, as one user, in threads of its own."""

    def __init__(self, connect: Callable[[], Engine], user: str | None, schema: str = "ims") -> None:
        """`connect` makes an engine, anew after each failure: a server that was started again may listen elsewhere."""
        self._connect = connect
        self._user = user
        self._schema = schema
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._pool = ThreadPoolExecutor(THREADS, "archive")
        self._waiting = 0
        self._at_work: set[Any] = set()

    async def look(self, work: Callable[[Sight], T]) -> T:
        """What `work` makes of a reading transaction as the user. Raises WebError when there is none to be had."""
        return await self.run(partial(self._looked, work))

    async def write(self, work: Callable[[Engine], T]) -> T:
        """What `work` makes of the login's own engine. Raises WebError as `look` does."""
        return await self.run(partial(self._worked, work))

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, from one of the threads.

        Raises TooBusyError when many wait for one, TookTooLongError when it is not done in time; it may end later.
        """
        if self._waiting >= MOST_WAITING:
            raise TooBusyError("The archive is being asked for more than it can give. Try again in a moment.")
        self._waiting += 1
        try:
            async with asyncio.timeout(MOST_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TimeoutError as error:
            raise TookTooLongError(
                "This took longer than a page may. Try again, with fewer words or more filters."
            ) from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the statements that run, and the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for connection in list(self._at_work):
            with suppress(psycopg2.Error):
                connection.cancel()
        self._pool.shutdown()
        self._forget(self._engine)

    def check(self) -> bool:
        """Whether the archive knows the user. Raises what `look` raises."""
        return self._looked(lambda sight: sight.user_id != NOBODY)

    def _looked(self, work: Callable[[Sight], T]) -> T:
        def as_the_user(engine: Engine) -> T:
            with looking(engine, self._user, self._schema) as sight, self._noted(sight):
                return work(sight)

        return self._worked(as_the_user)

    def _worked(self, work: Callable[[Engine], T]) -> T:
        engine = None
        try:
            engine = self._ready()
            return work(engine)
        except ConfigurationError as error:
            raise ArchiveUnfitError(f"{error}.") from error
        except PoolTimeout as error:
            raise TooBusyError("All connections to the database are in use. Try again in a moment.") from error
        except EmbeddedServerError as error:
            self._forget(engine)
            raise DatabaseAwayError(f"It does not run. {_AWAY} ims db status; to start it: ims db start.") from error
        except DBAPIError as error:
            raise self._problem(error, engine) from error

    def _problem(self, error: DBAPIError, engine: Engine | None) -> Exception:
        if getattr(error.orig, "pgcode", None) == QUERY_CANCELED:
            return TookTooLongError(
                "The database needed too long for this. Fewer words or more filters make it easier."
            )
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            self._forget(engine)
            return DatabaseAwayError(f"It does not answer. {_AWAY} ims doctor.")
        return RuntimeError(safe_message(error, engine))

    def _ready(self) -> Engine:
        """The engine of an archive whose schema is this program's."""
        with self._lock:
            if self._engine is None:
                engine = self._connect()
                try:
                    self._check_schema(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _check_schema(self, engine: Engine) -> None:
        version = schema_version(engine, self._schema)
        if version is None:
            raise ConfigurationError(
                "there is no archive in the database yet: `ims db init` makes one, `ims db load` fills it"
            )
        if is_outdated(version):
            raise ConfigurationError("the archive's schema is older than this program: run `ims db upgrade`")

    def _forget(self, engine: Engine | None) -> None:
        with self._lock:
            if engine is not None and self._engine is engine:
                self._engine = None
                engine.dispose()

    @contextmanager
    def _noted(self, sight: Sight) -> Iterator[None]:
        """Known as at work, so that the end of the server can be the end of its statement."""
        connection = sight.connection.connection.dbapi_connection
        self._at_work.add(connection)
        try:
            yield
        finally:
            self._at_work.discard(connection)
