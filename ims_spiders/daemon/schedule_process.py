"""A scheduled crawl as a process of its own: `ims crawl` with the schedule's arguments, under its user's name."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ims_spiders.config import load_tracker_config
from ims_spiders.db.durable import refused_by_disk
from ims_spiders.db.schedules_due import Taken
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.spiders.arguments import SpiderArguments, parse_arguments

NOT_KEPT = frozenset({"user", "resume", "database"})
"""Arguments that a schedule does not have: whose it is says the row, and each run is a session of its own."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 7


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code as `ims crawl` has it, the same in words, and the session or Scrapyd's job."""

    exit_code: int
    result: str
    job: str | None = None


def checked(arguments: dict[str, Any]) -> SpiderArguments:
    """What a schedule may ask the spider for. Raises ConfigurationError for what cannot be, whoever wrote it there."""
    foreign = sorted(NOT_KEPT & set(arguments))
    if foreign:
        raise ConfigurationError(f"a schedule cannot say {', '.join(foreign)}; make it anew with `ims schedule add`")
    return parse_arguments(arguments)


def options(arguments: SpiderArguments) -> list[str]:
    """The options of `ims crawl` that say the same; each is one word, so that no value is taken for an option."""
    return [
        f"--product={arguments.product}",
        f"--query={arguments.query}",
        f"--max-results={arguments.max_results}",
        "--related" if arguments.related else "--no-related",
        f"--max-depth={arguments.max_depth}",
        f"--refresh={arguments.refresh}",
    ]


@dataclass
class Processes:
    """Runs one crawl after the other. A signal ends the one that runs in order, and no other one begins."""

    before: Sequence[str] = ()
    """Options of `ims` itself."""
    stopped: bool = False
    _child: subprocess.Popen[str] | None = field(default=None, init=False)

    def busy(self, taken: Taken) -> bool:
        """Whether a crawl of an earlier run is left on this machine: its starter was killed, or lost the database."""
        lock = _take_lock(taken)
        if lock is None:
            return True
        os.close(lock)
        return False

    def run(self, taken: Taken) -> Ended:
        """Crawl to the end; messages and progress go to stderr. Raises ConfigurationError for wrong arguments."""
        given = [*self.before, "crawl", "--yes", "--json", f"--user={taken.username}"]
        command = [sys.executable, "-m", "ims_spiders.cli", *given, *options(checked(taken.arguments))]
        with _locked(taken) as lock, self._signals_handed_on():
            # A group of its own: the terminal's Ctrl-C reaches it once, through here. The lock is its as well.
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True,
                pass_fds=lock,
            )  # fmt: skip
            if self.stopped:
                self._child.send_signal(signal.SIGTERM)
            printed, _ = self._child.communicate()
        if self.stopped and self._child.returncode == -signal.SIGTERM:
            return Ended(INTERRUPTED, "stopped before it began")
        return _ended(self._child.returncode, printed)

    @contextmanager
    def _signals_handed_on(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._stop) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: object) -> None:
        del number, frame
        self.stopped = True
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)


@contextmanager
def _locked(taken: Taken) -> Iterator[tuple[int, ...]]:
    """The lock of this schedule's crawls on this machine, for a process to inherit: it holds until that ends, too."""
    lock = _take_lock(taken)
    try:
        yield () if lock is None else (lock,)
    finally:
        if lock is not None:
            os.close(lock)


def _take_lock(taken: Taken) -> int | None:
    """A file that is locked as long as anybody has it open, or None while others do."""
    folder = load_tracker_config().data_dir / "state"
    with refused_by_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / f"schedule-{taken.schedule_id}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _ended(code: int, printed: str) -> Ended:
    if code < 0:
        return Ended(1, f"killed by signal {-code}")
    try:
        record: dict[str, Any] = json.loads(printed)
    except ValueError:
        return Ended(code, f"did not begin, exit code {code}" if code else "unknown")
    result = str(record.get("status"))
    return Ended(code, f"{result}, exit code {code}" if code else result, record.get("session_uuid"))
