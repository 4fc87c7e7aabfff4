"""The lease of a job: kept up, heard of, outliving a database that is away, and lost for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from ims_spiders.db.cluster import DATABASE
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.jobs import JobQueue, NewJob, Taker
from ims_spiders.db.lease import Lease
from ims_spiders.db.schema import initialise
from ims_spiders.exceptions import LeaseLost
from ims_spiders.extensions.job import hold_lease, stop_reason
from tests.conftest import database_engine

TAKER = Taker("here", "kim", "ims.example.com", 60, 10, 100)


@pytest.fixture
def queue(server: EmbeddedServer, engine: Engine) -> Iterator[JobQueue]:
    made = JobQueue(lambda: database_engine(server, str(engine.url.database)))
    yield made
    made.close()


@pytest.fixture
def unsteady(own_server: EmbeddedServer) -> Iterator[JobQueue]:
    """A queue whose server the test stops and starts."""
    own_server.start()
    engine = database_engine(own_server, DATABASE)
    initialise(engine)
    engine.dispose()
    made = JobQueue(lambda: database_engine(own_server, DATABASE))
    yield made
    made.close()


def begin(queue: JobQueue, seconds: float, own: JobQueue | None = None) -> Lease:
    """The lease of a new job, begun by a process with its `own` connection."""
    queue.add(NewJob("project", "ims", "one", "kim", 8))
    job = queue.take(["project"], TAKER)
    assert job is not None
    lease = Lease(own or queue, job.job_id, job.token, seconds)
    lease.begin()
    return lease


def wait(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_is_kept_up_until_the_job_has_ended(queue: JobQueue) -> None:
    lease = begin(queue, 3)
    lease.note_session("0b9f1a52-7f0d-4f7e-9d5a-0c1f0a3b2d4e")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert queue.expire(0) == []
        lease.require()
        time.sleep(0.2)
    assert str(queue.listed("running")[0].session_uuid) == "0b9f1a52-7f0d-4f7e-9d5a-0c1f0a3b2d4e"
    lease.end(5, 30)
    assert [(row.job, row.exit_code) for row in queue.listed("finished")] == [("one", 5)]


def test_what_is_cancelled_is_heard_of_each_time(queue: JobQueue) -> None:
    lease = begin(queue, 3)
    heard: list[int] = []
    queue.cancel("project", "one")
    time.sleep(1)
    # Also what came before anybody listened.
    lease.watch(heard.append, lambda: None)
    wait(lambda: heard == [1])
    queue.cancel("project", "one")
    wait(lambda: heard == [1, 2])
    lease.end(7, 30)
    assert [row.job for row in queue.listed("cancelled")] == ["one"]


@pytest.mark.long
def test_it_outlives_a_database_that_is_away_for_less_than_it(unsteady: JobQueue, own_server: EmbeddedServer) -> None:
    lease = begin(unsteady, 20)
    own_server.stop()
    time.sleep(4)
    lease.require()
    own_server.start()
    before = lease.left()
    wait(lambda: lease.left() > before, 15)
    assert unsteady.expire(0) == []
    lease.end(0, 30)
    assert [row.job for row in unsteady.listed("finished")] == ["one"]


def test_without_the_database_for_longer_it_is_lost_and_says_so(unsteady: JobQueue, own_server: EmbeddedServer) -> None:
    lost = threading.Event()
    lease = begin(unsteady, 3)
    lease.watch(lambda times: None, lost.set)
    hold_lease(lease)
    assert stop_reason("finished") == "finished"
    own_server.stop()
    assert lost.wait(20)
    with pytest.raises(LeaseLost, match="writes nothing more"):
        lease.require()
    assert stop_reason("finished") == "lease_lost"
    hold_lease(None)
    own_server.start()
    # Nobody has taken it meanwhile: its node can still say what became of it.
    lease.end(7, 0)
    assert [row.job for row in unsteady.listed("pending")] == ["one"]


def test_given_to_another_it_is_lost_in_the_middle_and_before_the_first_step(queue: JobQueue, engine: Engine) -> None:
    lost = threading.Event()
    lease = begin(queue, 30)
    with engine.begin() as connection:
        lease.guard(connection)
    (row,) = queue.listed("running")
    assert queue.end(row.job_id, row.attempts, None, 0) == "pending"
    with engine.begin() as connection, pytest.raises(LeaseLost):
        lease.guard(connection)
    lease.watch(lambda times: None, lost.set)
    assert lost.wait(10)
    late = Lease(queue, row.job_id, row.attempts, 30)
    with pytest.raises(LeaseLost):
        late.begin()
