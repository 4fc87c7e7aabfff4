"""`ims db refresh --meaning` and `ims search --meaning`: with a model, without one, and when it is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import loaded_archive
from tests.search.embedding_server import EmbeddingServer, embedding_server

KEY = "sk-very-secret-0123456789"
# Nothing in the archive has one of its words, in any language.
PARAPHRASE = "rings too early"
SAID = "알람이 너무 일찍 울림"


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddingServer]:
    with embedding_server() as started:
        yield started


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, running: EmbeddingServer) -> Iterator[Ims]:
    """Six issues, one of them with a comment that means something; settings for the endpoint, not asked yet."""
    folder: Path = tmp_path_factory.mktemp("meaning")
    ims = loaded_archive(folder)
    written = f"UPDATE ims.issue_comments SET content = '{SAID}' WHERE comment_number = 41"
    assert ims.run("db", "psql", "-q", "-c", written).returncode == 0
    ims.environment = {
        "IMS_EMBEDDING_URL": running.url,
        "IMS_EMBEDDING_MODEL": "small",
        "IMS_EMBEDDING_API_KEY": KEY,
        "IMS_EMBEDDING_TIMEOUT": "2",
    }
    yield ims
    EmbeddedServer(folder / "data").stop()


@pytest.fixture
def endpoint(running: EmbeddingServer) -> EmbeddingServer:
    running.__dict__.update(EmbeddingServer(url=running.url, key=KEY).__dict__)
    return running


def test_before_there_are_vectors_words_alone_are_looked_for(archive: Ims, endpoint: EmbeddingServer) -> None:
    done = archive.run("search", "--meaning", "--json", "timeout")
    found = json.loads(done.stdout)
    assert (done.returncode, found["total"], found["meaning"]["used"]) == (0, 6, False)
    assert "Found by words alone: there are no vectors of small" in archive.run("search", "--meaning", "timeout").stderr
    assert endpoint.texts == []


def test_refresh_and_search(archive: Ims, endpoint: EmbeddingServer) -> None:
    done = archive.run("db", "refresh", "--meaning")
    assert done.returncode == 0, done.stderr
    assert "issues embedded: 6" in done.stderr
    assert "6 issues were embedded by small, which has 24 passages" in done.stderr
    again = json.loads(archive.run("db", "refresh", "--meaning", "--json").stdout)
    assert again["meaning"] == {"model": "small", "dimensions": 52, "issues": 0, "asked": 0, "passages": 24}
    assert "meaning" not in json.loads(archive.run("db", "refresh", "--json").stdout)

    endpoint.batches.clear()
    plain = archive.run("search", PARAPHRASE, "--json")
    assert (json.loads(plain.stdout)["hits"], endpoint.texts) == ([], [])
    found = json.loads(archive.run("search", "--meaning", PARAPHRASE, "--json").stdout)
    first = found["hits"][0]
    assert (first["issue_id"], first["found_by"], first["place"]) == ("4", ["meaning"], "comment 41 by 민사혁")
    assert found["meaning"] == {"model": "small", "used": True, "note": None}
    confined = archive.run("search", "--meaning", PARAPHRASE, "-p", "OpenFrame", "--json").stdout
    assert "4" not in [hit["issue_id"] for hit in json.loads(confined)["hits"]]
    shown = archive.run("search", PARAPHRASE, IMS_SEARCH_MEANING="true")
    assert f"near in meaning, comment 41 by 민사혁: {SAID}" in shown.stdout
    refused = archive.run("search", PARAPHRASE, "--no-meaning", IMS_SEARCH_MEANING="true")
    assert (refused.stdout, "Nothing was found" in refused.stderr) == ("", True)
    kept = "SELECT original_query, results_count > 0 FROM search_queries ORDER BY query_id DESC LIMIT 2"
    listed = archive.run("db", "psql", "-A", "-t", "-c", kept).stdout
    assert listed.splitlines() == [f"{PARAPHRASE}|f", f"{PARAPHRASE}|t"]


def test_an_endpoint_that_is_slow_or_away(archive: Ims, endpoint: EmbeddingServer) -> None:
    assert archive.run("db", "refresh", "--meaning").returncode == 0
    endpoint.delay = 5.0
    slow = archive.run("search", "--meaning", "timeout", IMS_EMBEDDING_TIMEOUT="0.5")
    assert slow.returncode == 0
    assert "Found by words alone: the embedding endpoint at 127.0.0.1: no answer within 0.5 s" in slow.stderr
    assert "6 issues found" in slow.stderr
    away = archive.run("db", "refresh", "--meaning", IMS_EMBEDDING_URL="http://127.0.0.1:9/v1")
    assert (away.returncode, away.stdout) == (1, "")
    assert "Error: the embedding endpoint at 127.0.0.1: it cannot be reached" in away.stderr
    endpoint.delay, endpoint.key = 0.0, "another"
    for command in (("search", "--meaning", "timeout"), ("--debug", "db", "refresh", "--meaning")):
        wrong = archive.run(*command)
        assert "IMS_EMBEDDING_API_KEY" in wrong.stderr
        assert KEY not in wrong.stderr + wrong.stdout


@pytest.mark.parametrize(
    ("arguments", "settings", "reason"),
    [
        (("search", "--meaning", "x"), {"IMS_EMBEDDING_URL": ""}, "IMS_EMBEDDING_URL: the search by meaning needs"),
        (("search", "x"), {"IMS_EMBEDDING_URL": "", "IMS_SEARCH_MEANING": "1"}, "leave out --meaning"),
        (("search", "x"), {"IMS_SEARCH_MEANING": "perhaps"}, "IMS_SEARCH_MEANING: "),
        (("search", "--meaning", "--like", "4"), {}, "not with --meaning"),
        (("db", "refresh", "--meaning"), {"IMS_EMBEDDING_URL": f"http://a:{KEY}@b/"}, "IMS_EMBEDDING_API_KEY"),
    ],
)
def test_wrong_settings(
    archive: Ims, endpoint: EmbeddingServer, arguments: tuple[str, ...], settings: dict[str, str], reason: str
) -> None:
    done = archive.run(*arguments, **settings)
    assert (done.returncode, done.stdout, endpoint.texts) == (2, "", [])
    assert reason in done.stderr
    assert KEY not in done.stderr
