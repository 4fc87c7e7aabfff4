"""Every row with twenty seeds: which request, which issue, how many, when."""

from __future__ import annotations

import os

import pytest

from tests import figures
from tests.faults.conftest import Begin
from tests.faults.promise import keeps_its_promise
from tests.faults.row import Row
from tests.faults.rows import ROWS

pytestmark = pytest.mark.long
SEEDS = int(os.environ.get("FAULT_SEEDS", "20"))
RUNS = [(row, seed) for row in ROWS for seed in range(1, SEEDS + 1 if row.seeds else 2)]


@pytest.mark.parametrize(("row", "seed"), RUNS, ids=lambda value: getattr(value, "name", str(value)))
def test_the_promise_is_kept_however_it_comes(
    row: Row, seed: int, begin: Begin, record_property: figures.Record
) -> None:
    figures.add(record_property, "matrix: runs", 1)
    well = False
    try:
        keeps_its_promise(begin(row, seed), row)
        well = True
    except Exception as error:
        error.add_note(f"row {row.number}, {row.title}, seed {seed}")
        raise
    finally:
        figures.add(record_property, "matrix: violations", not well)
        figures.held(record_property, "matrix: rows held", row.number, well)
