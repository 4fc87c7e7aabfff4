"""`ims db stats` and `ims db history`, for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import QUERY, loaded_archive, on_terminal


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ims]:
    made = loaded_archive(tmp_path_factory.mktemp("overview"))
    yield made
    EmbeddedServer(made.folder / "data").stop()


def test_stats(archive: Ims) -> None:
    found = json.loads(archive.run("db", "stats", "--json").stdout)
    tables = {table["table"]: table["rows"] for table in found["tables"]}
    assert (tables["issues"], tables["crawl_sessions"], tables["users"]) == (6, 3, 2)
    assert [row["product"] for row in found["products"]] == ["OpenFrame", "OpenFrame 한국어 제품", "JEUS"]
    assert (found["today"]["sessions"], found["pending_days"]) == (1, 0)

    shown = archive.run("db", "stats").stdout
    assert re.search(r"^today +1 sessions, 2 issues, 2 of them new$", shown, re.MULTILINE)
    assert re.search(r"^issues +6 +[\d.]+ kB *$", shown, re.MULTILINE)
    assert re.search(r"^OpenFrame 한국어 제품 +2 +2 +0 +0 +4 *$", shown, re.MULTILINE)


def test_a_users_stats(archive: Ims) -> None:
    found = json.loads(archive.run("db", "stats", "--user", "kim", "--json").stdout)
    assert (found["username"], found["total_sessions"], found["sessions_today"]) == ("kim", 2, 1)
    assert re.search(r"^total sessions +2$", archive.run("db", "stats", "--user", "kim").stdout, re.MULTILINE)
    done = archive.run("db", "stats", "--user", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nobody" in done.stderr


def test_history_fits_the_terminal(archive: Ims) -> None:
    done = archive.run("db", "history")
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert max(map(cell_len, lines)) <= 80
    assert "\x1b" not in done.stdout
    assert re.match(r"\d\d-\d\d \d\d:\d\d OpenFrame.*… TPETIME 오류.*… completed +12 +2 +0 +0:05:00 *$", lines[1])
    assert re.search(r"failed +12 +1 +0 +0:05:00 *$", lines[2])
    code, seen = on_terminal(archive, "db", "history")
    assert code == 0
    assert max(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in seen.splitlines()) <= 80


def test_history_for_programs(archive: Ims) -> None:
    def found(*arguments: str) -> list[tuple[str, str]]:
        rows = json.loads(archive.run("db", "history", "--json", *arguments).stdout)
        return [(row["username"], row["query"]) for row in rows]

    everything = [("kim", QUERY), ("lee", ""), ("kim", "TPETIME 오류")]
    assert found() == everything
    assert found("--limit", "1") == everything[:1]
    assert found("--user", "lee") == found("--status", "failed") == found("-p", "JE") == everything[1:2]
    assert "no such session" in archive.run("db", "history", "--status", "cancelled").stderr


def test_without_an_archive_it_says_what_to_do(ims: Ims) -> None:
    done = ims.run("db", "stats")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ims db init" in done.stderr
