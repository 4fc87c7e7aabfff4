"""A query that names days: the hits are those of the list that were registered then, however that becomes known."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.exceptions import UnexpectedPage
from ims_spiders.pages.issue import IssuePage
from ims_spiders.query import Reading
from ims_spiders.spiders.hits import Days
from tests.spiders.simulated import Crawl, SimulatedTracker, prepare, run

SEOUL = ZoneInfo("Asia/Seoul")
IN, OUT = "2025/10/17", "2025/09/30"


def asked(**arguments: object) -> Crawl:
    """A crawl for what was registered in October."""
    crawl = prepare(query="october", **arguments)
    days = (date(2025, 10, 1), date(2025, 11, 1))
    crawl.spider.reading = Reading("october", "", "en", "rules", 0.95, None, (), *days)
    return crawl


def numbered(days: str) -> dict[str, str | None]:
    """Issues in the order of the list: i is of October, o is not, and of ? nobody knows."""
    return {str(1000 + place): {"i": IN, "o": OUT, "?": None}[day] for place, day in enumerate(days)}


def of_october(tracker: SimulatedTracker) -> list[str]:
    return [number for number, day in tracker.issues.items() if day != OUT]


def test_days_begin_and_end_where_the_tracker_is() -> None:
    days = Days(SEOUL, date(2025, 10, 1), date(2025, 11, 1))
    first = datetime(2025, 10, 1, tzinfo=SEOUL)
    assert days.hold(first)
    assert days.hold(first.astimezone(ZoneInfo("UTC")))
    assert not days.hold(first - timedelta(seconds=1))
    assert days.hold(datetime(2025, 10, 31, 23, 59, 59, tzinfo=SEOUL))
    assert not days.hold(datetime(2025, 11, 1, tzinfo=SEOUL))
    assert Days(SEOUL).all
    assert Days(SEOUL, None, date(2025, 11, 1)).hold(datetime(1999, 1, 1, tzinfo=SEOUL))


def test_hits_of_other_days_are_not_fetched_when_the_list_says_so(caplog: pytest.LogCaptureFixture) -> None:
    tracker = SimulatedTracker(numbered("iooooooooo" + "oooooooooi" + "ooo"))
    crawl = run(asked(), tracker)
    assert list(crawl.issues) == ["1000", "1019"]
    assert len(crawl.pages_of("issueView")) == 2
    assert len(crawl.pages_of("pageIndex=")) == 3
    assert crawl.ended == [{"total": 2, "found": 2, "complete": True}]
    assert crawl.problems == []
    assert "Issued Date" not in caplog.text


def test_without_the_column_the_pages_say_it_and_only_whole_hits_are_completed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = SimulatedTracker(numbered("ioi?"), dated_list=False)
    crawl = run(asked(), tracker)
    assert set(crawl.issues) == {"1000", "1002", "1003"}
    assert len(crawl.pages_of("issueView")) == 4
    assert len(crawl.pages_of("findRelationIssues")) == 3
    assert crawl.ended == [{"total": 3, "found": 3, "complete": True}]
    assert caplog.text.count("Issued Date") == 1


def test_a_row_without_a_date_is_decided_by_its_page() -> None:
    tracker = SimulatedTracker({"1000": IN, "1001": None, "1002": OUT})
    crawl = run(asked(), tracker)
    assert set(crawl.issues) == {"1000", "1001"}
    assert len(crawl.pages_of("issueView")) == 2


@pytest.mark.parametrize("dated_list", [True, False])
def test_hits_of_other_days_do_not_count_towards_max_results(dated_list: bool) -> None:
    tracker = SimulatedTracker(numbered("o" * 15 + "ioioi" + "i" * 20), dated_list=dated_list)
    crawl = run(asked(max_results=2), tracker)
    assert set(crawl.issues) == {"1015", "1017"}
    assert len(crawl.pages_of("pageIndex=")) == 2
    assert crawl.problems == []
    (ended,) = crawl.ended
    assert (ended["found"], ended["complete"]) == (2, False)


@pytest.mark.parametrize("dated_list", [True, False])
def test_related_issues_are_followed_from_hits_only_and_may_be_of_any_day(dated_list: bool) -> None:
    related = {"1000": ["1001", "5000"], "1001": ["5001"], "1002": ["5002"]}
    tracker = SimulatedTracker(numbered("ioo"), related, dated_list)
    crawl = run(asked(), tracker)
    assert set(crawl.issues) == {"1000", "1001", "5000"}
    info = crawl.issues["1001"].crawl
    assert info is not None
    assert (info.found_by, info.found_from, info.depth) == ("relation", "1000", 1)
    orders = [issue.crawl.crawl_order for issue in crawl.issues.values() if issue.crawl]
    assert len(set(orders)) == 3


def test_a_gap_is_still_a_gap() -> None:
    tracker = SimulatedTracker(numbered("oi"))
    found = dict(tracker.issues)

    class Torn(SimulatedTracker):
        def _results(self, page: int) -> str:
            return super()._results(page).replace("Total 2", "Total 3")

    crawl = run(asked(), Torn(found))
    (problem,) = crawl.problems
    assert "declares 3 results, 2 could be listed" in str(problem)
    assert crawl.ended == [{"total": 2, "found": 1, "complete": False}]


def test_a_page_that_cannot_be_read_keeps_nothing_waiting() -> None:
    tracker = SimulatedTracker(numbered("iooi"), {"1003": ["5000"]}, dated_list=False, broken={"1000"})
    crawl = run(asked(max_results=2), tracker)
    assert [type(problem) for problem in crawl.problems] == [UnexpectedPage]
    assert set(crawl.issues) == {"1003", "5000"}
    assert crawl.ended[0]["found"] == 2


def test_not_even_a_mistake_of_ours_keeps_the_search_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    right = IssuePage.to_item

    def mistaken(page: IssuePage) -> object:
        if page.issue_id == "1000":
            raise RuntimeError("a mistake")
        return right(page)

    monkeypatch.setattr(IssuePage, "to_item", mistaken)
    related = {"1001": ["5000"]}
    crawl = run(asked(max_results=2), SimulatedTracker(numbered("ioi"), related, dated_list=False))
    assert [str(problem) for problem in crawl.problems] == ["a mistake"]
    assert set(crawl.issues) == {"1002"}
    assert crawl.ended == [{"total": 2, "found": 2, "complete": True}]


def test_what_is_stored_already_says_it_too() -> None:
    tracker = SimulatedTracker(numbered("ioio"), {"1000": ["1001"]}, dated_list=False)
    first = prepare()
    run(first, tracker)
    again = asked(max_results=2)
    again.spider.stored = first.issues.get
    run(again, tracker)
    assert again.pages_of("issueView") == []
    assert again.ended == [{"total": 3, "found": 2, "complete": False}]
    assert set(again.spider.frontier.visits) == {"1000", "1002", "1001"}


@given(
    st.text("io?", max_size=35),
    st.booleans(),
    st.integers(0, 12),
    st.sets(st.integers(0, 34), max_size=5),
    st.randoms(use_true_random=False),
)
def test_whatever_answer_comes_first_the_hits_are_the_first_of_those_days(
    days: str, dated_list: bool, most: int, broken: set[int], rng: random.Random
) -> None:
    tracker = SimulatedTracker(numbered(days), dated_list=dated_list, broken={str(1000 + one) for one in broken})
    crawl = run(asked(max_results=most), tracker, rng)
    # A page that cannot be read does not say that it is of another day.
    unreadable = set() if dated_list else tracker.broken
    wanted = [number for number in tracker.issues if number in unreadable or number in of_october(tracker)]
    wanted = wanted[: most or None]
    assert crawl.spider.frontier.hit_ids() == wanted
    assert set(crawl.issues) == set(wanted) - tracker.broken
    (ended,) = crawl.ended
    assert ended["found"] == len(wanted)
    assert not [problem for problem in crawl.problems if not isinstance(problem, UnexpectedPage)]
    if not most:
        assert ended == {"total": len(wanted), "found": len(wanted), "complete": True}
