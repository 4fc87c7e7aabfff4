"""The list of rows is whole."""

from __future__ import annotations

from tests.faults.rows import ROWS


def test_each_fault_of_the_list_is_brought_about_by_make_test() -> None:
    assert {row.number for row in ROWS if not row.long} == set(range(1, 46))


def test_each_row_has_a_name_and_each_number_one_title() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({(row.number, row.title) for row in ROWS}) == 45
