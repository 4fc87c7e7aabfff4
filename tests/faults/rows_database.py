"""Rows 29 to 34 and 41: a database that is away, silent, refuses, or has several writers."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from ims_spiders.db.identity import act_as_crawl
from tests.crawl.crawling import Run
from tests.faults.case import SEARCH, Case
from tests.faults.row import row

ONE_BY_ONE = "CONCURRENT_REQUESTS=1"
LATER_SLOWLY = "slow:seconds=1.5,path=issueView,after=4"
"""So that there is something still to come when the first issues are in the database."""
FEW = 8
"""Issues; a row needs no more."""


@row(29, "down at the start", database="shared")
def down_at_the_start(case: Case) -> None:
    """All that can be had is in the files, exit 6 says how to go on, and a load makes the database equal."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"postgresql://nobody:c4n4ry-database@127.0.0.1:{closed.getsockname()[1]}/ims_crawler"
        case.secrets.add("c4n4ry-database")
        count = case.draw(3, 6)
        wanted = ("crawl", "-p", SEARCH["product"], "-q", SEARCH["query"], "--no-related", "-m", str(count))
        run = case.ims(*wanted, environment={"DATABASE_URL": away})
    assert run.returncode == 6, run.stderr
    assert "ims db load" in run.stderr + run.stdout
    case.expected = set(case.hits()[:count])
    assert set(case.archive.documents()) == case.expected
    (error,) = case.archive.last().read_errors()
    assert error["error_type"] == "database_error"
    load(case)


@row(30, "killed in the middle", database="own")
def killed_and_back(case: Case) -> None:
    """Once the server is back, what came meanwhile is written without being asked for."""
    case.start_tracker(LATER_SLOWLY)
    with crawling(case, ONE_BY_ONE) as running:
        kill_server(case)
        wait_until(lambda: "the database is behind" in case.archive.last().log_path.read_text("utf-8"))
        assert case.server is not None
        case.server.start()
        run = running.result()
    assert run.exit_code == 0, run.stderr


@row(30, "killed in the middle", database="own", long=True)
def killed_and_gone(case: Case) -> None:
    """A server that does not come back leaves everything to the files, and to a load."""
    case.start_tracker(LATER_SLOWLY)
    with crawling(case, ONE_BY_ONE) as running:
        kill_server(case)
        run = running.result()
    assert run.exit_code == 6, run.stderr
    assert set(files(case)) == set(hits(case))
    assert case.server is not None
    case.server.start()
    load(case)


@row(31, "half-open connection", database="shared")
def silent(case: Case) -> None:
    """The crawl stores on while the database says nothing, does not wait for it at its end, and a load mends it."""
    case.start_tracker(LATER_SLOWLY)
    wire, through = case.wire()
    wanted = case.draw(1, 3)
    with crawling(case, ONE_BY_ONE, "IMS_DATABASE_CLOSE_SECONDS=1", environment=through) as running:
        wait_until(lambda: in_database(case) >= wanted)
        wire.silent.set()
        stored = len(files(case))
        assert stored < len(hits(case)), "it is silent too late"
        run = running.result()
    assert run.exit_code == 6, run.stderr
    assert set(files(case)) == set(hits(case))
    assert in_database(case) < len(hits(case))
    load(case)


@row(32, "answer lost after COMMIT", database="shared")
def answer_lost(case: Case) -> None:
    """Whether it was stored cannot be known then; it is written again, and is there once."""
    wire, through = case.wire()
    wire.cut_after(b"COMMIT\0", nth=case.draw(1, 4))
    run = crawl(case, environment=through)
    assert wire.cuts == 1
    assert run.exit_code == 0, run.stderr
    assert case.archive.rows("select distinct crawl_count from ims.issues") == [{"crawl_count": 1}]


@row(33, "one row the database refuses", database="shared")
def refused(case: Case) -> None:
    """The issue is set aside with the database's reason, the rest is stored; loaded again once it can be."""
    lost = case.rng.choice(hits(case))
    alter(case, f"alter table ims.issues add constraint picky check (issue_id <> '{lost}')")
    run = crawl(case)
    assert run.exit_code == 6, run.stderr
    assert {one["issue_id"] for one in case.archive.rows("select issue_id from ims.issues")} == set(hits(case)) - {lost}
    (error,) = case.archive.rows("select error_type, error_message, error_detail from ims.session_errors")
    assert (error["error_type"], error["error_detail"]["issue_id"]) == ("database_error", lost)
    assert "picky" in error["error_message"]
    again = case.ims("db", "load")
    assert again.returncode == 1
    assert f"{lost}.json" in again.stderr
    assert "picky" in again.stderr
    alter(case, "alter table ims.issues drop constraint picky")
    load(case)


@row(33, "one row the database refuses", database="shared", long=True)
def error_refused(case: Case) -> None:
    """A line of the errors is no different: the crawl does not say that all is in the database when it is not."""
    broken = case.rng.choice(hits(case))
    case.tracker.faults.replace([f"status:code=500,path=issueView.do.issueId={broken}"])
    alter(case, "alter table ims.session_errors add constraint picky check (error_type <> 'network_error')")
    run = crawl(case, "RETRY_TIMES=0")
    assert run.exit_code == 5, run.stderr
    assert "errors.jsonl:1" in run.stderr
    assert "picky" in run.stderr
    assert case.archive.rows("select count(*) as n from ims.session_errors") == [{"n": 0}]
    alter(case, "alter table ims.session_errors drop constraint picky")
    load(case)
    assert case.archive.rows("select count(*) as n from ims.session_errors") == [{"n": 1}]


@row(34, "deadlock, serialisation failure", database="shared")
def deadlock(case: Case) -> None:
    """Two that wait for each other's issue: the crawl's transaction is ended by the server, and run again whole."""
    assert crawl(case).exit_code == 0
    for _ in range(6):
        run = _meet(case)
        assert run.exit_code == 0, run.stderr
        if "deadlock detected; the transaction is run again" in run.stderr:
            return
    raise AssertionError("the server has always ended the other one")


def _meet(case: Case) -> Run:
    """The crawl that met another writer; who of the two notices first that they wait for each other is ended."""
    first, *_, last = hits(case)
    with other_writer(case) as other, crawling(case, resume="last") as running:
        lock(other, last)
        wait_until(lambda: waits_for_lock(case))
        # It has the first by now: issues are locked in order.
        with suppress(OperationalError):
            lock(other, first)
        other.rollback()
        return running.result()


@row(34, "deadlock, serialisation failure", database="shared", long=True)
def serialisation_failure(case: Case) -> None:
    """Where transactions may not see others' writes: what another has just changed is looked at again."""
    assert crawl(case).exit_code == 0
    database = case.archive.rows("select current_database() as name")[0]["name"]
    alter(case, f"alter database {database} set default_transaction_isolation = 'repeatable read'")
    with other_writer(case) as other, crawling(case, resume="last") as running:
        other.execute(text(TOUCH), {"id": case.rng.choice(hits(case))})
        wait_until(lambda: waits_for_lock(case))
        other.commit()
        run = running.result()
    assert run.exit_code == 0, run.stderr
    assert "could not serialize access" in run.stderr
    assert case.archive.rows("select distinct crawl_count from ims.issues") == [{"crawl_count": 1}]


@row(41, "two loads and a crawl", database="shared")
def all_at_once(case: Case) -> None:
    """Every issue is counted once for each session that saw it, whoever wrote it first."""
    assert crawl(case).exit_code == 0
    alter(case, "truncate ims.crawl_sessions, ims.issues cascade")
    case.tracker.faults.replace([f"slow:seconds=0.5,every={case.draw(3, 9)}"])
    with crawling(case) as running, ThreadPoolExecutor(2) as pool:
        wait_until(lambda: len(case.archive.sessions()) == 2)
        loads = [pool.submit(case.ims, "db", "load") for _ in range(2)]
        assert [one.result().returncode for one in loads] == [0, 0]
        assert running.result().exit_code == 0, running.result().stderr
    counted = case.archive.rows("select issue_id, crawl_count from ims.issues")
    assert {one["issue_id"]: one["crawl_count"] for one in counted} == dict.fromkeys(hits(case), 2)
    assert case.archive.rows("select count(*) as n from ims.session_issues") == [{"n": 2 * len(hits(case))}]


# --- How ---------------------------------------------------------------------------------------------------------

WAITING = (
    "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
    "and application_name = 'ims_spiders'"
)
TOUCH = "update ims.issues set priority = priority where issue_id = :id"


def load(case: Case) -> None:
    """`ims db load` by a user whose database is there."""
    run = case.ims("db", "load")
    assert run.returncode == 0, run.stderr


@contextmanager
def crawling(case: Case, *settings: str, **arguments: Any) -> Iterator[Future[Run]]:
    """A crawl of some issues while the block runs; it ends in its own time."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(crawl, case, *settings, **arguments)


def crawl(case: Case, *settings: str, **arguments: Any) -> Run:
    """A crawl of some issues to its end."""
    hits(case)
    return case.crawl(*settings, **arguments if "resume" in arguments else {"max_results": FEW, **arguments})


def hits(case: Case) -> list[str]:
    """What a whole crawl of these stores."""
    case.expected = set(case.hits()[:FEW])
    return sorted(case.expected)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it holds; fail when it does not come to."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def files(case: Case) -> list[str]:
    """The issues that the newest session has made durable."""
    folders = case.archive.sessions()
    return folders[-1].issue_ids() if folders else []


def in_database(case: Case) -> int:
    """How many issues are there."""
    return int(case.archive.rows("select count(*) as n from ims.issues")[0]["n"])


def kill_server(case: Case) -> int:
    """kill -9 of the postmaster after a drawn issue; returns how many were in files then."""
    wanted = case.draw(1, 3)
    wait_until(lambda: in_database(case) >= wanted)
    assert case.server is not None
    pid = case.server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    stored = len(files(case))
    assert stored < len(hits(case)), "it is killed too late"
    return stored


def alter(case: Case, statement: str) -> None:
    """Change the database as its owner."""
    engine = _engine(case)
    with engine.begin() as connection:
        connection.execute(text(statement))


@contextmanager
def other_writer(case: Case) -> Iterator[Connection]:
    """Another crawl's transaction."""
    with _engine(case).connect() as connection:
        act_as_crawl(connection)
        yield connection


def lock(connection: Connection, issue_id: str) -> None:
    """As the projection locks an issue before it writes it."""
    connection.execute(text("select from ims.issues where issue_id = :id for no key update"), {"id": issue_id})


def waits_for_lock(case: Case) -> bool:
    """Whether the crawl's writer waits for somebody."""
    return bool(case.archive.rows(WAITING)[0]["n"])


def _engine(case: Case) -> Engine:
    assert case.archive.engine is not None
    return case.archive.engine
