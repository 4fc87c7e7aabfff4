"""`ims schedule`: kept and shown, and run as `ims crawl` under its user's name, one after the other."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.cells import cell_len
from sqlalchemy import Engine

from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.crawl.crawling import ROOT, Archive, Run
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD

CRAWL = ("-p", "OpenFrame", "-q", "+TPETIME", "-m", "2", "--no-related")


@pytest.fixture(scope="module")
def tracker() -> Iterator[DemoTracker]:
    with DemoTracker(password=PASSWORD) as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    return Archive(tmp_path / "data", engine)


class Schedules:
    """`ims schedule` for one archive and tracker."""

    def __init__(self, archive: Archive, tracker: DemoTracker, **more: str):
        self.archive = archive
        self.variables = {**variables(archive, tracker), "TZ": "Asia/Seoul", "COLUMNS": "80", **more}

    def ims(self, *arguments: str, **more: str) -> Run:
        return self.archive.ims({**self.variables, **more}, "schedule", *arguments)

    def add(self, name: str, *arguments: str) -> None:
        done = self.ims("add", name, "--cron", "17 3 * * *", *(arguments or CRAWL))
        assert done.returncode == 0, done.stderr

    def make_due(self) -> None:
        assert self.archive.engine is not None
        with self.archive.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE ims.schedules SET next_run_at = now() - interval '9 days' + schedule_id * interval '1 minute'"
            )

    def row(self, name: str) -> dict[str, Any]:
        (found,) = self.archive.rows("SELECT * FROM ims.schedules WHERE name = :name", name=name)
        return found

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return forked.start("ims", ["schedule", *arguments], ROOT, self.variables, stdout=pipe, stderr=pipe)

    def wait_for_issue(self) -> None:
        self.wait(lambda: any(folder.issue_ids() for folder in self.archive.sessions()))

    @staticmethod
    def wait(done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def schedules(archive: Archive, tracker: DemoTracker) -> Schedules:
    return Schedules(archive, tracker)


def test_kept_shown_paused_removed(schedules: Schedules) -> None:
    done = schedules.ims(
        "add",
        "밤마다 도는 오픈프레임 수집 일정",
        "--cron",
        "0 3 * * MON-FRI",
        "-q",
        "지난달 이후 OpenFrame 오류",
        "-m",
        "5",
    )
    assert done.returncode == 0, done.stderr
    assert "of tester is kept, by the clock of Asia/Seoul" in done.stderr
    assert schedules.ims("add", "other", "--cron", "@daily", "--time-zone", "UTC", "--user", "lee").returncode == 0
    shown = schedules.ims("list").stdout.splitlines()
    assert len(shown) == 3
    assert max(map(cell_len, shown)) <= 80
    assert " 09:00 " in next(line for line in shown if "@daily" in line), "midnight in UTC, in local time"
    (own,) = json.loads(schedules.ims("list", "--json", "--user", "tester").stdout)
    assert own["arguments"] == {
        "product": "", "query": "지난달 이후 OpenFrame 오류", "max_results": 5, "related": True, "max_depth": 1,
        "refresh": "changed",
    }  # fmt: skip
    assert own["next_run_at"].endswith("T03:00:00+09:00")
    assert schedules.ims("pause", "other", "--user", "lee").returncode == 0
    assert "paused" in schedules.ims("list").stdout
    assert schedules.ims("resume", "other", "--user", "lee").returncode == 0
    assert "paused" not in schedules.ims("list").stdout
    assert schedules.ims("remove", "other", "--user", "lee").returncode == 0
    assert len(json.loads(schedules.ims("list", "--json").stdout)) == 1
    done = schedules.ims("remove", "other")
    assert (done.returncode, "tester has no schedule 'other'" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cron", "99 3 * * *"), "'99' is no minute (0-59); for example \"0 3 * * *\""),
        (("--cron", "@daily", "--time-zone", "Asia/Soul"), "no time zone 'Asia/Soul'"),
        (("--cron", "@daily", "-q", "  "), "the query is empty"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_kept(schedules: Schedules, arguments: tuple[str, ...], said: str) -> None:
    done = schedules.ims("add", "wrong", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert schedules.archive.rows("SELECT * FROM ims.schedules") == []


def test_a_due_run_is_a_crawl_under_its_users_name(schedules: Schedules) -> None:
    schedules.add("nightly", *CRAWL, "--user", "kim")
    done = schedules.ims("run", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), "nothing is due"
    schedules.make_due()
    done = schedules.archive.ims(schedules.variables, "--quiet", "schedule", "run", "--json")
    assert (done.returncode, done.stderr) == (0, ""), "the crawl is as quiet as what starts it"
    (outcome,) = json.loads(done.stdout)
    record = schedules.archive.last().read_session()
    assert outcome == {
        "name": "nightly", "user": "kim", "job": record["session_uuid"], "exit_code": 0, "result": "completed",
    }  # fmt: skip
    assert (record["username"], record["product"], record["original_query"]) == ("kim", "OpenFrame", "+TPETIME")
    assert (record["max_results"], record["crawl_related"], record["refresh"]) == (2, False, "changed")
    assert record["issues_crawled"] == 2
    row = schedules.row("nightly")
    assert (row["last_job"], row["last_result"]) == (record["session_uuid"], "completed")
    assert row["next_run_at"] > row["last_run_at"]
    assert schedules.ims("run").stdout == "", "nine days of missed runs were made up for by one"


@pytest.mark.long
def test_the_exit_code_is_that_of_the_first_crawl_that_did_not_end_well(schedules: Schedules) -> None:
    schedules.add("wrong", "-p", "NoSuchProduct", "-q", "TPETIME")
    schedules.add("whole", *CRAWL)
    schedules.make_due()
    with schedules.archive.engine.begin() as connection:  # type: ignore[union-attr]
        connection.exec_driver_sql(
            "INSERT INTO ims.schedules (user_id, name, cron, arguments, next_run_at)"
            " SELECT user_id, 'foreign', '@daily', '{\"resume\": \"last\"}', now() FROM ims.users LIMIT 1"
        )
    done = schedules.ims("run")
    assert done.returncode == 2
    assert "unknown product 'NoSuchProduct'" in done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert names == ["wrong", "whole", "foreign"]
    assert max(map(cell_len, done.stdout.splitlines())) <= 80
    assert schedules.row("whole")["last_result"] == "completed"
    assert schedules.row("wrong")["last_result"].endswith("exit code 2")
    assert "cannot say resume" in schedules.row("foreign")["last_result"]


@pytest.mark.long
def test_while_it_runs_it_is_left_out_and_a_signal_ends_it_in_order(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.2) as slow:
        schedules = Schedules(archive, slow)
        schedules.add("long", "-p", "OpenFrame", "-m", "0")
        schedules.add("next", *CRAWL)
        schedules.make_due()
        with schedules.start("run") as process:
            schedules.wait_for_issue()
            assert json.loads(schedules.ims("list", "--json").stdout)[0]["running"]
            done = schedules.ims("run", "long")
            assert (done.returncode, "left out" in done.stdout) == (0, True)
            assert "long of tester is left out: its run before this one goes on" in done.stderr
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 7, said
        assert "Traceback" not in said
        record = archive.last().read_session()
        assert (len(archive.sessions()), record["status"]) == (1, "interrupted")
        assert schedules.row("long")["last_result"] == "interrupted, exit code 7"
        assert schedules.row("next")["last_run_at"] is None, "nothing else began, and it is still due"
        (due,) = json.loads(schedules.ims("run", "--json").stdout)
        assert due["name"] == "next"


@pytest.mark.long
def test_a_crawl_whose_starter_was_killed_still_counts_as_running(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.2) as slow:
        schedules = Schedules(archive, slow)
        schedules.add("long", "-p", "OpenFrame", "-m", "25", "--no-related")
        with schedules.start("run", "long") as process:
            schedules.wait_for_issue()
            (crawl,) = psutil.Process(process.pid).children()
            process.kill()
        schedules.wait(lambda: "killed" in schedules.ims("list").stdout)
        done = schedules.ims("run", "long")
        assert "left out" in done.stdout, done.stderr
        crawl.terminate()
        schedules.wait(lambda: not crawl.is_running() or crawl.status() == psutil.STATUS_ZOMBIE)
        assert len(archive.sessions()) == 1
    with archive.engine.begin() as connection:  # type: ignore[union-attr]
        connection.exec_driver_sql("UPDATE ims.schedules SET arguments = '{\"nothing\": 1}'")
    assert "unknown argument 'nothing'" in schedules.ims("run", "long").stderr, "the next one is tried"


def test_without_an_archive_it_says_what_to_do(schedules: Schedules) -> None:
    done = schedules.ims("list", DATABASE_SCHEMA="elsewhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ims db init" in done.stderr
