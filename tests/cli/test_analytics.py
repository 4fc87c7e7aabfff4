"""`ims analytics`: on the terminal, for programs, as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import QUERY, loaded_archive, on_terminal


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ims]:
    made = loaded_archive(tmp_path_factory.mktemp("analytics"))
    yield made
    EmbeddedServer(made.folder / "data").stop()


def test_tables_fit_the_terminal(archive: Ims) -> None:
    done = archive.run("analytics")
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(cell_len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    for line in (
        r"sessions ended +3, 1 of them failed", r"issues crawled +6, 6 of them new",
        r"time of a session +0:05:00 half, 0:05:00 nine in ten, 0:05:00 longest",
        r"OpenFrame 한국어 제품 +2 +2 +0 +0 +4 +4 \d{4}-\d\d-\d\d ?", r"\(everything\) +1 +12.0 .*",
        r"kim +2 +0 +5 +5 +2 +0:05:00 .*",
    ):  # fmt: skip
        assert re.search(rf"^(?:{line})$", done.stdout, re.MULTILINE), line
    code, seen = on_terminal(archive, "analytics")
    assert code == 0
    assert max(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in seen.splitlines()) <= 80


def test_for_programs(archive: Ims) -> None:
    found = json.loads(archive.run("analytics", "--json", "--user", "kim").stdout)
    assert (found["user"], [row["username"] for row in found["people"]]) == ("kim", ["kim"])
    assert sum(row["sessions"] for row in found["days"]) == 2
    assert {row["query"] for row in found["queries"]} == {QUERY, "TPETIME 오류"}
    today = datetime.now(UTC).date().isoformat()
    found = json.loads(archive.run("analytics", "--json", "--since", today, "--until", today).stdout)
    assert [row["label"] for row in found["days"]] == [today]


def test_a_page(archive: Ims) -> None:
    path = archive.folder / "analytics.html"
    done = archive.run("analytics", "--format", "html", "-o", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"The analytics are in {path}.\n")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") >= 6
    assert archive.run("analytics", "--format", "html", "-o", "-").stdout.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--user", "nobody"), "nobody"),
        (("--since", "monday"), "2026-03-01"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "after"),
        (("-o", "x.html"), "--format html"),
        (("--json", "--format", "html"), "choose one"),
    ],
)
def test_what_is_refused(archive: Ims, arguments: tuple[str, ...], reason: str) -> None:
    done = archive.run("analytics", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
