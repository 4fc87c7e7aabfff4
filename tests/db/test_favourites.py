"""What somebody asked, and favourites: each user's own, also when rows are old or written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.favourites import add_favourite, find_favourite, forget_favourite, list_favourites
from ims_spiders.db.history import Question, asked, question
from ims_spiders.db.projection import Projection
from ims_spiders.db.queries import record_query
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import session
from tests.db.rights import Archive, archive_of_people

CRAWL = Question(False, {"product": "OpenFrame", "query": "+TPETIME"})
SEARCH = Question(True, {"product": "", "query": "메모리 부족"})


def test_crawls_and_searches_newest_first(engine: Engine, projection: Projection) -> None:
    arguments = {"product": "Open", "query": "q", "max_results": 7, "related": False, "user": "kim"}
    projection.write_session(session(1, 0))
    projection.write_session(session(2, 60, metadata={"arguments": arguments}, status="failed"))
    record_query(engine, "kim", {"original_query": "메모리 부족", "product": None, "results_count": 3})
    projection.write_session(session(3, 90, username="lee"))
    name, rows = asked(engine, "kim")
    assert name == "kim"
    assert [(row["searched"], row["status"], row["hits"]) for row in rows] == [
        (True, None, 3), (False, "failed", 12), (False, "completed", 12),
    ]  # fmt: skip
    latest, second, oldest = (question(engine, "kim", row["number"]) for row in rows)
    assert latest == SEARCH
    assert second == Question(False, arguments)
    # From before sessions kept their arguments: what the columns say.
    assert oldest.arguments == {
        "product": "OpenFrame", "query": "TPETIME 오류", "max_results": 100, "related": True, "max_depth": 1,
        "refresh": "all",
    }  # fmt: skip
    assert [row["number"] for row in asked(engine, "kim", 1)[1]] == [rows[0]["number"]]
    assert asked(engine, "nobody") == ("nobody", [])


def test_numbers_are_ones_own(engine: Engine, projection: Projection) -> None:
    projection.write_session(session(1, 0, username="lee"))
    _, (row,) = asked(engine, "lee")
    for number in (row["number"], 10**30):
        with pytest.raises(ConfigurationError, match="kim has asked nothing with the number"):
            question(engine, "kim", number)


def test_favourites_are_kept_found_and_forgotten(engine: Engine, projection: Projection) -> None:
    projection.write_session(session(1, 0))
    add_favourite(engine, "kim", " 타임아웃 ", CRAWL)
    add_favourite(engine, "kim", "memory", SEARCH)
    assert [(row["name"], row["searched"]) for row in list_favourites(engine, "kim")] == [
        ("memory", True), ("타임아웃", False),
    ]  # fmt: skip
    assert (find_favourite(engine, "kim", "타임아웃"), find_favourite(engine, "kim", "memory")) == (CRAWL, SEARCH)
    with pytest.raises(ConfigurationError, match="kim has a favourite 'memory' already"):
        add_favourite(engine, "kim", "memory", CRAWL)
    for name in ("", "  ", "17"):
        with pytest.raises(ConfigurationError, match="a name that is no number"):
            add_favourite(engine, "kim", name, CRAWL)
    forget_favourite(engine, "kim", "memory")
    for gone in (find_favourite, forget_favourite):
        with pytest.raises(ConfigurationError, match="kim has no favourite 'memory'"):
            gone(engine, "kim", "memory")


@pytest.fixture(scope="module")
def people(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder: Path = tmp_path_factory.mktemp("passwords")
    with archive_of_people(server, "favourites", folder) as archive:
        yield archive


def test_users_see_their_own(people: Archive) -> None:
    kim = people.engine("kim")
    name, rows = asked(kim, limit=1000)
    assert (name, {row["query"] for row in rows}) == ("kim", {"kim", "kim query"})
    assert {row["name"] for row in list_favourites(kim)} == {"kim1", "kim2", "kim3"}
    with pytest.raises(ConfigurationError, match="there is no user 'lee' to be seen"):
        asked(kim, "lee")
    kim.dispose()
    # The owner sees both, one at a time.
    assert {row["name"] for row in list_favourites(people.owner, "lee")} == {"secret1", "secret2", "secret3"}
    service = people.engine("service")
    assert asked(service, "kim", 1000)[1] == rows
    service.dispose()
