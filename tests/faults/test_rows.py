"""Every row once, and the oracle after it; after a restart without the fault, everything is there."""

from __future__ import annotations

import pytest

from tests.faults import oracle
from tests.faults.case import Case
from tests.faults.conftest import Begin
from tests.faults.row import Row
from tests.faults.rows import ROWS


@pytest.mark.parametrize("row", [row for row in ROWS if not row.long], ids=lambda row: row.name)
def test_the_promise_is_kept(row: Row, begin: Begin) -> None:
    keeps_its_promise(begin(row, 0), row)


def keeps_its_promise(case: Case, row: Row) -> None:
    """Bring the fault about and look; go on without it, and look again."""
    row.act(case)
    oracle.check(case)
    if row.restart:
        run = case.restart()
        assert run.exit_code == 0, run.stderr
        oracle.check(case)
