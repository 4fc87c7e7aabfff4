"""Schedules in the database: kept, listed, paused, and each run taken once, by whoever may see it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schedules import (
    add_schedule,
    list_schedules,
    pause_schedule,
    remove_schedule,
    resume_schedule,
)
from ims_spiders.db.schedules_due import Taken, running, take_due, take_named, write_down
from ims_spiders.exceptions import ConfigurationError
from tests.db.rights import Archive, archive_of_people

QUERY = {"product": "OpenFrame", "query": "+TPETIME"}


def now() -> datetime:
    return datetime.now(UTC)


def make_due(engine: Engine, hours: float = 1, name: str | None = None) -> None:
    """As if the time had passed."""
    change = text("UPDATE ims.schedules SET next_run_at = :moment WHERE is_active AND (:name IS NULL OR name = :name)")
    with engine.begin() as connection:
        connection.execute(change, {"moment": now() - timedelta(hours=hours), "name": name})


def one(engine: Engine, **wanted: Any) -> dict[str, Any]:
    (found,) = [row for row in list_schedules(engine) if wanted.items() <= row.items()]
    return found


def add(engine: Engine, name: str = "nightly", user: str = "kim", cron: str = "0 3 * * *") -> None:
    add_schedule(engine, user, name, cron, "Asia/Seoul", QUERY)


def test_it_is_kept_with_its_next_run(engine: Engine) -> None:
    owner, following = add_schedule(engine, "kim", " nightly ", " 0 3 * * * ", "Asia/Seoul", QUERY)
    (row,) = list_schedules(engine)
    assert (owner, row["name"], row["username"], row["cron"]) == ("kim", "nightly", "kim", "0 3 * * *")
    assert row["arguments"] == QUERY
    assert row["next_run_at"] == following
    assert (following.astimezone(UTC).hour, following > now()) == (18, True)
    assert (row["last_run_at"], row["last_result"], row["running"]) == (None, None, False)


def test_a_name_is_one_users_own_and_taken_once(engine: Engine) -> None:
    add(engine)
    add(engine, user="lee")
    with pytest.raises(ConfigurationError, match="kim has a schedule 'nightly' already"):
        add(engine)
    with pytest.raises(ConfigurationError, match="needs a name"):
        add(engine, name="  ")
    remove_schedule(engine, "kim", "nightly")
    assert [row["username"] for row in list_schedules(engine)] == ["lee"]
    assert list_schedules(engine, "kim") == []
    with pytest.raises(ConfigurationError, match="kim has no schedule 'nightly'"):
        remove_schedule(engine, "kim", "nightly")


def test_a_due_run_is_taken_once_and_what_was_missed_is_made_up_for_once(engine: Engine) -> None:
    add(engine, cron="*/5 * * * *")
    assert take_due(engine, now()) is None
    make_due(engine, hours=50)
    taken = take_due(engine, now())
    assert taken is not None
    assert (taken.name, taken.username, taken.arguments) == ("nightly", "kim", QUERY)
    assert taken.planned_at is not None
    assert take_due(engine, now()) is None
    assert one(engine)["next_run_at"] > now()


def test_of_many_who_ask_at_once_one_has_each_run(engine: Engine) -> None:
    names = [f"schedule {number}" for number in range(12)]
    for name in names:
        add(engine, name)
    make_due(engine)
    until = now()

    def take_all(_: int) -> list[str]:
        found = []
        while (taken := take_due(engine, until)) is not None:
            found.append(taken.name)
        return found

    with ThreadPoolExecutor(6) as pool:
        taken = [name for found in pool.map(take_all, range(6)) for name in found]
    assert sorted(taken) == sorted(names)


def test_the_longest_due_comes_first(engine: Engine) -> None:
    for name, hours in (("a", 1), ("b", 3), ("c", 2)):
        add(engine, name)
        make_due(engine, hours, name)
    order = [taken.name for taken in iter(lambda: take_due(engine, now()), None)]
    assert order == ["b", "c", "a"]


def test_a_paused_one_is_not_due_and_missed_runs_are_not_made_up_for(engine: Engine) -> None:
    add(engine)
    make_due(engine)
    pause_schedule(engine, "kim", "nightly")
    assert take_due(engine, now()) is None
    assert one(engine, is_active=False)["next_run_at"] is None
    following = resume_schedule(engine, "kim", "nightly")
    assert one(engine, is_active=True)["next_run_at"] == following > now()
    # One that runs already keeps what is due.
    make_due(engine)
    assert resume_schedule(engine, "kim", "nightly") < now()
    for change in (pause_schedule, resume_schedule):
        with pytest.raises(ConfigurationError, match="has no schedule 'other'"):
            change(engine, "kim", "other")


def test_one_asked_for_by_name_runs_at_once_and_stays_as_it_is(engine: Engine) -> None:
    add(engine)
    before = one(engine)["next_run_at"]
    assert take_named(engine, "kim", "nightly").planned_at is None
    assert one(engine)["next_run_at"] == before
    make_due(engine)
    assert take_named(engine, "kim", "nightly").planned_at is not None
    assert take_due(engine, now()) is None, "that was its due run"
    pause_schedule(engine, "kim", "nightly")
    assert take_named(engine, "kim", "nightly").planned_at is None
    assert one(engine)["next_run_at"] is None
    with pytest.raises(ConfigurationError, match="kim has no schedule 'other'"):
        take_named(engine, "kim", "other")


def test_while_it_runs_no_other_run_begins(engine: Engine) -> None:
    add(engine)
    taken = take_named(engine, "kim", "nightly")
    with running(engine, taken) as first:
        assert first
        row = one(engine)
        assert (row["running"], row["last_result"]) == (True, None)
        assert now() - row["last_run_at"] < timedelta(minutes=1)
        with running(engine, taken) as second:
            assert not second
        assert one(engine)["running"], "the second one's end is not the first one's"
        write_down(engine, taken, "a-job", "completed")
    row = one(engine)
    assert (row["running"], row["last_job"], row["last_result"]) == (False, "a-job", "completed")
    with running(engine, taken) as again:
        assert again
    row = one(engine)
    assert (row["running"], row["last_result"]) == (False, None), "one that nobody ended"


def test_a_line_that_is_none_stops_no_other_schedule(engine: Engine) -> None:
    add(engine, "broken")
    add(engine, "whole")
    make_due(engine, 2, "broken")
    make_due(engine, 1, "whole")
    with engine.begin() as connection:
        connection.execute(text("UPDATE ims.schedules SET cron = 'at noon' WHERE name = 'broken'"))
    broken, whole, nothing = (take_due(engine, now()) for _ in range(3))
    assert isinstance(broken, Taken)
    assert isinstance(whole, Taken)
    assert (broken.name, broken.problem is None, whole.name, nothing) == ("broken", False, "whole", None)
    row = one(engine, name="broken")
    assert row["next_run_at"] is None
    assert row["last_result"].startswith("refused: cron 'at noon': has 2 fields")


@pytest.fixture(scope="module")
def people(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder: Path = tmp_path_factory.mktemp("passwords")
    with archive_of_people(server, "schedules", folder, content=False) as archive:
        yield archive


def test_users_have_schedules_of_their_own(people: Archive) -> None:
    kim, lee = people.engine("kim"), people.engine("lee")
    # Without a name it is the login's own user.
    assert add_schedule(kim, None, "mine", "@daily", "UTC", QUERY)[0] == "kim"
    add_schedule(lee, None, "mine", "@daily", "UTC", QUERY)
    assert [row["username"] for row in list_schedules(kim)] == ["kim"]
    assert [row["username"] for row in list_schedules(people.owner)] == ["kim", "lee"]
    make_due(people.owner)
    taken = take_due(kim, now())
    assert taken is not None
    assert (taken.username, take_due(kim, now())) == ("kim", None)
    with running(kim, taken) as free:
        assert free
        write_down(kim, taken, None, "completed")
    assert one(people.owner, username="kim")["last_result"] == "completed"
    with pytest.raises(ConfigurationError, match="there is no user 'lee' to be seen"):
        add_schedule(kim, "lee", "theirs", "@daily", "UTC", QUERY)
    for engine in (kim, lee):
        engine.dispose()


def test_who_may_only_read_is_told_so(people: Archive) -> None:
    ann = people.engine("ann")
    with pytest.raises(ConfigurationError, match="this login of the database may not do that"):
        add_schedule(ann, None, "mine", "@daily", "UTC", QUERY)
    ann.dispose()


def test_the_schedules_of_somebody_who_is_disabled_rest(people: Archive) -> None:
    add_schedule(people.owner, "gone", "left", "@daily", "UTC", QUERY)
    with people.owner.begin() as connection:
        connection.execute(text("UPDATE ims.users SET is_active = false WHERE username = 'gone'"))
    make_due(people.owner, 10, "left")
    taken = take_due(people.owner, now())
    assert taken is None or taken.name != "left"
