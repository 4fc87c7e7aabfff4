"""`python -m tests.faults.shim PLAN -- …`: `ims crawl` as tests/faults/start.py runs it, with calls that fail.

PLAN is JSON. `place`, `nth` and `times` say which calls of which kinds: open, write, fsync, sync_folder, replace,
mkdir, append, flock, commit, put, with | between them; `name`: of all renames only those to that name. `do` is what
happens at them: `kill` (-9, before the call), `killed_after` (behind it), `short` (a write that takes a part), the
name of a signal or of an errno. `after` are seconds until a kill, wherever the crawl is then. `report` is a file that
tells afterwards what was seen: a JSON object with `fired`, `calls` by place, and `wrong`, the breaks of the order of
becoming durable.
Only what concerns the folder `data` counts, but for the counts of running crawls, which may be lost.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import io
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.order import Order


@dataclass(slots=True)
class Plan:
    """What is to happen, and when."""

    data: str
    place: str = ""
    nth: int = 1
    times: int = 1
    name: str | None = None
    do: str = "EIO"
    after: float | None = None
    report: str | None = None

    def strikes(self, place: str, number: int) -> bool:
        """Whether the call of that number of that kind is one of those."""
        return place in self.place.split("|") and self.nth <= number < self.nth + self.times


class Shim:
    """Stands between the product and the file calls of `os`."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.calls: Counter[str] = Counter()
        self.fired = 0
        self.order = Order(plan.data)
        self._lock = threading.Lock()

    def concerns(self, path: object) -> bool:
        """Whether a path is of the data folder, and no mere counts."""
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
        return text.startswith(self.plan.data) and not Path(text).name.startswith(".progress")

    def at(self, place: str, call: Callable[[], Any], short: Callable[[], Any] | None = None) -> Any:
        """Count the call, and let happen to it what is planned."""
        with self._lock:
            self.calls[place] += 1
            strikes = self.plan.strikes(place, self.calls[place])
            self.fired += strikes
        if not strikes:
            return call()
        if self.plan.do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.do == "killed_after":
            call()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.plan.do.startswith("SIG"):
            os.kill(os.getpid(), signal.Signals[self.plan.do])
            return call()
        if self.plan.do == "short":
            return short() if short is not None else call()
        number = getattr(errno, self.plan.do)
        raise OSError(number, os.strerror(number))

    def tell(self) -> None:
        """Write the report."""
        if self.plan.report:
            told = {"fired": self.fired, "calls": self.calls, "wrong": self.order.wrong}
            Path(self.plan.report).write_text(json.dumps(told), "utf-8")


class Written(io.FileIO):
    """A file whose writes pass the shim, as they reach the system."""

    shim: Shim
    place = "write"

    def write(self, content: Any) -> int:
        """As many bytes as were taken."""
        view = memoryview(content).cast("B")
        half = max(1, len(view) // 2)
        return int(
            self.shim.at(
                self.place, lambda: super(Written, self).write(view), lambda: super(Written, self).write(view[:half])
            )
        )


def path_of(descriptor: int) -> str:
    """Where an open file lies."""
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def install(shim: Shim) -> None:
    """Put the shim in the place of the calls that the product makes; what is built on them in C passes it as well."""
    real_open, real_fsync, real_replace, real_mkdir, real_fdopen = os.open, os.fsync, os.replace, os.mkdir, os.fdopen

    def shim_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if not shim.concerns(path) or not flags & os.O_CREAT:
            return real_open(path, flags, *rest, **named)
        return int(shim.at("open", lambda: real_open(path, flags, *rest, **named)))

    def shim_fsync(descriptor: int) -> None:
        path = path_of(descriptor)
        if not shim.concerns(path):
            real_fsync(descriptor)
            return
        shim.at("sync_folder" if Path(path).is_dir() else "fsync", lambda: real_fsync(descriptor))
        shim.order.synced(path)

    def shim_replace(source: Any, target: Any, **named: Any) -> None:
        if not shim.concerns(target):
            real_replace(source, target, **named)
            return
        shim.order.renames(str(source), str(target))
        place = "replace" if shim.plan.name in {None, Path(target).name} else "another replace"
        shim.at(place, lambda: real_replace(source, target, **named))
        shim.order.renamed(str(target))

    def shim_mkdir(path: Any, *rest: Any, **named: Any) -> None:
        if not shim.concerns(path):
            real_mkdir(path, *rest, **named)
            return
        shim.at("mkdir", lambda: real_mkdir(path, *rest, **named))
        shim.order.made(str(path))

    def shim_fdopen(descriptor: int, mode: str = "r", buffering: int = -1, **named: Any) -> Any:
        if "b" not in mode or mode == "rb" or not shim.concerns(path_of(descriptor)):
            return real_fdopen(descriptor, mode, buffering, **named)
        raw = Written(descriptor, mode.replace("b", ""))
        raw.shim, raw.place = shim, "append" if "a" in mode else "write"
        return raw if buffering == 0 else io.BufferedWriter(raw)

    os.open, os.fsync, os.replace, os.mkdir, os.fdopen = shim_open, shim_fsync, shim_replace, shim_mkdir, shim_fdopen  # type: ignore[assignment]

    real_flock = fcntl.flock

    def shim_flock(descriptor: Any, operation: int) -> None:
        if shim.concerns(path_of(descriptor)):
            shim.at("flock", lambda: real_flock(descriptor, operation))
        else:
            real_flock(descriptor, operation)

    fcntl.flock = shim_flock


def install_in_database(shim: Shim) -> None:
    """The same for commits and for what is queued for the database."""
    from sqlalchemy.engine.default import DefaultDialect

    from ims_spiders.db.writer import DatabaseWriter

    commit, put = DefaultDialect.do_commit, DatabaseWriter.put

    def shim_commit(self: Any, connection: Any) -> None:
        shim.at("commit", lambda: commit(self, connection))  # type: ignore[no-untyped-call]

    def shim_put(self: Any, issue_id: str) -> None:
        shim.at("put", lambda: put(self, issue_id))

    DefaultDialect.do_commit, DatabaseWriter.put = shim_commit, shim_put  # type: ignore[method-assign]


def later(seconds: float, number: signal.Signals) -> None:
    """Send this process a signal in a while."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), number))
    timer.daemon = True
    timer.start()


def main(words: list[str]) -> None:
    """Shim, and crawl."""
    from tests.faults import start

    plan = Plan(**json.loads(words[0]))
    shim = Shim(plan)
    install(shim)
    install_in_database(shim)
    atexit.register(shim.tell)
    if plan.after is not None:
        later(plan.after, signal.SIGKILL)
    start.crawl(words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
