"""A tracker that is away for a while, or has too much to do: the crawl waits, asks for less, and misses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

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


@pytest.mark.long
def test_a_tracker_whose_front_says_that_it_is_away_is_waited_for(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, faults=["status:code=502,after=30,count=40"]) as tracker:
        run = quick_crawl(files_only, tracker, related=0)
        check_exact(files_only, tracker, run, depth=0)
    assert figures(files_only)["ims/outages"] >= 1
    assert "The tracker is back after" in log_of(files_only)
    assert "Gave up retrying" not in log_of(files_only)


@pytest.mark.long
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
