"""A tracker that answers badly, late, or not at all: every row once."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Begin
from tests.faults.promise import keeps_its_promise, once
from tests.faults.row import Row


@pytest.mark.parametrize("row", once(range(1, 11)), ids=lambda row: row.name)
def test_the_promise_is_kept(row: Row, begin: Begin) -> None:
    keeps_its_promise(begin(row, 0), row)
