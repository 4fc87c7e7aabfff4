"""The search walk: it ends, misses nothing that a second look can find, and reports what it cannot."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.spiders.searching import MAX_PASSES, SearchProgress


def walk(progress: SearchProgress, pages: dict[int, list[str]], total: int) -> tuple[list[str], int]:
    """Page through a list that stands still. Returns the distinct hits and the number of requests."""
    found: list[str] = []
    page: int | None = 1
    requests = 0
    while page is not None:
        requests += 1
        rows = pages.get(page, [])
        found.extend(row for row in rows if row not in found and progress.wants_more(len(found)))
        progress.saw_page(page, total, len(rows))
        page = progress.next_page(page, len(found), len(found))
    return found, requests


def in_pages(ids: list[str]) -> dict[int, list[str]]:
    return {index // 10 + 1: ids[index : index + 10] for index in range(0, len(ids), 10)}


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 57])
def test_a_list_that_stands_still_takes_one_request_for_ten_rows(count: int) -> None:
    ids = [str(number) for number in range(count)]
    progress = SearchProgress(0)
    found, requests = walk(progress, in_pages(ids), count)
    assert found == ids
    assert requests == max(1, -(-count // 10))
    assert progress.gap(len(found), len(found)) is None
    assert progress.complete(len(found))


@given(st.integers(0, 60), st.integers(1, 60))
def test_max_results_stops_in_time_and_is_no_gap(count: int, wanted: int) -> None:
    ids = [str(number) for number in range(count)]
    progress = SearchProgress(wanted)
    found, requests = walk(progress, in_pages(ids), count)
    assert found == ids[:wanted]
    assert requests <= max(1, -(-min(count, wanted) // 10))
    assert progress.gap(len(found), len(found)) is None
    assert progress.complete(len(found)) == (wanted >= count)


def test_a_missed_row_is_found_by_walking_again() -> None:
    ids = [str(number) for number in range(25)]
    progress = SearchProgress(0)
    torn = in_pages(ids)
    torn[2] = torn[2][1:]
    found: list[str] = []
    page: int | None = 1
    seen_last = False
    while page is not None:
        rows = (in_pages(ids) if seen_last else torn)[page]
        seen_last = seen_last or page == 3
        found.extend(row for row in rows if row not in found)
        progress.saw_page(page, 25, len(rows))
        page = progress.next_page(page, len(found), len(found))
        if page == 4:
            progress.saw_page(4, 25, 0)
            page = progress.next_page(4, len(found), len(found))
    assert sorted(found, key=int) == ids


def test_a_row_that_never_shows_is_reported_with_both_numbers() -> None:
    progress = SearchProgress(0)
    ids = [str(number) for number in range(18)]
    found, requests = walk(progress, in_pages(ids), 19)
    gap = progress.gap(len(found), len(found))
    assert gap is not None
    assert "19" in str(gap)
    assert "18" in str(gap)
    assert requests <= MAX_PASSES * 5
    assert not progress.complete(len(found))


def test_without_a_declared_total_nobody_knows_whether_it_was_all() -> None:
    progress = SearchProgress(0)
    progress.saw_page(1, None, 3)
    assert not progress.complete(3)


def test_a_page_without_rows_though_the_total_says_more_is_looked_at_again() -> None:
    progress = SearchProgress(0)
    progress.saw_page(1, 5, 0)
    assert progress.next_page(1, 0, 0) == 1


def test_issues_that_are_no_hits_are_listed_all_the_same() -> None:
    progress = SearchProgress(3)
    progress.saw_page(1, 20, 10)
    assert progress.next_page(1, 2, 10) == 2
    assert progress.next_page(1, 3, 10) is None
    assert progress.gap(3, 10) is None
    progress.saw_page(2, 20, 10)
    assert progress.next_page(2, 2, 20) is None
    assert progress.gap(2, 20) is None
    assert progress.complete(20)
    gap = progress.gap(2, 19)
    assert gap is not None
    assert "19 could be listed" in str(gap)


@given(st.integers(0, 40), st.integers(0, 40), st.randoms())
def test_the_walk_always_ends(shown: int, declared: int, rng: random.Random) -> None:
    progress = SearchProgress(0)
    found = 0
    page: int | None = 1
    for _ in range(400):
        assert page is not None
        rows = rng.randrange(shown + 1)
        progress.saw_page(page, declared, rows)
        page = progress.next_page(page, found, found)
        if page is None:
            break
    assert page is None


@pytest.mark.parametrize(("total", "passes"), [(0, 1), (None, MAX_PASSES)])
def test_only_a_total_of_nothing_says_that_nothing_was_found(total: int | None, passes: int) -> None:
    progress = SearchProgress(0)
    page: int | None = 1
    requests = 0
    while page is not None:
        requests += 1
        progress.saw_page(page, total, 0)
        page = progress.next_page(page, 0, 0)
    assert requests == passes
    assert (progress.gap(0, 0) is None) == (total == 0)


def test_behind_a_first_page_that_could_not_be_had_there_is_a_second_one() -> None:
    progress = SearchProgress(0)
    progress.lost_page(1)
    assert progress.next_page(1, 0, 0) == 2
    progress.lost_page(2)
    assert progress.next_page(2, 0, 0) is None
    assert progress.gap(0, 0) is None, "each lost page was reported"


def test_the_second_page_leads_back_to_a_first_one_that_could_not_be_had() -> None:
    progress = SearchProgress(0)
    progress.lost_page(1)
    progress.saw_page(2, 13, 3)
    assert progress.next_page(2, 3, 3) == 3
    progress.saw_page(3, 13, 0)
    assert progress.next_page(3, 3, 3) == 1


@given(st.integers(11, 60), st.integers(1, 9), st.integers(2, 3))
def test_rows_that_vanish_hide_no_others(count: int, gone: int, at: int) -> None:
    """Those that are gone were listed, too: as many issues as the total says are no proof that all were seen."""
    ids = [str(number) for number in range(count)]
    progress = SearchProgress(0)
    found: list[str] = []
    page: int | None = 1
    requests = 0
    while page is not None:
        requests += 1
        there = ids[gone:] if requests >= at else ids
        rows = in_pages(there).get(page, [])
        found.extend(row for row in rows if row not in found)
        progress.saw_page(page, len(there), len(rows))
        page = progress.next_page(page, len(found), len(found))
    assert set(ids[gone:]) <= set(found)
    assert progress.complete(len(found))
    assert progress.gap(len(found), len(found)) is None


def test_a_list_that_grows_shorter_all_the_time_is_reported() -> None:
    progress = SearchProgress(0)
    page: int | None = 1
    total, listed = 40, 0
    while page is not None:
        rows = min(10, max(0, total - 10 * (page - 1)))
        listed = min(listed + rows, 40)
        progress.saw_page(page, total, rows)
        page = progress.next_page(page, listed, listed)
        total -= 1
    assert not progress.complete(listed)
    assert "grew shorter" in str(progress.gap(listed, listed))
