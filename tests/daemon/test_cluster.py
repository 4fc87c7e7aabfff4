"""Three real Scrapyds with one queue: what one of them runs and another cancels, and jobs of one that is killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.files import SessionFolder
from ims_spiders.demo.server import DemoTracker
from tests.conftest import database_engine
from tests.crawl.crawling import Archive, run
from tests.daemon.cluster import Cluster, cluster
from tests.deploy.conftest import PASSWORD

LONG = {"product": "OpenFrame", "query": "TPETIME", "related": "0", "max_results": "12"}


@pytest.fixture(scope="module")
def nodes(
    server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three of them for the whole module, which loses one after the other."""
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE archive_cluster TEMPLATE {template}"))
    engine = database_engine(server, "archive_cluster")
    folder = tmp_path_factory.mktemp("cluster")
    with (
        DemoTracker(password=PASSWORD, latency=0.1) as tracker,
        cluster(folder, Archive(folder / "none", engine), tracker, 3) as made,
    ):
        yield made
    engine.dispose()
    with undertaker.connect() as connection:
        connection.execute(text("DROP DATABASE archive_cluster WITH (FORCE)"))


@pytest.mark.parametrize("by_itself", [False, pytest.param(True, marks=pytest.mark.long)])
def test_any_node_cancels_what_another_runs_or_it_itself(nodes: Cluster, by_itself: bool) -> None:
    name = f"long-{by_itself}"
    nodes.alive[0].put(name, **LONG)
    assert "waits or runs already" in nodes.alive[1].put(name, **LONG)["message"]
    nodes.wait(lambda: nodes.sessions(name), "it does not start")
    (busy,) = [node for node in nodes.alive if node.process.children()]
    other = next(node for node in nodes.alive if node is not busy)
    running = other.jobs("running")[name]
    assert (running["pid"], running["node"].rpartition(":")[2]) == (None, str(busy.port))
    assert (busy if by_itself else other).stop(name) == "running"
    nodes.wait(lambda: name in nodes.jobs("cancelled"), "it is not cancelled")
    (record,) = nodes.sessions(name)
    # In order: that it comes by signal and through the queue does not make it two.
    assert (record["status"], record["exit_code"], record["close_reason"]) == ("cancelled", 7, "cancelled")
    nodes.wait(lambda: name in other.jobs("finished"), "it is not listed")


@pytest.mark.long
def test_a_range_of_numbers_is_crawled_in_parts(nodes: Cluster) -> None:
    known = sorted(map(int, nodes.tracker.matching_ids()))
    # Where they are closest to each other: the numbers between them are asked for, too.
    numbers = min((known[at : at + 3] for at in range(len(known) - 2)), key=lambda three: three[2] - three[0])
    span = f"{numbers[0]}-{numbers[-1]}"
    more = ["-a", "related=0", "-s", "CONCURRENT_REQUESTS=2", "--size", str((numbers[-1] - numbers[0]) // 2 + 1)]
    command = ["--name", "part", "--numbers", span, *more]
    done = run("ims_spiders.daemon.split", command, nodes.alive[0].variables, 60)
    assert done.returncode == 0, done.stderr
    jobs = json.loads(done.stdout)["jobs"]
    assert len(jobs) == 2
    nodes.wait(lambda: set(jobs) <= nodes.jobs("finished").keys(), "they do not end")
    stored = [issue_id for job in jobs for folder in folders(nodes, job) for issue_id in folder.issue_ids()]
    assert sorted(map(int, stored)) == numbers


def run_short_jobs(nodes: Cluster, count: int) -> None:
    """Each job fetches one issue; a node is killed in the middle of one; each result is there once in the end."""
    issues = nodes.tracker.matching_ids()[:count]
    for number, issue_id in enumerate(issues):
        node = nodes.alive[number % 3]
        answer = node.put(f"job-{issue_id}", query=issue_id, related="0", max_results="1")
        assert answer["status"] == "ok", answer
    victim = nodes.alive[1]
    nodes.wait(lambda: "running" in [one["status"] for one in victim.records()], "it runs nothing")
    nodes.kill(victim)
    while left := len(nodes.jobs("pending", "running")):
        nodes.wait(lambda left=left: len(nodes.jobs("pending", "running")) < left, "no job gets done any more")
    done = {job: row for job, row in nodes.jobs("finished", "failed", "cancelled").items() if job.startswith("job-")}
    assert {job: row["status"] for job, row in done.items()} == {f"job-{issue}": "finished" for issue in issues}
    again = [job for job, row in done.items() if row["attempts"] > 1]
    assert len(again) == 1
    assert {row["node"].rpartition(":")[2] for row in done.values()} >= {str(node.port) for node in nodes.alive}
    for issue_id in issues:
        ended = [one["status"] for one in nodes.sessions(f"job-{issue_id}")]
        assert ended.count("completed") == 1, (issue_id, ended)
    found = nodes.database.rows(
        "SELECT issue_id, count(*) FROM ims.crawl_sessions JOIN ims.session_issues USING (session_id) "
        "JOIN ims.issues USING (issue_pk) "
        "WHERE crawl_sessions.status = 'completed' AND max_results = 1 GROUP BY issue_id"
    )
    assert {row["issue_id"]: row["count"] for row in found} == dict.fromkeys(issues, 1)
    assert nodes.database.rows("SELECT session_id FROM ims.crawl_sessions WHERE status = 'running'") == []


@pytest.mark.long
def test_each_of_two_hundred_jobs_has_its_result_once_though_a_node_is_killed(tmp_path: Path, engine: Engine) -> None:
    with (
        DemoTracker(password=PASSWORD) as tracker,
        cluster(tmp_path, Archive(tmp_path / "none", engine), tracker, 3) as nodes,
    ):
        run_short_jobs(nodes, 200)


@pytest.mark.long
def test_a_node_that_was_asleep_writes_nothing_when_it_wakes(nodes: Cluster) -> None:
    nodes.alive[0].put("sleeper", **LONG)
    nodes.wait(lambda: any(folder.issue_ids() for folder in folders(nodes, "sleeper")), "it stores nothing")
    (asleep,) = [node for node in nodes.alive if node.process.children()]
    (job,) = asleep.process.children()
    asleep.signal(signal.SIGSTOP)
    (before,) = folders(nodes, "sleeper")
    stored = before.issue_ids()
    nodes.wait(lambda: "sleeper" in nodes.jobs("finished"), "nobody else does it")
    asleep.signal(signal.SIGCONT)
    psutil.wait_procs([job], 60)
    assert nodes.jobs("finished")["sleeper"]["attempts"] == 2
    assert (before.issue_ids(), before.read_session()["status"]) == (stored, "running")
    assert len(stored) < int(LONG["max_results"])
    sessions = "SELECT status FROM ims.crawl_sessions WHERE session_uuid = ANY (CAST(:uuids AS uuid[]))"
    rows = nodes.database.rows(sessions, uuids=[one["session_uuid"] for one in nodes.sessions("sleeper")])
    assert sorted(row["status"] for row in rows) == ["completed", "interrupted"]


def folders(nodes: Cluster, job: str) -> list[SessionFolder]:
    """The folders of the sessions of which this job was a part."""
    uuids = {record["session_uuid"] for record in nodes.sessions(job)}
    found = [folder for node in nodes.nodes for folder in node.archive.sessions()]
    return [folder for folder in found if folder.read_session()["session_uuid"] in uuids]


@pytest.mark.long
def test_a_job_outlives_its_daemon_and_ends_by_itself(nodes: Cluster) -> None:
    nodes.alive[0].put("orphan", **LONG)
    nodes.wait(lambda: nodes.sessions("orphan"), "it does not start")
    (busy,) = [node for node in nodes.alive if node.process.children()]
    (job,) = busy.process.children()
    nodes.kill(busy, jobs=False)
    psutil.wait_procs([job], 60)
    assert nodes.jobs("finished")["orphan"]["attempts"] == 1
    (record,) = nodes.sessions("orphan")
    assert (record["status"], record["exit_code"]) == ("completed", 0)
