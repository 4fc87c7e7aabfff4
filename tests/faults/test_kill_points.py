"""Two hundred kills, each followed by a resume: the outcome is that of a crawl that nobody has killed."""

from __future__ import annotations

import time

import pytest

from tests import figures
from tests.faults import kills, oracle
from tests.faults.case import Case
from tests.faults.conftest import Begin
from tests.faults.row import Row

pytestmark = pytest.mark.long
POINTS = range(200)


SECONDS = [3.0]
"""How long a crawl took the last time: on a busy machine another kill is half-way."""


def killed(case: Case, record: figures.Record) -> None:
    """Half of them at a place, half at a moment."""
    kills.start_small(case)
    plan = kills.at_a_place(case) if case.seed % 2 else kills.at_a_moment(case, SECONDS[0])
    figures.add(record, "kill points: killed", kills.crawl_and_kill(case, plan))
    began = time.monotonic()
    kills.go_on(case)
    SECONDS[0] = time.monotonic() - began


@pytest.mark.parametrize("seed", POINTS)
def test_resumed_it_ends_like_one_that_was_not_killed(begin: Begin, seed: int, record_property: figures.Record) -> None:
    figures.add(record_property, "kill points: runs", 1)
    case = begin(Row(37, "kill -9 anywhere", lambda _: None, database="shared"), seed)
    try:
        killed(case, record_property)
        oracle.check(case)
        kills.check_one_of_each(case)
    except AssertionError as error:
        error.add_note(f"kill point {seed}")
        figures.add(record_property, "kill points: violations", 1)
        raise
    figures.add(record_property, "kill points: violations", 0)
