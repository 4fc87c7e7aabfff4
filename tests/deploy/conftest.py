"""One Scrapyd with a deployed egg for a module, beside a tracker and a database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.demo.server import DemoTracker
from tests.conftest import database_engine
from tests.crawl.crawling import FAST, Archive
from tests.deploy.scrapyd import Scrapyd

PASSWORD = "c4n4ry-pass"
DOWNLOAD = "/tody/common/fileDownload.do?fileId={file_id}&fileType={kind}"
"""Given, so that only the login takes a browser: jobs are what is tried here."""


@pytest.fixture(scope="module")
def tracker() -> Iterator[DemoTracker]:
    """Slow enough for a crawl to be met in the middle."""
    with DemoTracker(password=PASSWORD, latency=0.1) as running:
        yield running


@pytest.fixture(scope="module")
def archive(
    server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """An empty data folder and an empty database, for all tests of a module."""
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE archive_scrapyd TEMPLATE {template}"))
    engine = database_engine(server, "archive_scrapyd")
    yield Archive(tmp_path_factory.mktemp("scrapyd") / "data", engine)
    engine.dispose()
    with undertaker.connect() as connection:
        connection.execute(text("DROP DATABASE archive_scrapyd WITH (FORCE)"))


@pytest.fixture(scope="module")
def scrapyd(archive: Archive, tracker: DemoTracker) -> Iterator[Scrapyd]:
    """A Scrapyd that takes eggs, and has got one."""
    variables = archive.variables(tracker.base_url, "demo", PASSWORD, IMS_ATTACHMENT_URL=DOWNLOAD)
    with Scrapyd(archive, variables, ("--allow-deploy",)) as running:
        deployed = running.deploy()
        assert deployed.returncode == 0, deployed.stderr
        answer = json.loads(deployed.stdout)
        assert (answer["project"], answer["spiders"]) == ("ims_spiders", 1)
        yield running


@pytest.fixture
def quick() -> list[str]:
    """Settings under which a crawl does not wait for long."""
    return [f"{name}={value}" for name, value in FAST.items()]
