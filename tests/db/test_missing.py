"""missing_since: when the tracker first said, after the last sighting, that it has an issue no more; in any order."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.load import load
from ims_spiders.db.projection import Projection
from tests.db.factory import at, changed, error, folder, issue, session, session_uuid
from tests.db.inspect_rows import dump, rows, value


def missed(minutes: float, issue_id: str = "100", exception: str = "IssueNotAvailable") -> dict[str, Any]:
    """The entry of errors.jsonl that says that the tracker did not have the issue then."""
    entry = error(f"there is no issue {issue_id}", error_type="crawl_error", occurred_at=at(minutes).isoformat())
    entry["error_detail"] = {"issue_id": issue_id, "exception": exception}
    return entry


def see(projection: Projection, number: int, minutes: float) -> None:
    projection.write_session(session(number, number * 10))
    projection.write_issues(session_uuid(number), [changed(issue(100), minutes, number)])


def miss(projection: Projection, number: int, *minutes: float, **details: str) -> None:
    projection.write_session(session(number, number * 10))
    projection.write_errors(session_uuid(number), [missed(moment, **details) for moment in minutes])


def since(engine: Engine) -> datetime | None:
    found: datetime | None = value(engine, "SELECT missing_since FROM ims.issues WHERE issue_id = '100'")
    return found


def test_it_is_marked_when_it_was_missed_and_not_removed(engine: Engine, projection: Projection) -> None:
    see(projection, 1, 11)
    assert since(engine) is None
    before = rows(engine, "SELECT to_jsonb(i) - 'missing_since' FROM ims.issues i")
    miss(projection, 2, 22)
    assert since(engine) == at(22)
    assert rows(engine, "SELECT to_jsonb(i) - 'missing_since' FROM ims.issues i") == before
    assert value(engine, "SELECT count(*) FROM ims.issue_comments") == 2


def test_a_later_sighting_takes_the_mark_away_and_an_earlier_one_does_not(
    engine: Engine, projection: Projection
) -> None:
    see(projection, 1, 11)
    miss(projection, 3, 32)
    see(projection, 2, 21)
    assert since(engine) == at(32)
    see(projection, 4, 41)
    assert since(engine) is None


def test_the_first_miss_after_the_last_sighting_counts(engine: Engine, projection: Projection) -> None:
    see(projection, 1, 11)
    miss(projection, 4, 44, 45)
    miss(projection, 2, 22)
    assert since(engine) == at(22)
    see(projection, 3, 33)
    assert since(engine) == at(44)


def test_what_was_missed_at_the_moment_of_its_sighting_is_there(engine: Engine, projection: Projection) -> None:
    see(projection, 1, 11)
    miss(projection, 2, 11, 10)
    assert since(engine) is None


def test_an_issue_that_was_never_seen_is_no_row(engine: Engine, projection: Projection) -> None:
    miss(projection, 1, 11)
    assert value(engine, "SELECT count(*) FROM ims.issues") == 0
    see(projection, 2, 5)
    assert since(engine) == at(11)


@pytest.mark.parametrize("exception", ["IssueNotVisible", "PageError", "TimeoutError"])
def test_errors_of_other_kinds_do_not_mark(engine: Engine, projection: Projection, exception: str) -> None:
    see(projection, 1, 11)
    miss(projection, 2, 22, exception=exception)
    miss(projection, 3, 33, issue_id="101")
    assert since(engine) is None


def test_the_mark_stays_when_the_session_that_set_it_is_deleted(engine: Engine, projection: Projection) -> None:
    see(projection, 1, 11)
    miss(projection, 2, 22)
    miss(projection, 3, 33)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM ims.crawl_sessions WHERE session_uuid = :uuid"), {"uuid": session_uuid(2)})
    assert since(engine) == at(22)
    miss(projection, 4, 44)
    assert since(engine) == at(22)
    see(projection, 5, 55)
    assert since(engine) is None


def archive(data_dir: Path) -> list[str]:
    """Four sessions: seen, missed twice, seen again, missed by the last; another issue is missed for good."""
    first = [issue(number, minutes=1) for number in (100, 101, 102)]
    folder(data_dir, session(1, 0), first).append_error(missed(2, "999"))
    second = folder(data_dir, session(2, 10), [changed(first[2], 12, 2)])
    for entry in (missed(11), missed(12), missed(13, "101"), missed(14, exception="PageError")):
        second.append_error(entry)
    folder(data_dir, session(3, 20), [changed(first[0], 21, 3, status="Closed")]).append_error(missed(22, "101"))
    folder(data_dir, session(4, 30), [changed(first[2], 31, 4)]).append_error(missed(32))
    return [session_uuid(number) for number in (1, 2, 3, 4)]


def all_but_users(engine: Engine) -> dict[str, list[str]]:
    """Every row; a user is known since the session that was loaded first."""
    found = dump(engine)
    del found["users"]
    return found


@pytest.mark.long
def test_sessions_may_be_loaded_in_any_order(engine: Engine, tmp_path: Path) -> None:
    uuids = archive(tmp_path)
    load(engine, tmp_path)
    expected = all_but_users(engine)
    marks = rows(engine, "SELECT issue_id, missing_since FROM ims.issues ORDER BY 1")
    assert marks == [("100", at(32)), ("101", at(13)), ("102", None)]
    load(engine, tmp_path)
    assert all_but_users(engine) == expected
    for order in itertools.permutations(uuids):
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE ims.issues, ims.crawl_sessions, ims.users CASCADE"))
        for uuid in order:
            load(engine, tmp_path, [uuid])
        assert all_but_users(engine) == expected, order


def test_a_load_gives_what_the_crawl_wrote(engine: Engine, projection: Projection, tmp_path: Path) -> None:
    """Each session as it went: begun, what it saw and missed in the order of time, and its end."""
    first = [issue(number, minutes=number - 99) for number in (100, 101, 102)]
    plan: list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
        (session(1, 0), first, []),
        (session(2, 10), [changed(first[2], 12, 2, status="Closed")], [missed(11), missed(13, "101")]),
        (session(3, 20), [changed(first[0], 21, 3)], [missed(22, "101")]),
    ]
    for content, documents, errors in plan:
        where = folder(tmp_path, content, documents)
        for entry in errors:
            where.append_error(entry)
        projection.write_session(content | {"status": "running", "completed_at": None})
        projection.write_errors(content["session_uuid"], errors)
        projection.write_issues(content["session_uuid"], documents)
        projection.write_session(where)
    written = dump(engine)
    assert rows(engine, "SELECT issue_id, missing_since FROM ims.issues ORDER BY 1") == [
        ("100", None), ("101", at(13)), ("102", None),
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE ims.issues, ims.crawl_sessions, ims.users CASCADE"))
    load(engine, tmp_path)
    assert dump(engine) == written
