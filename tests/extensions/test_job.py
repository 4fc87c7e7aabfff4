"""A crawl that is a job of Scrapyd's: whose stop was a cancellation, and that the session knows its job."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.extensions.job import CANCEL_MARK, note_job, scrapyd_job, stop_reason
from tests import forked
from tests.crawl.crawling import ROOT, Archive

AS_JOB = ["runner", "crawl", "ims", "-s", "LOG_FILE=x", "-a", "_job=7f3", "-a", "query=_job=no"]


@pytest.mark.parametrize(
    ("arguments", "job"),
    [
        (AS_JOB, "7f3"),
        (["scrapy", "crawl", "ims", "-a", "query=_job=no"], None),
        (["ims", "crawl", "-q", "_job=no"], None),
    ],
)
def test_only_scrapyds_argument_makes_a_job(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], job: str | None
) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert scrapyd_job() == job
    record: dict[str, dict[str, list[dict[str, str]]]] = {"metadata": {"runs": [{"job": "before"}, {}]}}
    note_job(record)
    assert record["metadata"]["runs"] == [{"job": "before"}, {"job": job} if job else {}]


@pytest.mark.parametrize(
    ("as_job", "mark", "reason"),
    [
        # A Scrapyd with its own cancel.json leaves no mark.
        (True, None, "cancelled"),
        (True, "there", "cancelled"),
        (True, "missing", "shutdown"),
        (False, None, "shutdown"),
        (False, "there", "shutdown"),
    ],
)
def test_a_stop_is_a_cancellation_only_in_a_job_and_only_when_it_was_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_job: bool, mark: str | None, reason: str
) -> None:
    monkeypatch.setattr(sys, "argv", AS_JOB if as_job else ["ims", "crawl"])
    (tmp_path / "there").touch()
    if mark is not None:
        monkeypatch.setenv(CANCEL_MARK, str(tmp_path / mark))
    assert stop_reason("shutdown") == reason
    assert stop_reason("finished") == "finished"
    assert stop_reason("disk") == "disk"


def test_scrapys_own_command_as_a_job_that_is_stopped_by_a_signal(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "data", None)
    command = ["crawl", "ims"]
    for argument in ("product=OpenFrame", "query=TPETIME", "related=0", "_job=7f3"):
        command += ["-a", argument]
    with DemoTracker(password="right-password", latency=0.3) as tracker:
        env = archive.variables(tracker.base_url, "demo", "right-password", IMS_RENDER="never")
        with forked.start("scrapy", command, ROOT, env, stderr=subprocess.DEVNULL) as crawl:
            deadline = time.monotonic() + 60
            while not any(folder.issue_ids() for folder in archive.sessions()):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            crawl.send_signal(signal.SIGINT)
            crawl.wait(60)
    session = archive.last().read_session()
    assert (session["status"], session["exit_code"]) == ("cancelled", 7)
    assert session["metadata"]["runs"][-1]["job"] == "7f3"
    assert 0 < session["issues_crawled"] == len(archive.documents()) < len(tracker.matching_ids("TPETIME", "OpenFrame"))
