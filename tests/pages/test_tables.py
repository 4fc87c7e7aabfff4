"""Tables where a fixture is not enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.pages.document import parse_html
from ims_spiders.pages.tables import cells_by_header, headers_for, pick, row_cells
from ims_spiders.pages.text import label_key, numbered


def test_a_huge_column_span_takes_no_memory() -> None:
    row = parse_html("<table><tr><td colspan=99999999999999999999>a</td><td>b</td></tr></table>").xpath("//tr")[0].root
    assert len(row_cells(row)) < 5000


def test_the_header_of_the_own_table_goes_before_one_of_another() -> None:
    page = parse_html(
        "<table><tr><th>a</tr></table><table><tr><th>b</tr><tr><td>1</tr></table><table><tr><td>2</table>"
    )
    first, second, row, stray = (item.root for item in page.xpath("//tr"))
    assert headers_for(row, [first, second]) == ["b"]
    assert headers_for(stray, [first, second]) == ["a"]
    assert headers_for(row, []) == []


@given(st.permutations(["No", "Issue Number", "Subject", "Product"]))
def test_cells_are_found_under_their_header_in_any_order(columns: list[str]) -> None:
    row = parse_html(f"<table><tr>{''.join(f'<td>{name}!' for name in columns)}</table>").xpath("//tr")[0].root
    cells = cells_by_header(row, columns)
    assert cells == {name: f"{name}!" for name in columns}
    assert pick(cells, "title", "subject") == "Subject!"


@given(st.lists(st.tuples(st.sampled_from(["A", "A (2)", "B"]), st.text())))
def test_no_value_is_lost_however_often_a_label_comes(pairs: list[tuple[str, str]]) -> None:
    assert list(numbered(pairs).values()) == [value for _, value in pairs]


def test_labels_are_compared_without_case_and_punctuation() -> None:
    assert {label_key(label) for label in ("Build No", "BUILD NO.", " build\n no : ", "Build\xa0No*")} == {"build no"}
