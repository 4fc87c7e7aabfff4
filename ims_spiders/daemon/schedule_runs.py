"""Starts what is due, one run after the other, and keeps how each of them ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ims_spiders.daemon.schedule_process import Ended
from ims_spiders.db.engine import safe_message
from ims_spiders.db.schedules_due import Taken, running, take_due, take_named, write_down
from ims_spiders.exceptions import ConfigurationError

WRONG = 2


class Runner(Protocol):
    """Runs crawls: as processes, or by Scrapyd."""

    @property
    def stopped(self) -> bool:
        """Whether no other run may begin."""

    def busy(self, taken: Taken) -> bool:
        """Whether the run before this one goes on."""

    def run(self, taken: Taken) -> Ended:
        """Run it, or hand it over. Raises ConfigurationError when it cannot be."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run; one that was left out because the one before goes on has no job and the exit code 0."""

    name: str
    user: str
    job: str | None
    exit_code: int
    result: str


@dataclass(frozen=True)
class Runs:
    """Takes runs from the archive's schedules and has them run.

    How it goes is given to `say`; what did not go as it should, to `warn`.
    """

    engine: Engine
    schema: str
    runner: Runner
    say: Callable[[str], None]
    warn: Callable[[str], None]

    def due(self) -> Iterator[Outcome]:
        """Everything that is due now, as far as the login may see it; what becomes due meanwhile is not."""
        until = datetime.now(UTC)
        while not self.runner.stopped:
            taken = take_due(self.engine, until, self.schema)
            if taken is None:
                return
            yield self._run(taken)

    def one(self, user: str | None, name: str) -> Outcome:
        """This schedule, due or not. Raises ConfigurationError when the user has none of this name."""
        return self._run(take_named(self.engine, user, name, self.schema))

    def _run(self, taken: Taken) -> Outcome:
        if taken.problem is not None:
            self.warn(f"{taken.name} of {taken.username} cannot be run, and rests: {taken.problem}")
            return _outcome(taken, Ended(WRONG, "refused"))
        # First asked, then locked: what is handed over to Scrapyd goes on without a lock of ours.
        if self.runner.busy(taken):
            return self._left_out(taken)
        with running(self.engine, taken, self.schema) as free:
            if not free:
                return self._left_out(taken)
            self.say(f"{taken.name} of {taken.username}: begins")
            try:
                ended = self.runner.run(taken)
            except ConfigurationError as error:
                ended = Ended(WRONG, f"refused: {error}")
            self._write_down(taken, ended)
        self.say(f"{taken.name} of {taken.username}: {ended.result}")
        return _outcome(taken, ended)

    def _left_out(self, taken: Taken) -> Outcome:
        self.warn(f"{taken.name} of {taken.username} is left out: its run before this one goes on")
        return _outcome(taken, Ended(0, "left out"))

    def _write_down(self, taken: Taken, ended: Ended) -> None:
        """The database may have gone while the crawl ran; its files say how it ended, too."""
        try:
            write_down(self.engine, taken, ended.job, ended.result, self.schema)
        except DBAPIError as error:
            self.warn(f"{taken.name} of {taken.username} has ended, the database does not know: {safe_message(error)}")


def _outcome(taken: Taken, ended: Ended) -> Outcome:
    return Outcome(taken.name, taken.username, ended.job, ended.exit_code, ended.result)
