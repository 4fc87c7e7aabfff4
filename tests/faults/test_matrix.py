"""Every row with twenty seeds: which request, which issue, how many, when."""

from __future__ import annotations

import pytest

from tests import figures
from tests.faults.conftest import Begin
from tests.faults.row import Row
from tests.faults.rows import ROWS
from tests.faults.test_rows import keeps_its_promise

pytestmark = pytest.mark.long
SEEDS = range(1, 21)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_promise_is_kept_however_it_comes(
    row: Row, seed: int, begin: Begin, record_property: figures.Record
) -> None:
    if seed > 1 and not row.seeds:
        pytest.skip("the same each time")
    figures.add(record_property, "matrix: runs", 1)
    case = begin(row, seed)
    try:
        keeps_its_promise(case, row)
    except AssertionError as error:
        figures.add(record_property, "matrix: violations", 1)
        error.add_note(f"row {row.number}, {row.title}, seed {seed}")
        raise
