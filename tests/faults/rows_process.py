"""Rows 37 to 40: processes that are killed, asked to end, or two where one should be."""

from __future__ import annotations

import signal
import threading
import time

from ims_spiders.demo.server import DemoTracker
from tests.crawl.crawling import Archive, Run
from tests.daemon.cluster import cluster
from tests.deploy.conftest import PASSWORD as JOBS_PASSWORD
from tests.faults import kills
from tests.faults.case import SEARCH, Case
from tests.faults.row import row
from tests.faults.shimmed import crawl_shimmed, half_done

NOWHERE = "postgresql://nobody:c4n4ry-database@127.0.0.1:1/ims_crawler"


@row(37, "kill -9 anywhere", database="shared")
def killed_twice(case: Case) -> None:
    """At a place, and when it was gone on with at a moment; then to the end, as if nothing had been."""
    kills.start_small(case)
    assert kills.crawl_and_kill(case, kills.at_a_place(case))
    kills.crawl_and_kill(case, kills.at_a_moment(case, 2.0))
    kills.go_on(case)
    kills.check_one_of_each(case)


@row(37, "kill -9 anywhere", database="shared", long=True)
def killed_and_left(case: Case) -> None:
    """The next crawl, which has nothing to do with it, sees that nobody goes on with it; so does the database."""
    kills.start_small(case)
    plan = {"place": "replace", "nth": case.draw(4, 8), "do": "kill"}
    assert kills.crawl_and_kill(case, plan)
    (left,) = case.archive.sessions()
    assert left.read_session()["status"] == "running"
    case.expected = {case.hits()[0]}
    case.tracker.faults.clear()
    run = case.crawl(query=case.hits()[0], max_results=1)
    assert run.exit_code == 0, run.stderr
    session = left.read_session()
    assert (session["status"], session["close_reason"]) == ("interrupted", "killed")
    rows = case.archive.rows("select status from ims.crawl_sessions order by started_at")
    assert [one["status"] for one in rows] == ["interrupted", "completed"]
    # What it had made durable and not brought into the database.
    assert case.ims("db", "load").returncode == 0


SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")


def _end(case: Case, *settings: str, environment: dict[str, str] | None = None, **plan: object) -> Run:
    """A crawl that is asked to end at the call of that number of that place."""
    asked = {"do": case.rng.choice(SIGNALS), **plan}
    run, report = crawl_shimmed(case, *settings, plan=asked, environment=environment)
    session = case.archive.last().read_session()
    assert (run.returncode, session["status"], session["exit_code"]) == (7, "interrupted", 7), (asked, run.stderr)
    assert session["completed_at"] is not None
    assert report.fired, "what ends at once tells nothing"
    return run


@row(38, "SIGTERM once, twice", database="shared")
def asked_to_end(case: Case) -> None:
    """Somewhere between its first file and its last: in order, the database included."""
    case.start_tracker(latency=0.02)
    _end(case, place="write", nth=case.draw(1, 12))
    (row,) = case.archive.rows("select status, exit_code from ims.crawl_sessions")
    assert row == {"status": "interrupted", "exit_code": 7}


@row(38, "SIGTERM once, twice", database="shared")
def asked_twice(case: Case) -> None:
    """At once, and still with a record, in the database, too: while the tracker keeps it waiting for a file."""
    tracker = case.start_tracker(r"hang:seconds=600,path=(?i)^/tody/.*download")
    number = signal.Signals[case.rng.choice(SIGNALS)]
    # It has time for its database: how much is nothing that a busy machine's tests could look at.
    with case.started("IMS_DATABASE_CLOSE_SECONDS=1800") as process:
        while not tracker.ledger.count("ownload"):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        assert process.stderr is not None
        while not process.stderr.readline().startswith("Stopping"):
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(100) == 7
    assert "Stopped. Go on with: ims crawl --resume last" in case.runs[-1].stderr
    # An issue may become durable in the very last moment, and nobody waits for the database then.
    case.expected_database = False
    assert case.archive.last().read_session()["status"] == "interrupted"
    (row,) = case.archive.rows("select status, exit_code from ims.crawl_sessions")
    assert row == {"status": "interrupted", "exit_code": 7}


@row(38, "SIGTERM once, twice")
def asked_while_it_starts(case: Case) -> None:
    """Before its engine runs, when it has asked for nothing yet."""
    case.start_tracker()
    _end(case, place="replace", nth=1)
    assert case.archive.last().issue_ids() == []


@row(38, "SIGTERM once, twice", database="shared", long=True)
def asked_while_the_database_is_away(case: Case) -> None:
    """It does not wait for that any longer than a crawl that ends by itself."""
    case.start_tracker(latency=0.02)
    case.expected_database = False
    away = {"DATABASE_URL": NOWHERE}
    _end(case, "IMS_DATABASE_CLOSE_SECONDS=1", environment=away, place="write", nth=case.draw(2, 12))
    case.secrets.add("c4n4ry-database")


@row(38, "SIGTERM once, twice", long=True)
def asked_while_a_file_comes(case: Case) -> None:
    """What is under way is finished first: the file is there, and so is its issue."""
    slow = r"slow:seconds=1.5,path=(?i)^/tody/.*download"
    case.start_tracker(slow)
    _end(case, place="open", nth=2)


@row(39, "Scrapyd killed", database="shared", restart=False, seeds=False)
def takes_a_job_with_it(case: Case) -> None:
    """Another Scrapyd finds the job and runs it again, once; of the first attempt is told that it was interrupted."""
    tracker = DemoTracker(password=JOBS_PASSWORD, latency=0.1, issues=kills.SMALL)
    case.secrets.add(JOBS_PASSWORD)
    folder = case.archive.data_dir.parent / "nodes"
    with tracker, cluster(folder, Archive(folder, case.archive.engine), tracker, 2) as nodes:
        case._tracker = tracker
        nodes.alive[0].put("job", **{name: str(value) for name, value in SEARCH.items()})
        nodes.wait(lambda: any(_stored(node.archive) for node in nodes.alive), "it stores nothing")
        (busy,) = [node for node in nodes.alive if _stored(node.archive)]
        nodes.kill(busy)
        nodes.wait(lambda: "job" in nodes.jobs("finished"), "nobody else runs it")
        assert nodes.jobs("finished")["job"]["attempts"] == 2
        rows = case.archive.rows("select status from ims.crawl_sessions order by started_at")
        assert [one["status"] for one in rows] == ["interrupted", "completed"]
        (other,) = nodes.alive
        assert len(other.archive.sessions()) == 1
    # What that one has in its files is in the database; the files of the other are on the machine that is gone.
    case.archive, case.expected_database = other.archive, False


def _stored(archive: Archive) -> list[str]:
    return [issue_id for folder in archive.sessions() for issue_id in folder.issue_ids()]


@row(40, "the same session resumed twice", database="shared")
def resumed_twice(case: Case) -> None:
    """One of the two goes on, the other is told that it does, and does no harm."""
    case.start_tracker(latency=0.05)
    folder = half_done(case)
    runs: list[Run] = []
    both = [threading.Thread(target=lambda: runs.append(case.ims("crawl", "--resume", "last"))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    refused, went_on = sorted(runs, key=lambda run: -run.returncode)
    assert (refused.returncode, went_on.returncode) == (2, 0), [run.stderr for run in runs]
    assert "is being written by another process" in refused.stderr
    assert len(folder.read_session()["metadata"]["runs"]) == 2
    counts = case.archive.rows("select crawl_count from ims.issues")
    assert {one["crawl_count"] for one in counts} == {1}


@row(40, "the same session resumed twice", restart=False, seeds=False)
def resumed_where_nothing_can_be_locked(case: Case) -> None:
    """On a file system that has no locks nobody knows who else writes: it is refused, before anything is written."""
    case.start_tracker(issues=kills.SMALL)
    run, _ = crawl_shimmed(case, plan={"place": "flock", "nth": 1, "times": 99, "do": "ENOLCK"})
    assert run.returncode == 2, run.stderr
    assert "cannot be locked (No locks available)" in run.stderr
    assert case.archive.sessions() == []
