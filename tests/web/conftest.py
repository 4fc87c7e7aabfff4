"""The archive of the pages' tests, served to kim and others; tests that change it make one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import add_user
from ims_spiders.web.settings import WebSettings
from tests.conftest import database_engine
from tests.web.archive import fill
from tests.web.serving import Site, site


@dataclass(frozen=True)
class Filled:
    """A filled archive on the test's server."""

    server: EmbeddedServer
    database: str
    data_dir: Path

    def connect(self) -> Engine:
        """An engine of the owner's, as the product makes it."""
        return database_engine(self.server, self.database)

    def settings(self, user: str | None = "kim", **more: object) -> WebSettings:
        """To serve it on a free port."""
        return WebSettings(port=0, user=user, data_dir=self.data_dir, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _everybody_is_in_seoul(in_seoul: None) -> None:
    """Whatever the machine's clock says."""


@pytest.fixture(scope="session")
def archive(server: EmbeddedServer, admin: Engine, template: str, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """The archive that no test changes. lee and the analyst have logins of their own, kim is known from crawls only."""
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE archive_web TEMPLATE {template} STRATEGY FILE_COPY"))
    made = Filled(server, "archive_web", tmp_path_factory.mktemp("web"))
    engine = made.connect()
    fill(engine, made.data_dir)
    passwords = Passwords(made.data_dir)
    add_user(engine, "lee", passwords)
    add_user(engine, "analyst", passwords, "readonly")
    engine.dispose()
    return made


@pytest.fixture(scope="session")
def kim(archive: Filled) -> Iterator[Site]:
    """The archive as kim sees it."""
    with site(archive.settings(), archive.connect) as running:
        yield running


@pytest.fixture(scope="session")
def lee(archive: Filled) -> Iterator[Site]:
    """The archive as lee sees it."""
    with site(archive.settings("lee"), archive.connect) as running:
        yield running
