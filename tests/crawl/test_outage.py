"""A tracker that is away for a while, or has too much to do: the crawl waits, asks for less, and misses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.crawl import logged_in, oracle
from tests.crawl.crawling import FAST, ROOT, Archive
from tests.crawl.test_demo_tracker import PASSWORD
from tests.crawl.test_faults import check_exact, quick_crawl


def figures(archive: Archive) -> dict[str, int]:
    counted: dict[str, int] = archive.last().read_session()["metadata"]["scrapy"]
    return counted


def log_of(archive: Archive) -> str:
    return archive.last().log_path.read_text("utf-8")


@pytest.mark.parametrize(
    "fault", ["outage:seconds=3,nth=30", pytest.param("status:code=502,after=30,count=40", marks=pytest.mark.long)]
)
def test_a_tracker_that_comes_back_is_waited_for(files_only: Archive, fault: str) -> None:
    with DemoTracker(password=PASSWORD, faults=[fault]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
    assert figures(files_only)["ims/outages"] >= 1
    assert "The tracker is back after" in log_of(files_only)
    assert "Gave up retrying" not in log_of(files_only)


def test_pages_that_fail_for_ever_are_no_outage(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["status:code=500,path=issueView"]) as tracker:
        hits = tracker.matching_ids("TPETIME", "OpenFrame")
        run = quick_crawl(files_only, tracker, "RETRY_TIMES=2", related=0)
        asked = tracker.ledger.count("issueView")
    assert run.exit_code == 5, run.stderr
    assert asked == 3 * len(hits)
    assert {one["error_detail"]["issue_id"] for one in files_only.last().read_errors()} == set(hits)
    assert "ims/outages" not in figures(files_only)


def test_under_a_storm_of_refusals_fewer_are_asked_at_once_and_all_is_stored(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.02, faults=["status:code=429,every=3"]) as tracker:
        run = quick_crawl(files_only, tracker, "RETRY_TIMES=20", related=0)
        check_exact(files_only, tracker, run, depth=0)
    assert figures(files_only)["ims/concurrency/lowest"] < 8


def test_nothing_is_asked_before_the_tracker_wants_it(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["status:code=503,retry_after=3,nth=20"]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
        moments = [entry.time for entry in tracker.ledger.entries]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert max(gaps) >= 2.5
    assert sorted(gaps)[-2] < 2.5


def test_one_that_wants_to_be_left_alone_for_long_is(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["status:code=503,retry_after=86400,nth=20"]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
    assert run.exit_code == 8
    assert "left alone for 86400 s" in run.stderr


def test_a_signal_ends_the_wait(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.05, faults=["outage:seconds=600,nth=40"]) as tracker:
        env = logged_in.variables(files_only, tracker)
        settings = [word for name, value in FAST.items() for word in ("-s", f"{name}={value}")]
        command = [sys.executable, "-m", "scrapy", "crawl", "ims", "-a", "query=TPETIME", *settings]
        with subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) as waiting:
            stuck = threading.Timer(90, waiting.kill)
            stuck.start()
            assert waiting.stderr is not None
            said = next(line for line in waiting.stderr if "waiting for it" in line)
            waiting.send_signal(signal.SIGTERM)
            began = time.monotonic()
            waiting.communicate()
            stuck.cancel()
    assert "at most 600 s" in said
    assert time.monotonic() - began < 45
    assert files_only.last().read_session()["status"] == "interrupted"
    oracle.check_no_secret(files_only, PASSWORD)
