"""What searches listed is carried on: nothing is asked for that need not be, and nothing is forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.db.files import SessionFolder
from ims_spiders.extensions.listing import NAME, Listing, Question, Sighting, missed_issues, newest_listing
from ims_spiders.items import utc_milliseconds

QUESTION = Question("https://ims.example.com", "hong", "OpenFrame", "TPETIME 오류")
START = datetime(2026, 3, 1, tzinfo=UTC)


def moment(minutes: int) -> str:
    return utc_milliseconds(START + timedelta(minutes=minutes))


def session(data_dir: Path, number: int, *missed: tuple[str, str]) -> SessionFolder:
    folder = SessionFolder.create(data_dir, f"{number:08d}", "", START + timedelta(days=number))
    for issue_id, occurred_at in missed:
        detail = {"issue_id": issue_id, "exception": "IssueNotAvailable"}
        folder.append_error({"occurred_at": occurred_at, "error_detail": detail})
    return folder


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    listed = {"7": moment(1), "348115": moment(2), "9": moment(1)}
    unchecked = {"8": Sighting(moment(0), moment(1)), "6": Sighting(moment(0), moment(1))}
    listing = Listing(QUESTION, moment(2), listed, unchecked)
    folder = session(tmp_path, 1)
    listing.write(folder)
    found = newest_listing(tmp_path, QUESTION)
    assert found is not None
    assert (found[0], found[1].path) == (listing, folder.path)
    assert len((folder.path / NAME).read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize(
    "other",
    [
        Question("https://ims.example.org", "hong", "OpenFrame", "TPETIME 오류"),
        Question("https://ims.example.com", "kim", "OpenFrame", "TPETIME 오류"),
        Question("https://ims.example.com", None, "OpenFrame", "TPETIME 오류"),
        Question("https://ims.example.com", "hong", "", "TPETIME 오류"),
        Question("https://ims.example.com", "hong", "OpenFrame", ""),
        replace(QUESTION, statuses=("Closed",)),
        replace(QUESTION, since="2026-02-01"),
        replace(QUESTION, until="2026-02-01"),
    ],
)
def test_another_question_is_nothing_to_compare_with(tmp_path: Path, other: Question) -> None:
    Listing(other, moment(9), {"1": moment(1)}).write(session(tmp_path, 1))
    assert newest_listing(tmp_path, QUESTION) is None
    Listing(QUESTION, moment(2), {"2": moment(1)}).write(session(tmp_path, 0))
    found = newest_listing(tmp_path, QUESTION)
    assert found is not None
    assert set(found[0].listed) == {"2"}


def test_statuses_and_days_are_a_part_of_the_question(tmp_path: Path) -> None:
    question = replace(QUESTION, statuses=("Closed", "Closed_P"), since="2026-02-01", until="2026-03-01")
    Listing(question, moment(1), {"1": moment(1)}).write(session(tmp_path, 1))
    Listing(replace(question, since="2026-01-01"), moment(2), {"2": moment(1)}).write(session(tmp_path, 2))
    found = newest_listing(tmp_path, question)
    assert found is not None
    assert (found[0].question, set(found[0].listed)) == (question, {"1"})


def test_a_listing_from_before_there_were_statuses_and_days_counts(tmp_path: Path) -> None:
    head = {"base_url": "https://ims.example.com", "account": "hong", "product": "OpenFrame", "query": "TPETIME 오류"}
    lines = [{"schema": 1, **head, "searched_at": moment(1)}, {"since": moment(1), "listed": ["1"]}]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    (session(tmp_path, 1).path / NAME).write_text(content, "utf-8")
    found = newest_listing(tmp_path, QUESTION)
    assert found is not None
    assert found[0].listed == {"1": moment(1)}


def test_the_newest_search_counts_not_the_newest_session(tmp_path: Path) -> None:
    Listing(QUESTION, moment(9), {"1": moment(1)}).write(session(tmp_path, 1))
    Listing(QUESTION, moment(5), {"2": moment(1)}).write(session(tmp_path, 2))
    found = newest_listing(tmp_path, QUESTION)
    assert found is not None
    assert found[0].searched_at == moment(9)


@pytest.mark.parametrize("broken", ["", "{", '{"schema": 1}', "[]", '{"schema": 9, "base_url": "x"}'])
def test_a_listing_that_cannot_be_read_is_left_out(tmp_path: Path, broken: str) -> None:
    Listing(QUESTION, moment(1), {"1": moment(1)}).write(session(tmp_path, 1))
    (session(tmp_path, 2).path / NAME).write_text(broken)
    torn = session(tmp_path, 3)
    Listing(QUESTION, moment(5), {"2": moment(1)}).write(torn)
    content = (torn.path / NAME).read_text()
    (torn.path / NAME).write_text(content[:-4])
    found = newest_listing(tmp_path, QUESTION)
    assert found is not None
    assert set(found[0].listed) == {"1"}


def test_only_what_the_tracker_said_of_issues_counts_as_missed(tmp_path: Path) -> None:
    folder = session(tmp_path, 1, ("1", moment(3)), ("1", moment(2)), ("2", moment(1)))
    folder.append_error({"occurred_at": moment(4), "error_detail": {"issue_id": "3", "exception": "MissingField"}})
    folder.append_error({"occurred_at": moment(4), "error_detail": None})
    other = session(tmp_path, 2, ("2", moment(5)))
    assert missed_issues(folder, other) == {"1": moment(3), "2": moment(5)}
    assert missed_issues(session(tmp_path, 3)) == {}


def test_an_issue_that_came_back_after_it_was_missed_is_asked_for_when_it_vanishes_again() -> None:
    listing = Listing(QUESTION, moment(5), {"1": moment(0), "2": moment(0), "3": moment(0)})
    following = listing.followed_by([], moment(9), {"1": moment(4), "2": moment(5)})
    assert set(following.unchecked) == {"1", "3"}


numbers = st.integers(1, 15).map(str)


@given(st.lists(st.tuples(st.sets(numbers), st.sets(numbers)), min_size=1, max_size=8))
def test_each_vanishing_is_asked_for_until_it_was_answered_and_never_after(
    searches: list[tuple[set[str], set[str]]],
) -> None:
    """Each search lists some; of those that it does not, `answered` are told to be gone."""
    listing = Listing(QUESTION, moment(0))
    known_since: dict[str, str] = {}
    last_listed: dict[str, str] = {}
    missed: dict[str, str] = {}
    for number, (listed, answered) in enumerate(searches, start=1):
        now = moment(number)
        listing = listing.followed_by(sorted(listed), now, missed)
        known_since |= dict.fromkeys(listed - known_since.keys(), now)
        last_listed |= dict.fromkeys(listed, now)
        owed = {one for one, when in last_listed.items() if one not in listed and missed.get(one, "") < when}
        assert listing.listed == {one: known_since[one] for one in listed}
        assert listing.unchecked == {one: Sighting(known_since[one], last_listed[one]) for one in owed}
        for dropped in known_since.keys() - listed - owed:
            del known_since[dropped]
        missed |= dict.fromkeys(owed & answered, now)


def test_a_hundred_thousand_issues_are_one_line(tmp_path: Path) -> None:
    folder = session(tmp_path, 1)
    before = Listing(QUESTION, moment(0)).followed_by(map(str, range(1, 100_001)), moment(1), {})
    before.write(folder)
    lines = (folder.path / NAME).read_bytes().splitlines()
    assert len(lines) == 2
    assert len(json.loads(lines[1])["listed"]) == 100_000
    assert len(lines[1]) < 1_000_000
