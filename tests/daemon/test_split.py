"""A large crawl as many jobs: nothing left out, nothing twice, and what cannot be split is said."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ims_spiders.daemon.split import by_numbers, by_product, main
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from tests.crawl.crawling import Archive, Run, run


def test_every_number_is_in_one_part() -> None:
    parts = by_numbers("all", 348_100, 348_349, 100, {"related": "0"})
    assert [part.job for part in parts] == ["all-348100-348199", "all-348200-348299", "all-348300-348349"]
    numbers = [int(number) for part in parts for number in part.arguments["query"].split()]
    assert numbers == list(range(348_100, 348_350))
    assert {(part.arguments["related"], part.arguments["max_results"]) for part in parts} == {("0", "0")}


def test_the_numbers_are_asked_for_as_they_stand() -> None:
    (part,) = by_numbers("all", 348_100, 348_199, 100, {})
    reading = QueryReader().read(part.arguments["query"], date(2026, 11, 21))
    assert (reading.ims_query, reading.method) == (part.arguments["query"], "direct")


def test_every_product_is_a_part() -> None:
    parts = by_product("daily", "OpenFrame, Tibero,JEUS", {"query": "+dead"})
    assert [(part.job, part.arguments) for part in parts] == [
        (f"daily-{number}", {"query": "+dead", "product": product})
        for number, product in enumerate(("OpenFrame", "Tibero", "JEUS"), 1)
    ]
    with pytest.raises(ConfigurationError, match="OpenFrame, openframe OSC: one of them covers"):
        by_product("daily", "OpenFrame,Tibero,openframe OSC", {})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-a", "product=Tibero"], "nothing to split"),
        (["--numbers", "9-5"], "from a smaller number"),
        (["--numbers", "5"], "must be FIRST-LAST"),
        (["--numbers", "1-9", "--size", "0"], "size 0"),
        (["--numbers", "1-9", "-a", "query=x"], "a query of its own"),
        (["--numbers", "1-9", "-a", "query"], "NAME=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "x", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, said in shown.err) == ("", True)


def test_parts_are_put_into_the_queue_and_again_only_those_that_are_missing(tmp_path: Path, engine: Engine) -> None:
    archive = Archive(tmp_path / "data", engine)
    variables = archive.variables("http://127.0.0.1:1", "robot", "nothing")

    def split(*more: str) -> Run:
        command = ["--name", "all", "--numbers", "100-349", *more]
        return run("ims_spiders.daemon.split", command, variables, 60)

    done = split("-a", "related=0", "-s", "CONCURRENT_REQUESTS=2", "--priority", "3")
    names = ["all-100-199", "all-200-299", "all-300-349"]
    assert json.loads(done.stdout) == {"project": "default", "jobs": names}, done.stderr
    rows = archive.rows("SELECT * FROM ims.list_jobs('{pending}', NULL)")
    assert [(row["job"], row["username"], row["priority"]) for row in rows] == [(name, "tester", 3) for name in names]
    assert rows[0]["arguments"]["settings"] == {"CONCURRENT_REQUESTS": "2"}
    assert archive.rows("SELECT DISTINCT requests FROM ims_private.job_queue") == [{"requests": 2}]
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT ims.cancel_job('default', 'all-200-299', 1)")
    assert json.loads(split().stdout)["jobs"] == ["all-200-299"]
    refused = split("-a", "prodct=Tibero", "-s", "EXTENSIONS={}")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "unknown argument 'prodct'" in refused.stderr
    assert "EXTENSIONS" in split("-s", "EXTENSIONS={}").stderr
