"""Everything at once: three answers in ten are bad, and the database is away for three tenths of the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import figures
from tests.faults import oracle
from tests.faults.case import PASSWORD, Case
from tests.faults.conftest import Begin
from tests.faults.row import Row
from tests.faults.spelling import Spelled
from tests.faults.wire import Wire

pytestmark = pytest.mark.long
SEEDS = range(4)
MOST = 5
"""So often it is gone on with, at most, until nothing is missing."""
FILES = r"(?i)^/tody/.*download"
PAGES = r"/(?:issueView|issueSearchList|findRelationIssues|patchList)\.do"
ASIDE = ("/tody/auth/", "/tody/resources/")
"""Faults of the login are others' tests."""
BAD = (
    f"status:code=500,p=0.08,path={PAGES}",
    "status:code=502,p=0.05",
    "status:code=429,p=0.04",
    "status:code=503,retry_after=0,p=0.02",
    "reset:p=0.07",
    "short_body:p=0.06",
    f"stack_trace:p=0.03,path={PAGES}",
    "expire_at:p=0.004",
    "login_form_200:p=0.004",
    f"html_attachment:p=0.06,path={FILES}",
    f"empty_attachment:p=0.06,path={FILES}",
)
"""Some three in ten, whatever is asked for."""
AWAY, THERE = 0.6, 1.4
"""Seconds in turns."""
SETTINGS = ("IMS_DATABASE_CLOSE_SECONDS=3", "RETRY_TIMES=4")


@contextmanager
def comes_and_goes(wire: Wire) -> Iterator[None]:
    """The database is away three tenths of the time: it refuses, and is silent, in turns."""
    over = threading.Event()

    def take_turns() -> None:
        silent = False
        while not over.wait(THERE):
            fault = wire.silent if silent else wire.refusing
            fault.set()
            over.wait(AWAY)
            fault.clear()
            silent = not silent

    thread = threading.Thread(target=take_turns, name="database-away")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def crawl_until_whole(case: Case, environment: dict[str, str]) -> int:
    """How often it was gone on with until the crawl said that it has everything, in files; bad answers all the time."""
    run = case.crawl(*SETTINGS, environment=environment, related=1, max_results=0)
    for times in range(MOST):
        oracle.check(case)
        if run.exit_code in {0, 6}:
            return times
        run = case.crawl(*SETTINGS, environment=environment, resume="last")
    assert run.exit_code in {0, 6}, run.stderr[-3000:]
    return MOST


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once_and_still_everything_is_there(
    begin: Begin, seed: int, record_property: figures.Record
) -> None:
    case = begin(Row(0, "mixture", lambda _: None, database="shared"), seed)
    tracker = case._tracker = case._stack.enter_context(Spelled(issues=100, seed=seed + 1, password=PASSWORD))
    tracker.archive = case.archive
    case.expected, case.expected_database = case.reachable(), False
    tracker.faults.replace([f"{rule},seed={seed}{number}" for number, rule in enumerate(BAD)])
    wire, through = case.wire()
    with comes_and_goes(wire):
        resumed = crawl_until_whole(case, through)
    answers = [entry for entry in tracker.ledger.entries if not entry.path.startswith(ASIDE)]
    bad = sum(bool(entry.faults) for entry in answers) / len(answers)
    figures.note(record_property, "mixture: bad answers, %", 100 * bad)
    figures.note(record_property, "mixture: resumes until everything was there", resumed)
    assert bad > 0.2
    tracker.faults.clear()
    loaded = case.ims("db", "load")
    assert loaded.returncode == 0, loaded.stderr
    case.expected_database = True
    oracle.check(case)
    counts = case.archive.rows("select issue_id, crawl_count from ims.issues")
    assert {one["issue_id"]: one["crawl_count"] for one in counts} == dict.fromkeys(case.expected, 1)
    assert len(case.archive.sessions()) == 1
