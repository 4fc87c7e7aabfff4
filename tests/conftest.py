"""One real PostgreSQL a worker, in memory where there is room; one database a test, made from a template."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.projection import Projection
from ims_spiders.db.schema import initialise
from tests import figures

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Before anything imports them: their assertions explain themselves.
pytest.register_assert_rewrite("tests.crawl.oracle", "tests.crawl.crawling")

# The suite tries the same texts each time, `make test-long` others.
# How long one takes tells of what else the machine does.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("drawn", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A shell starts what runs in its background with Ctrl-C ignored, and whatever is started here would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# And nohup has it ignore that its terminal is gone.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

_names = count(1)
TEMPLATE = "template_ims"
MEMORY = Path("/dev/shm")  # noqa: S108 - only folders of mkdtemp's are made there
ROOM = 4 << 30
"""Bytes; a worker's server takes some hundred megabytes."""

# A machine may forbid it: each worker then rewrites the asserts of every module again, each `ims` compiles the package.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the long tests measured."""
    reports = [one for found in terminalreporter.stats.values() for one in found if getattr(one, "when", "") == "call"]
    for line in figures.lines(reports):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own configuration reaches these tests."""
    for name in list(os.environ):
        if name.startswith(("DATABASE_", "PG", "IMS_")) or name == "USE_DATABASE":
            monkeypatch.delenv(name)


@pytest.fixture
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The account's clock is Seoul's."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, as the product finds and starts it."""
    from playwright.sync_api import sync_playwright

    from ims_spiders.login.browser import launch_options

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(**launch_options())
        yield started
        started.close()


@pytest.fixture(scope="session")
def server(prototype: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running embedded server of this worker's own."""
    folder = in_memory() or tmp_path_factory.mktemp("server")
    data_dir = folder / "data"
    shutil.copytree(prototype, data_dir, symlinks=True)
    (data_dir / "postgres" / "port").unlink()
    made = EmbeddedServer(data_dir)
    made.start()
    hurry(made)
    make_template(made)
    yield made
    made.stop()
    shutil.rmtree(folder)


def in_memory() -> Path | None:
    """A folder of this process in the machine's memory, or None without one or without room: a database is made for
    most tests, and each is some 400 files. What runs that were killed have left there is removed."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM):
        return None
    for left in MEMORY.glob("ims-tests-*"):
        if not Path(f"/proc/{left.name.split('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"ims-tests-{os.getpid()}-", dir=MEMORY))


def hurry(server: EmbeddedServer) -> None:
    """Let the server wait for no disk: a test may kill it, but nobody cuts the machine's power."""
    engine = create_engine(
        parse_url(server.dsn("postgres", "postgres")),
        connect_args={"password": server.password("postgres")},
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("ALTER SYSTEM SET max_wal_size = '256MB'"))
        # It would look into every database that a test has just made.
        connection.execute(text("ALTER SYSTEM SET autovacuum = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def admin(server: EmbeddedServer) -> Iterator[Engine]:
    """Makes and drops databases: the owner, outside of any of them."""
    engine = create_engine(
        parse_url(server.dsn(database="postgres")),
        connect_args={"password": server.password()},
        isolation_level="AUTOCOMMIT",
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def undertaker(server: EmbeddedServer) -> Iterator[Engine]:
    """Drops databases, as superuser: the owner may not end an autovacuum worker that is looking at one."""
    engine = create_engine(
        parse_url(server.dsn("postgres", "postgres")),
        connect_args={"password": server.password("postgres")},
        isolation_level="AUTOCOMMIT",
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """A database that holds the schema and nothing else."""
    del server
    return TEMPLATE


def make_template(server: EmbeddedServer) -> None:
    """Make it before anything else is made: so the roles of the archive are its owner's, whichever test comes first."""
    admin = create_engine(
        parse_url(server.dsn(database="postgres")),
        connect_args={"password": server.password()},
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    admin.dispose()
    engine = database_engine(server, TEMPLATE)
    initialise(engine)
    engine.dispose()


@pytest.fixture
def engine(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Engine]:
    """An empty archive."""
    name = f"archive_{next(_names)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    made = database_engine(server, name)
    yield made
    made.dispose()
    with undertaker.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def projection(engine: Engine) -> Projection:
    """Writes into the empty archive."""
    return Projection(engine)


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a finished, stopped server, to be copied and killed: making one takes the longest."""
    data_dir = tmp_path_factory.mktemp("prototype")
    made = EmbeddedServer(data_dir)
    made.start()
    made.stop()
    return data_dir


@pytest.fixture
def own_server(prototype: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A stopped server of the test's own, in `tmp_path / "data"`."""
    shutil.copytree(prototype, tmp_path / "data", symlinks=True)
    (tmp_path / "data" / "postgres" / "port").unlink()
    made = EmbeddedServer(tmp_path / "data")
    yield made
    made.stop()


def database_engine(server: EmbeddedServer, name: str) -> Engine:
    """An engine as the product makes it, for one database of the test's server."""
    return open_engine(parse_url(server.dsn(database=name)), DatabaseConfig(), {"password": server.password()})
