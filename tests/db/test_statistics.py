"""The statistics agree with a plain recount: after a history of 500 sessions, and after whatever happens to it then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.agreement import (
    KEPT_BY_TRIGGERS,
    aggregate_all,
    assert_everything_agrees,
    assert_figures_agree,
    call,
    database,
    statistics,
)
from tests.db.history import History, as_a_crawl, as_a_load, as_an_admin, invent
from tests.db.inspect_rows import rows, value

WAYS = {"crawl": as_a_crawl, "load": as_a_load, "admin": as_an_admin}


@pytest.fixture(scope="module")
def history() -> History:
    return invent()


@pytest.fixture(scope="module", params=WAYS)
def filled(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    admin: Engine,
    undertaker: Engine,
    template: str,
    history: History,
) -> Iterator[str]:
    """The name of a database that holds the history, written in one of the ways."""
    with database(server, admin, undertaker, template) as engine:
        WAYS[request.param](engine, history)
        engine.dispose()
        yield str(engine.url.database)


@pytest.fixture
def archive(filled: str, server: EmbeddedServer, admin: Engine, undertaker: Engine) -> Iterator[Engine]:
    """A copy of it, of the test's own."""
    with database(server, admin, undertaker, filled) as engine:
        yield engine


def test_all_figures_agree_in_two_time_zones(archive: Engine) -> None:
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 500
    assert_everything_agrees(archive)
    in_utc = statistics(archive)
    call(archive, "set_time_zone('Asia/Seoul')")
    assert_everything_agrees(archive)
    assert len(statistics(archive)) != len(in_utc)
