"""What becomes of a run when the database goes while it lasts, and what cannot be run at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, text

from ims_spiders.daemon.schedule_process import Ended, checked
from ims_spiders.daemon.schedule_runs import Outcome, Runs
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.schedules import add_schedule, list_schedules
from ims_spiders.db.schedules_due import Taken
from ims_spiders.exceptions import ConfigurationError
from tests.crawl.crawling import database_url
from tests.faults.wire import Wire


@dataclass
class Runner:
    """Runs nothing, and notes what was to be run."""

    meanwhile: Callable[[], None] = lambda: None
    stopped: bool = False
    ran: list[str] = field(default_factory=list)

    def busy(self, taken: Taken) -> bool:
        return taken.name == "busy"

    def run(self, taken: Taken) -> Ended:
        self.ran.append(taken.name)
        self.meanwhile()
        return Ended(0, "completed", "a-job")


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Wire]:
    with engine.connect() as connection:
        port = connection.scalar(text("SELECT inet_server_port()"))
    made = Wire(port)
    yield made
    made.close()


def due(engine: Engine, *names: str) -> None:
    for name in names:
        add_schedule(engine, "kim", name, "@daily", "UTC", {})
    with engine.begin() as connection:
        connection.execute(text("UPDATE ims.schedules SET next_run_at = now() - interval '1 hour'"))


def test_a_database_that_goes_meanwhile_does_not_lose_the_outcome(engine: Engine, proxy: Wire) -> None:
    due(engine, "nightly")
    url = parse_url(database_url(engine)).set(host="127.0.0.1", port=proxy.port)
    through = open_engine(url)
    said: list[str] = []
    runs = Runs(through, "ims", Runner(proxy.close), said.append, said.append)
    assert next(runs.due()) == Outcome("nightly", "kim", "a-job", 0, "completed")
    through.dispose()
    assert any("nightly of kim has ended, the database does not know: " in message for message in said)
    deadline = time.monotonic() + 30
    # The server notices by itself that the one who held the lock is gone.
    while (row := list_schedules(engine)[0])["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert row["last_result"] is None
    due(engine)
    assert [outcome.result for outcome in Runs(engine, "ims", Runner(), said.append, said.append).due()] == [
        "completed"
    ]
    assert list_schedules(engine)[0]["last_job"] == "a-job"


def test_the_last_one_that_goes_on_is_left_out_and_the_next_one_runs(engine: Engine) -> None:
    due(engine, "busy", "whole")
    warned: list[str] = []
    runner = Runner()
    outcomes = list(Runs(engine, "ims", runner, lambda _: None, warned.append).due())
    assert [(outcome.name, outcome.result, outcome.exit_code) for outcome in outcomes] == [
        ("busy", "left out", 0), ("whole", "completed", 0),
    ]  # fmt: skip
    assert runner.ran == ["whole"]
    assert warned == ["busy of kim is left out: its run before this one goes on"]
    assert list(Runs(engine, "ims", runner, lambda _: None, warned.append).due()) == [], "until its next time"


@pytest.mark.parametrize("arguments", [{"user": "lee"}, {"resume": "last"}, {"database": False}, {"colour": "red"}])
def test_a_schedule_says_only_what_a_crawl_may_be_asked_for(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        checked(arguments)
