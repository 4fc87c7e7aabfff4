"""Scrapyd from the first start to a cancelled crawl: real daemon, real egg, real crawls."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from ims_spiders.demo.server import DemoTracker
from tests.crawl import oracle
from tests.crawl.crawling import Archive, database_url
from tests.deploy.conftest import PASSWORD
from tests.deploy.scrapyd import Scrapyd

SERVICES = (
    "schedule.json",
    "cancel.json",
    "status.json",
    "addversion.json",
    "listprojects.json",
    "listversions.json",
    "listspiders.json",
    "delproject.json",
    "delversion.json",
    "listjobs.json",
    "daemonstatus.json",
)
HITS = 12
SMALL = {"product": "OpenFrame", "query": "TPETIME", "related": "0", "max_results": str(HITS)}
SLOW = {**SMALL, "setting": "CONCURRENT_REQUESTS=2"}


def test_without_the_password_everything_is_refused(scrapyd: Scrapyd) -> None:
    for path in ("", "jobs", "logs/", "items/", *SERVICES):
        for login in (None, (scrapyd.username, ""), (scrapyd.username, "wrong"), ("", scrapyd.password)):
            assert scrapyd.ask(path, login)[0] == 401
            assert scrapyd.ask(path, login, project="ims_spiders", spider="ims", job="1")[0] == 401
    assert (scrapyd.jobs("pending"), scrapyd.jobs("running")) == ({}, {})


def test_only_this_machine_and_this_account_reach_it(scrapyd: Scrapyd) -> None:
    listening = [one.laddr for one in psutil.net_connections("tcp") if one.status == "LISTEN"]
    assert [address.ip for address in listening if address.port == scrapyd.port] == ["127.0.0.1"]
    assert len(scrapyd.password) >= 32
    assert scrapyd.password_file.stat().st_mode & 0o777 == 0o600
    assert (scrapyd.archive.data_dir / "scrapyd").stat().st_mode & 0o777 == 0o700


def test_the_deployed_version_crawls_with_all_arguments(
    scrapyd: Scrapyd, archive: Archive, tracker: DemoTracker, quick: list[str]
) -> None:
    scrapyd.schedule(
        "daily-1",
        product="OpenFrame",
        query="TPETIME",
        max_results="2",
        related="1",
        max_depth="1",
        refresh="all",
        user="scheduler",
        database="1",
        setting=["CONCURRENT_REQUESTS=5", "LOG_LEVEL=DEBUG", *quick],
    )
    scrapyd.wait_for("daily-1")
    record = scrapyd.session_of("daily-1")
    log = scrapyd.get("logs/ims_spiders/ims/daily-1.log")
    assert (record["status"], record["exit_code"]) == ("completed", 0), log
    assert (record["username"], record["max_results"], record["parallel_workers"]) == ("scheduler", 2, 5)
    documents, truth = archive.documents(), tracker.truth()
    assert set(documents) == oracle.reachable(truth, tracker.matching_ids("TPETIME", "OpenFrame")[:2], 1)
    for document in documents.values():
        oracle.check_issue(truth, document, archive.data_dir)
    oracle.check_rows(archive, documents)
    assert [row["status"] for row in archive.rows("select status from ims.crawl_sessions")] == ["completed"]
    (egg,) = (archive.data_dir / "scrapyd" / "eggs" / "ims_spiders").iterdir()
    assert f"Job daily-1 runs {egg}/ims_spiders" in log
    assert "DEBUG" in log
    assert scrapyd.jobs("finished")["daily-1"]["log_url"] == "/logs/ims_spiders/ims/daily-1.log"
    # Nothing of an issue lies in a second place.
    assert not [path for path in (archive.data_dir / "scrapyd").rglob("*") if path.suffix in {".jl", ".json"}]


def test_cancelled_it_keeps_what_it_has_and_can_be_resumed(
    scrapyd: Scrapyd, archive: Archive, tracker: DemoTracker
) -> None:
    hits = set(tracker.matching_ids("TPETIME", "OpenFrame")[:HITS])
    scrapyd.schedule("long", **SLOW)
    scrapyd.schedule("never", **SMALL)
    scrapyd.wait_for_issues("long", 3)
    assert list(scrapyd.jobs("pending")) == ["never"]
    assert scrapyd.cancel("never") == "pending"
    assert scrapyd.cancel("long") == "running"
    scrapyd.wait_for("long")
    record, documents = scrapyd.session_of("long"), archive.documents()
    assert (record["status"], record["exit_code"]) == ("cancelled", 7)
    assert "exitstatus=7 project='ims_spiders' spider='ims' job='long'" in scrapyd.log.read_text()
    assert 3 <= record["issues_crawled"] == len(documents)
    assert set(documents) < hits
    row = "select status, issues_crawled, completed_at from ims.crawl_sessions where session_uuid = :uuid"
    (stored,) = archive.rows(row, uuid=record["session_uuid"])
    assert (stored["status"], stored["issues_crawled"]) == ("cancelled", len(documents))
    assert stored["completed_at"] is not None
    in_database = archive.rows(
        "select issue_id from ims.issues join ims.session_issues using (issue_pk) "
        "join ims.crawl_sessions using (session_id) where session_uuid = :uuid",
        uuid=record["session_uuid"],
    )
    assert {one["issue_id"] for one in in_database} == set(documents)
    scrapyd.schedule("again", resume=record["session_uuid"], setting=SLOW["setting"])
    scrapyd.wait_for_issues("again", len(documents) + 1)
    assert scrapyd.cancel("again", signal="KILL") == "running"
    scrapyd.wait_for("again")
    assert scrapyd.session_of("again")["status"] == "running"
    scrapyd.schedule("after", resume=record["session_uuid"])
    scrapyd.wait_for("after")
    record = scrapyd.session_of("after")
    assert (record["status"], record["exit_code"]) == ("completed", 0)
    assert [run.get("job") for run in record["metadata"]["runs"]] == ["long", "again", "after"]
    assert set(archive.documents()) == hits
    assert not [one for one in scrapyd.records() if one["metadata"]["runs"][0].get("job") == "never"]


@pytest.mark.long
def test_cancelled_twice_it_ends_at_once(scrapyd: Scrapyd, archive: Archive, tracker: DemoTracker) -> None:
    scrapyd.schedule("twice", **SMALL)
    scrapyd.wait_for_issues("twice", 1)
    tracker.faults.add("hang")
    assert scrapyd.cancel("twice") == "running"
    scrapyd.wait(lambda: "Stopping" in scrapyd.get("logs/ims_spiders/ims/twice.log"), "the job does not hear")
    assert scrapyd.cancel("twice") == "running"
    scrapyd.wait_for("twice")
    tracker.faults.clear()
    record = scrapyd.session_of("twice")
    assert (record["status"], record["close_reason"]) == ("cancelled", "killed")
    assert record["issues_crawled"] == len(archive.documents()) >= 1


@pytest.mark.long
def test_stopped_by_somebody_else_it_is_interrupted_and_shows_no_secret(scrapyd: Scrapyd, archive: Archive) -> None:
    scrapyd.schedule("stopped", **SLOW)
    job = psutil.Process(scrapyd.wait_for_issues("stopped", 1))
    shown = [word for one in (job, job.parent(), *job.children(recursive=True)) if one for word in one.cmdline()]
    environment = job.environ()
    os.kill(job.pid, signal.SIGTERM)
    scrapyd.wait_for("stopped")
    record = scrapyd.session_of("stopped")
    assert (record["status"], record["exit_code"]) == ("interrupted", 7)
    assert archive.engine is not None
    secrets = (PASSWORD, scrapyd.password, database_url(archive.engine))
    assert not [secret for secret in secrets if any(secret in word for word in shown)]
    assert scrapyd.password not in environment.values()
    assert not [secret for secret in secrets if secret in scrapyd.log.read_text()]
    oracle.check_no_secret(archive, *secrets)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"setting": "REMOTE_CONTROL_ENABLED=1"}, "REMOTE_CONTROL_ENABLED"),
        ({"setting": "TELNETCONSOLE_ENABLED=1"}, "TELNETCONSOLE_ENABLED"),
        ({"setting": ["LOG_LEVEL=INFO", 'EXTENSIONS={"os.system": 1}']}, "EXTENSIONS"),
        ({"setting": "IMS_PROGRESS"}, "NAME=VALUE"),
        ({"jobid": "2026/11/21"}, "jobid"),
        ({"jobid": "../../escape"}, "jobid"),
    ],
)
def test_what_would_do_more_than_crawl_is_refused(scrapyd: Scrapyd, form: dict[str, str], said: str) -> None:
    answer = scrapyd.post("schedule.json", project="ims_spiders", spider="ims", **form)
    assert answer["status"] == "error"
    assert said in answer["message"]
    assert (scrapyd.jobs("pending"), scrapyd.jobs("running")) == ({}, {})


def test_an_argument_that_the_deployed_version_does_not_know_is_in_the_jobs_log(scrapyd: Scrapyd) -> None:
    scrapyd.schedule("typo", prodct="OpenFrame")
    scrapyd.wait_for("typo")
    assert "unknown argument 'prodct'" in scrapyd.get("logs/ims_spiders/ims/typo.log")
    assert not [one for one in scrapyd.records() if one["metadata"]["runs"][0].get("job") == "typo"]
