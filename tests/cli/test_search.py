"""`ims search`: what it prints for people and for programs, and what it says when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import loaded_archive

HOSTILE = "UPDATE ims.issues SET title = E'bell \\x07 and \\x1b[31mred lockstep' WHERE issue_id = '4'"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ims]:
    folder: Path = tmp_path_factory.mktemp("search")
    ims = loaded_archive(folder)
    assert ims.run("db", "psql", "-q", "-c", HOSTILE).returncode == 0
    yield ims
    EmbeddedServer(folder / "data").stop()


def test_for_people(archive: Ims) -> None:
    done = archive.run("search", "+lockstep", "--user", "kim")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("4  bell")
    assert "\x07" not in done.stdout
    assert "\x1b" not in done.stdout  # neither the title's nor colours, as this is no terminal
    assert "1 issue found" in done.stderr


def test_for_programs(archive: Ims) -> None:
    done = archive.run("search", "--json", "lockstep", "--limit", "1")
    found = json.loads(done.stdout)
    assert {"query", "total", "hits"} <= set(found)
    assert set(found["query"]) >= {"original_query", "ims_query", "language", "method", "confidence", "explanation"}
    assert [hit["issue_id"] for hit in found["hits"]] == ["4"]
    assert found["hits"][0]["where"] in {"title", "description", "comment", "history", "attachment"}


def test_a_sentence_is_shown_as_it_was_read(archive: Ims) -> None:
    done = archive.run("search", "JEUS에서 lockstep 관련 이슈 찾아줘")
    assert "Read as: " in done.stderr
    assert "JEUS" in done.stderr
    assert done.stdout.startswith("4  ")


def test_the_query_is_kept(archive: Ims) -> None:
    assert archive.run("search", "메모리 부족", "--user", "park").returncode == 0
    asked = (
        "SELECT u.username, q.parsing_method, q.synonym_expanded FROM ims.search_queries AS q JOIN ims.users AS u"
        " USING (user_id) WHERE q.original_query = '메모리 부족'"
    )
    done = archive.run("db", "psql", "-A", "-t", "-c", asked)
    assert done.stdout.splitlines() == ["park|direct|t"]


def test_nothing_found_is_said_and_no_error(archive: Ims) -> None:
    done = archive.run("search", "+qwertzuiop")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Nothing was found" in done.stderr


def test_issues_alike(archive: Ims) -> None:
    done = archive.run("search", "--like", "1", "--json")
    assert json.loads(done.stdout)["like"] == "1"
    done = archive.run("search", "--like", "999")
    assert done.returncode == 2
    assert "the archive has no issue 999; `ims crawl --query 999` brings it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to search for"),
        (("a", "--like", "1"), "say what to search for"),
        (("a", "--since", "yesterday"), "--since: 'yesterday' is no day"),
    ],
)
def test_what_is_wrong_is_named(archive: Ims, arguments: tuple[str, ...], said: str) -> None:
    done = archive.run("search", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_wrong_file_of_synonyms_is_named(archive: Ims) -> None:
    path = archive.folder / "data" / "lexicon" / "synonyms.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("en: a\nnonsense\n", encoding="utf-8")
    done = archive.run("search", "a")
    path.unlink()
    assert done.returncode == 2
    assert "synonyms.txt, line 2: 'nonsense'" in done.stderr


def test_without_an_archive(ims: Ims) -> None:
    done = ims.run("search", "a")
    assert done.returncode == 2
    assert "ims db init" in done.stderr
