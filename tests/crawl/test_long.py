"""What takes longer: kills of crawls that log in with a browser, and a big tracker. Run by `make test-long`."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.crawl import oracle
from tests.crawl.crawling import FAST, ROOT, Archive
from tests.crawl.test_demo_tracker import PASSWORD, variables

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_a_resumed_crawl_ends_like_one_that_was_not(archive: Archive, seed: int) -> None:
    rng = random.Random(seed)
    with DemoTracker(password=PASSWORD, seed=seed + 1, latency=0.02) as tracker:
        env = variables(archive, tracker)
        settings = [word for name, value in FAST.items() for word in ("-s", f"{name}={value}")]
        command = [sys.executable, "-m", "scrapy", "crawl", "ims", "-a", "product=OpenFrame", "-a", "query=TPETIME"]
        for _ in range(2):
            resumed = ["-a", "resume=last"] if archive.sessions() else []
            with subprocess.Popen(
                [*command, *resumed, *settings], env=env, cwd=ROOT, stderr=subprocess.DEVNULL
            ) as crawl:
                time.sleep(rng.uniform(2.5, 9.0))
                crawl.send_signal(signal.SIGKILL)
        run = archive.crawl(env, resume="last")
        assert run.exit_code == 0, run.stderr
        truth = tracker.truth()
        expected = oracle.reachable(truth, tracker.matching_ids("TPETIME", "OpenFrame"), 1)
    documents = archive.documents()
    assert set(documents) == expected
    for document in documents.values():
        oracle.check_issue(truth, document, archive.data_dir)
    oracle.check_rows(archive, documents)
    assert len(archive.sessions()) == 1


def test_two_thousand_issues(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD, issues=2000) as tracker:
        run = archive.crawl(variables(archive, tracker), max_results=0, related=0, timeout=900)
        assert run.exit_code == 0, run.stderr
        truth = tracker.truth()
        assert tracker.ledger.max_in_flight <= 8
    documents = archive.documents()
    assert set(documents) == set(truth["issues"])
    for document in documents.values():
        oracle.check_issue(truth, document, archive.data_dir)
    oracle.check_rows(archive, documents)
    session = archive.last().read_session()
    peak = session["metadata"]["scrapy"]["memusage/max"] / 2**20
    print(f"{session['crawl_time_ms'] / 1000:.0f} s, {peak:.0f} MB at most")  # noqa: T201 - `make test-long` reports
    assert peak < 1024
