"""A case for each row and seed, with the archive that the row needs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from ims_spiders.db.cluster import DATABASE
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import initialise
from tests.conftest import database_engine, hurry
from tests.crawl.crawling import Archive, database_url
from tests.faults.case import Case
from tests.faults.row import Row

Begin = Callable[[Row, int], Case]


@pytest.fixture
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Begin]:
    """Makes the case of a row and a seed; it ends with the test."""
    with ExitStack() as stack:

        def made(row: Row, seed: int) -> Case:
            server = _own_server(request) if row.database == "own" else None
            engine = _engine(request, row, server)
            case = Case(Archive(tmp_path / "data", engine), seed, random.Random(f"{row.name} {seed}"), server=server)
            if engine is not None:
                case.secrets.add(password_of(engine))
            return stack.enter_context(case)

        yield made


def _engine(request: pytest.FixtureRequest, row: Row, server: EmbeddedServer | None) -> Engine | None:
    if server is None:
        return request.getfixturevalue("engine") if row.database == "shared" else None
    made = database_engine(server, DATABASE)
    request.addfinalizer(made.dispose)
    initialise(made)
    return made


def _own_server(request: pytest.FixtureRequest) -> EmbeddedServer:
    """One that may be killed; it stands in the data folder, where nothing else looks for it."""
    server: EmbeddedServer = request.getfixturevalue("own_server")
    server.start()
    hurry(server)
    return server


def password_of(engine: Engine) -> str:
    """The password that a user of this database gives."""
    return make_url(database_url(engine)).password or ""
