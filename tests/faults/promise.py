"""What is done with every row: its fault, the oracle, a restart without the fault, the oracle again."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults import oracle
from tests.faults.case import Case
from tests.faults.row import Row
from tests.faults.rows import ROWS


def keeps_its_promise(case: Case, row: Row) -> None:
    """Bring the fault about and look; go on without it, and look again."""
    row.act(case)
    oracle.check(case)
    if row.restart:
        run = case.restart()
        assert run.exit_code == 0, run.stderr
        oracle.check(case)


def once(numbers: Iterable[int]) -> list[Row]:
    """The rows of these numbers that `make test` brings about."""
    wanted = set(numbers)
    return [row for row in ROWS if row.number in wanted and not row.long]
