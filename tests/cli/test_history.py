"""`ims history`: what was asked is shown with numbers and asked again, by number or by name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from sqlalchemy import Engine

from ims_spiders.cli.commandline import crawl_command, search_command
from ims_spiders.demo.server import DemoTracker
from ims_spiders.spiders.arguments import SpiderArguments
from tests.crawl.crawling import Archive, Run
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD

QUERY = "TPETIME timeout 타임아웃 오류 deadlock 데드락 메모리 누수 memory leak"


@pytest.fixture(scope="module")
def tracker() -> Iterator[DemoTracker]:
    with DemoTracker(password=PASSWORD) as running:
        yield running


class Asker:
    """`ims` for one archive and tracker."""

    def __init__(self, archive: Archive, tracker: DemoTracker):
        self.archive = archive
        self.variables = {**variables(archive, tracker), "TZ": "Asia/Seoul", "COLUMNS": "80"}

    def ims(self, *arguments: str) -> Run:
        return self.archive.ims(self.variables, *arguments)

    def history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.ims("history", "--json").stdout)
        return found


@pytest.fixture
def asker(tmp_path: Path, engine: Engine, tracker: DemoTracker) -> Asker:
    return Asker(Archive(tmp_path / "data", engine), tracker)


def test_asked_again_by_number_and_by_name(asker: Asker) -> None:
    done = asker.ims("history")
    assert (done.returncode, done.stdout) == (0, "")
    assert "tester has asked nothing yet" in done.stderr
    asked = ("-p", "OpenFrame", "-q", QUERY, "-m", "2", "--no-related")
    assert asker.ims("crawl", *asked).returncode == 0
    assert asker.ims("search", "메모리 부족", "-p", "Open").returncode == 0

    lines = asker.ims("history").stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert re.search(r"^ *\d+ \d\d-\d\d \d\d:\d\d Open +메모리 부족 +\d+ searched *$", lines[1])
    assert re.search(r"^ *\d+ \d\d-\d\d \d\d:\d\d OpenFrame +TPETIME .*… +\d+ completed *$", lines[2])
    search, crawl = asker.history()
    assert search["queried_at"].endswith("+09:00")

    again = asker.ims("history", "run", str(crawl["number"]), "--json")
    assert again.returncode == 0, again.stderr
    command = f"ims crawl -p OpenFrame -q {shlex.quote(QUERY)} -m 2 --no-related"
    assert again.stderr.splitlines()[0] == command
    record = json.loads(again.stdout)
    assert (record["original_query"], record["max_results"], record["issues_crawled"]) == (QUERY, 2, 2)
    assert len(asker.archive.sessions()) == 2

    assert "ims history run memory\n" in asker.ims("history", "favourite", str(search["number"]), "memory").stderr
    assert re.search(r"memory +search +Open +메모리 부족", asker.ims("history", "--favourites").stdout)
    again = asker.ims("history", "run", "memory", "--json")
    assert again.stderr.splitlines()[0] == "ims search -p Open '메모리 부족'"
    assert json.loads(again.stdout)["query"]["original_query"] == "메모리 부족"
    assert [row["searched"] for row in asker.history()] == [True, False, True, False]
    assert asker.ims("history", "forget", "memory").returncode == 0
    gone = asker.ims("history", "run", "memory")
    assert (gone.returncode, "no favourite 'memory'" in gone.stderr) == (2, True)
    nothing = asker.ims("history", "run", str(search["number"]), "--user", "lee")
    assert (nothing.returncode, "lee has asked nothing" in nothing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ({}, "ims crawl -m 100"),
        ({"product": "A B", "query": "it's"}, "ims crawl -p 'A B' -q 'it'\"'\"'s' -m 100"),
        ({"query": "-a b"}, "ims crawl '--query=-a b' -m 100"),
        ({"max_results": 0, "max_depth": 3, "refresh": "missing"}, "ims crawl -m 0 --max-depth 3 --refresh missing"),
        ({"related": False, "max_depth": 3}, "ims crawl -m 100 --no-related"),
    ],
)
def test_what_is_said_to_do_the_same(arguments: dict[str, Any], command: str) -> None:
    assert crawl_command(SpiderArguments(**arguments)) == command


def test_a_search_that_begins_like_an_option() -> None:
    assert search_command({"query": "--x", "product": "JEUS"}, "kim") == "ims search -p JEUS --user kim -- --x"
