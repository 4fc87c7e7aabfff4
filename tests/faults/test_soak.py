"""One crawl for two hours: with everything that happens in two hours, it needs no more of the machine than at first."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from sqlalchemy import Engine

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import initialise
from tests import figures
from tests.conftest import database_engine, hurry
from tests.crawl.crawling import FAST, ROOT, Archive, Run
from tests.faults import oracle
from tests.faults.case import PASSWORD, Case
from tests.faults.conftest import password_of
from tests.faults.measured import Measured
from tests.faults.spelling import Spelled, broken_pages

pytestmark = pytest.mark.long
SECONDS = float(os.environ.get("SOAK_SECONDS", "7200"))
ISSUES = max(120, round(SECONDS * 0.6))
SEED = 11
LOOK = min(10.0, SECONDS / 30)
"""Seconds between two looks at the crawl."""
KILL = max(25.0, SECONDS / 12)
AWAY = min(20.0, KILL / 5)
"""The database is killed every so many seconds, and is away for so many."""
ALLOWED_MB = 32.0
KB_AN_ISSUE = 8.0
"""How much the crawl's own process may grow: by what was not needed before, and by what it remembers of each issue."""


class SameWorld(Spelled):
    """Knows what is true of the tracker in the other process. Asks nobody but once, and is asked by nobody."""

    broken: frozenset[str] = frozenset()

    def rendered(self) -> frozenset[str]:
        """As the other process has told."""
        return self.broken

    def note_broken(self) -> None:
        """Ask the other process for what has become of each request."""
        with urlopen(f"{self.base_url}/__demo__/ledger", timeout=60) as answer:  # noqa: S310 - our own, on loopback
            requests = json.load(answer)["requests"]
        self.broken = broken_pages((one["query"], one["faults"]) for one in requests)


@contextmanager
def tracker_process() -> Iterator[tuple[psutil.Process, str]]:
    """The tracker in a process of its own, and its address."""
    command = [sys.executable, "-m", "tests.faults.soak_tracker", str(ISSUES), str(SEED), str(SECONDS)]
    env = {**os.environ, "IMS_DEMO_PASSWORD": PASSWORD}
    with subprocess.Popen(
        command, env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield psutil.Process(process.pid), process.stdout.readline().strip()
        process.stdin.close()


def soak(case: Case, env: dict[str, str], server: EmbeddedServer) -> Measured:
    """The crawl from its beginning to its end, while its database is killed again and again."""
    settings = [word for name, value in FAST.items() for word in ("-s", f"{name}={value}")]
    arguments = ["-a", "related=0", "-a", "max_results=0"]
    said = case.archive.data_dir.parent / "stderr"
    with said.open("wb") as stderr, subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", "ims", *arguments, *settings], env=env, cwd=ROOT, stderr=stderr
    ) as crawl:  # fmt: skip
        measured = Measured(psutil.Process(crawl.pid))
        killed = started = time.monotonic()
        try:
            while crawl.poll() is None:
                measured.look()
                time.sleep(LOOK)
                assert time.monotonic() - started < SECONDS * 1.5 + 300, "the crawl does not end"
                if time.monotonic() - killed > KILL:
                    kill_and_start_again(server)
                    killed = time.monotonic()
        finally:
            if crawl.poll() is None:
                crawl.kill()
    looks = json.dumps([asdict(one) for one in measured.samples])
    said.with_name("samples.json").write_text(looks)
    case.ran(Run(crawl.returncode, "", said.read_text("utf-8", "replace")))
    return measured


def kill_and_start_again(server: EmbeddedServer) -> None:
    """kill -9, and after a while it is back."""
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(AWAY)
    server.start()


def own_engine(server: EmbeddedServer) -> Engine:
    """The archive of a server of its own."""
    server.start()
    hurry(server)
    engine = database_engine(server, "ims_crawler")
    initialise(engine)
    return engine


def test_hours_of_work_cost_no_more_than_its_first_minutes(
    own_server: EmbeddedServer, tmp_path: Path, record_property: figures.Record
) -> None:
    archive = Archive(tmp_path / "data", own_engine(own_server))
    assert archive.engine is not None
    with Case(archive, SEED, random.Random(SEED)) as case, tracker_process() as (tracker, address):
        mirror = SameWorld(issues=ISSUES, seed=SEED, password=PASSWORD)
        mirror.archive, mirror.port = archive, int(address.rpartition(":")[2])
        case._tracker = mirror
        case.secrets.add(password_of(archive.engine))
        env = archive.variables(address, "demo", PASSWORD)
        measured = soak(case, env, own_server)
        times = tracker.cpu_times()
        mirror.note_broken()
        tell(measured, times.user + times.system, record_property)
        case.expected = {str(number) for number in mirror.world.issues}
        assert archive.last().read_session()["exit_code"] in {0, 5, 6}, case.runs[-1].stderr[-3000:]
        loaded = case.ran(archive.ims(env, "db", "load", timeout=600))
        assert loaded.returncode == 0, loaded.stderr
        oracle.check(case)
    left = pages_left_open(archive.last().log_path.read_text("utf-8"))
    figures.note(record_property, "soak: pages open at the end", left)
    assert left == 0
    assert measured.left_running() == []
    check_growth(measured, len(archive.documents()))


def pages_left_open(log: str) -> int:
    """What the crawl said of its browser when it ended."""
    return sum(int(count) for count in re.findall(r"(\d+) browser pages were left open", log))


def tell(measured: Measured, tracker_seconds: float, record: figures.Record) -> None:
    """The figures at the end of the run."""
    hours = measured.samples[-1].at / 3600
    figures.note(record, "soak: hours", hours)
    figures.note(record, "soak: memory growth in MB an hour", measured.growth("crawl"))
    figures.note(record, "soak: browser's memory growth in MB an hour", measured.growth("browser"))
    figures.note(record, "soak: browser driver's memory growth in MB an hour", measured.growth("driver"))
    figures.note(record, "soak: memory of the crawl at most, MB", measured.peak("crawl"))
    for name in ("crawl", "descriptors", "threads"):
        for when, value in zip(("early", "late"), measured.ends(name), strict=True):
            figures.note(record, f"soak: {name}, {when}", value)
    figures.note(record, "soak: processor, crawl, %", measured.samples[-1].cpu / hours / 36)
    figures.note(record, "soak: processor, tracker, %", tracker_seconds / hours / 36)


def check_growth(measured: Measured, issues: int) -> None:
    """What stays must stay what it was, but for what is remembered of each issue."""
    allowed = ALLOWED_MB + KB_AN_ISSUE * issues / 1024
    (early, late) = measured.ends("crawl")
    assert late - early < allowed
    for name, more in (("descriptors", 12), ("threads", 8)):
        (early, late) = measured.ends(name)
        assert late <= early + more, name
    (early, late) = measured.ends("browser")
    assert late < max(early, 300) * 1.5
