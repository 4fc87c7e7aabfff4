"""The queue of many nodes: one taker a job, priorities, waits, limits, leases, and the fence around what is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.cluster import DATABASE
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.jobs import ENDED, JobQueue, NewJob, TakenJob, Taker, outcome_of_exit
from ims_spiders.db.projection import Projection
from ims_spiders.db.schema import initialise
from ims_spiders.exceptions import LeaseLost, QueueUnavailable
from tests.conftest import database_engine
from tests.db.factory import issue, session, session_uuid
from tests.db.inspect_rows import rows, value

TAKER = Taker("here", "kim", "ims.example.com", 60, 1000, 1_000_000)
Opener = Callable[[], JobQueue]


@pytest.fixture
def opened(server: EmbeddedServer, engine: Engine) -> Iterator[Opener]:
    """Makes queues with connections of their own, as different machines have them."""
    made: list[JobQueue] = []

    def another() -> JobQueue:
        made.append(JobQueue(lambda: database_engine(server, str(engine.url.database))))
        return made[-1]

    yield another
    for queue in made:
        queue.close()


@pytest.fixture
def queue(opened: Opener) -> JobQueue:
    return opened()


def new(name: str, **more: Any) -> NewJob:
    return NewJob("project", "ims", name, "kim", **{"requests": 8, **more})


def take(queue: JobQueue, **taker: Any) -> TakenJob | None:
    return queue.take(["project"], replace(TAKER, **taker))


def taken(queue: JobQueue, **taker: Any) -> TakenJob:
    job = take(queue, **taker)
    assert job is not None
    return job


def states(queue: JobQueue) -> dict[str, str]:
    return {row.job: row.status for row in queue.listed("pending", "running", *ENDED)}


def test_each_job_is_taken_once_however_many_ask_at_once(opened: Opener, engine: Engine) -> None:
    queues = [opened() for _ in range(6)]
    for number in range(60):
        assert queues[0].add(new(f"job-{number}"))

    def drain(number: int) -> list[str]:
        # Two trackers: those of one wait for each other, those of different ones pass by what others hold.
        taker = {"node": f"node-{number}", "host": f"tracker-{number % 2}"}
        found = []
        while (job := take(queues[number], **taker)) is not None:
            found.append(job.job)
        return found

    with ThreadPoolExecutor(6) as pool:
        lists = list(pool.map(drain, range(6)))
    assert sorted(job for jobs in lists for job in jobs) == sorted(f"job-{number}" for number in range(60))
    assert value(engine, "SELECT max(attempts) FROM ims_private.job_queue") == 1


def test_what_is_more_urgent_comes_first_and_else_what_waits_longer(queue: JobQueue) -> None:
    for name, priority in (("low", -1), ("first", 0), ("second", 0), ("urgent", 2.5)):
        queue.add(new(name, priority=priority, arguments={"product": name, "settings": {"LOG_LEVEL": "INFO"}}))
    assert [row.job for row in queue.listed("pending")] == ["urgent", "first", "second", "low"]
    jobs = [taken(queue) for _ in range(4)]
    assert [job.job for job in jobs] == ["urgent", "first", "second", "low"]
    assert jobs[0].arguments == {"product": "urgent", "settings": {"LOG_LEVEL": "INFO"}}
    assert take(queue) is None


def test_only_jobs_of_projects_that_the_node_has_are_taken(queue: JobQueue) -> None:
    queue.add(new("one"))
    assert queue.take(["other"], TAKER) is None
    assert queue.take(["other", "project"], TAKER) is not None


def test_a_name_is_in_use_until_its_job_has_ended(queue: JobQueue) -> None:
    assert queue.add(new("daily"))
    assert not queue.add(new("daily"))
    job = taken(queue)
    assert not queue.add(new("daily"))
    assert queue.end(job.job_id, job.token, 0, 30) == "finished"
    assert queue.add(new("daily"))


def test_a_crash_is_tried_again_later_and_each_time_later_until_it_was_enough(queue: JobQueue, engine: Engine) -> None:
    queue.add(new("one", max_attempts=3))
    waits = []
    for attempt in (1, 2, 3):
        job = taken(queue)
        assert job.token == attempt
        state = queue.end(job.job_id, job.token, None, 30)
        assert take(queue) is None
        waits.append(float(value(engine, "SELECT extract(epoch FROM due_at - ended_at) FROM ims_private.job_queue")))
        with engine.begin() as connection:
            connection.execute(text("UPDATE ims_private.job_queue SET due_at = now()"))
        assert state == ("pending" if attempt < 3 else "failed")
    assert [round(wait) for wait in waits] == [30, 60, 120]
    assert take(queue) is None


@pytest.mark.parametrize(
    ("exit_code", "outcome"),
    [(0, "finished"), (5, "finished"), (6, "finished"), (2, "failed"), (3, "failed"), (1, "again"), (4, "again"),
     (7, "again"), (8, "again"), (None, "again")],
)  # fmt: skip
def test_what_may_be_over_the_next_time_is_tried_again_and_nothing_else(exit_code: int | None, outcome: str) -> None:
    assert outcome_of_exit(exit_code) == outcome


def test_a_job_whose_node_is_gone_runs_again_and_the_first_runner_is_refused(queue: JobQueue, opened: Opener) -> None:
    queue.add(new("one"))
    first = taken(queue, lease_seconds=0.2, node="dead")
    assert queue.renew(first.job_id, first.token, 0.2, session_uuid(1)) == 0
    assert queue.expire(0) == []
    time.sleep(0.3)
    others = [opened() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        expired = [row for found in pool.map(lambda other: other.expire(0), others) for row in found]
        again = [job for job in pool.map(take, others) if job is not None]
    assert [(row.job, row.node, row.status) for row in expired] == [("one", "dead", "pending")]
    assert [(job.job, job.token, job.session_uuid) for job in again] == [("one", 2, session_uuid(1))]
    assert queue.renew(first.job_id, first.token, 60) is None
    assert queue.end(first.job_id, first.token, 0, 30) is None
    assert states(queue) == {"one": "running"}
    assert queue.end(again[0].job_id, again[0].token, 0, 30) == "finished"


def test_a_job_that_loses_node_after_node_is_given_up(queue: JobQueue) -> None:
    queue.add(new("one", max_attempts=2))
    for status in ("pending", "failed"):
        taken(queue, lease_seconds=0)
        assert [row.status for row in queue.expire(0)] == [status]
    assert queue.listed("failed")[0].reason == "its node here is gone"


def test_an_account_and_a_host_are_asked_by_so_many_at_once(opened: Opener, engine: Engine) -> None:
    queues = [opened() for _ in range(4)]
    for number in range(8):
        queues[0].add(new(f"job-{number}", requests=3))
    limits = {"jobs_per_account": 2, "requests_per_host": 8}
    with ThreadPoolExecutor(4) as pool:
        mine = [job for job in pool.map(lambda queue: take(queue, **limits), queues) if job is not None]
    assert len(mine) == 2
    # Another account's third job would be nine requests at once; another host's is not counted.
    assert take(queues[0], account="lee", **limits) is None
    assert take(queues[0], account="lee", host="elsewhere.example.com", **limits) is not None
    assert queues[0].end(mine[0].job_id, mine[0].token, 0, 30) == "finished"
    assert take(queues[0], account="lee", **limits) is not None
    assert take(queues[0], account="kim", **limits) is None


def test_a_large_job_is_not_kept_out_by_small_ones_and_runs_when_nothing_else_does(queue: JobQueue) -> None:
    for name, requests in (("small", 2), ("large", 16), ("behind", 1)):
        queue.add(new(name, requests=requests))
    small = taken(queue, requests_per_host=8)
    assert take(queue, requests_per_host=8) is None
    queue.end(small.job_id, small.token, 0, 30)
    assert taken(queue, requests_per_host=8).job == "large"


def test_cancelling_reaches_a_job_wherever_it_is(queue: JobQueue, opened: Opener) -> None:
    elsewhere = opened()
    queue.add(new("waits"))
    queue.add(new("runs"))
    assert elsewhere.cancel("project", "waits") == "pending"
    job = taken(queue)
    assert (job.job, queue.renew(job.job_id, job.token, 60)) == ("runs", 0)
    assert elsewhere.cancel("project", "runs") == "running"
    assert queue.renew(job.job_id, job.token, 60) == 1
    assert elsewhere.cancel("project", "unknown") is None
    # Killed or interrupted for it, it is not a crash; nor when its node is gone.
    assert queue.end(job.job_id, job.token, 7, 0) == "cancelled"
    queue.add(new("lost"))
    taken(queue, lease_seconds=0)
    queue.cancel("project", "lost")
    assert [row.status for row in queue.expire(0)] == ["cancelled"]
    assert states(queue) == dict.fromkeys(("waits", "runs", "lost"), "cancelled")
    assert take(queue) is None


def test_ended_jobs_are_kept_up_to_a_number(queue: JobQueue) -> None:
    for number in range(4):
        queue.add(new(f"job-{number}"))
    for _ in range(3):
        job = taken(queue)
        queue.end(job.job_id, job.token, 0, 30)
    queue.forget(2)
    assert [row.job for row in queue.listed(*ENDED)] == ["job-2", "job-1"]
    assert [row.job for row in queue.listed(*ENDED, most=1)] == ["job-2"]
    assert [row.job for row in queue.listed("pending")] == ["job-3"]


def test_who_lost_the_lease_writes_nothing(queue: JobQueue, engine: Engine) -> None:
    queue.add(new("one"))
    job = taken(queue, lease_seconds=0)

    def guard(connection: Any) -> None:
        if not queue.holds(connection, job.job_id, job.token):
            raise LeaseLost

    writer = Projection(engine, guard=guard)
    writer.write_session(session(1, status="running"))
    queue.renew(job.job_id, job.token, 0, session_uuid(1))
    queue.expire(0)
    with pytest.raises(LeaseLost):
        writer.write_issues(session_uuid(1), [issue(100)])
    with pytest.raises(LeaseLost):
        writer.write_session(session(1, status="completed"))
    assert rows(engine, "SELECT status, close_reason FROM ims.crawl_sessions") == [("interrupted", "killed")]
    assert value(engine, "SELECT count(*) FROM ims.issues") == 0


def test_a_job_is_not_given_away_while_its_runner_is_writing(queue: JobQueue, opened: Opener, engine: Engine) -> None:
    queue.add(new("one"))
    job = taken(queue, lease_seconds=0)
    with engine.begin() as connection:
        assert queue.holds(connection, job.job_id, job.token)
        others = opened()
        assert others.expire(0) == []
        # Neither the renewal nor a cancellation waits for what is written.
        assert others.renew(job.job_id, job.token, 0) == 0
        assert others.cancel("project", "one") == "running"
    assert [row.status for row in others.expire(0)] == ["cancelled"]


def test_a_database_that_is_away_is_said_and_asked_again(own_server: EmbeddedServer) -> None:
    own_server.start()
    queue = JobQueue(lambda: prepared(own_server), seconds=10)
    queue.add(new("one"))
    own_server.stop()
    with pytest.raises(QueueUnavailable, match="database does not answer"):
        take(queue)
    own_server.start()
    assert taken(queue).job == "one"
    queue.close()


def prepared(server: EmbeddedServer) -> Engine:
    engine = database_engine(server, DATABASE)
    initialise(engine)
    return engine
