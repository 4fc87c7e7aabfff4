"""One run of a row: its tracker, its archive, its draws, and everything that was said while it ran."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.demo.server import DemoTracker
from tests.crawl import logged_in, oracle
from tests.crawl.crawling import FAST, ROOT, Archive, Run
from tests.faults.processes import CommandLines
from tests.faults.wire import Wire

USERNAME, PASSWORD = "demo", "c4n4ry pass&+/%ü"
"""What looks different in every encoding."""
SEARCH: dict[str, Any] = {"product": "OpenFrame", "query": "TPETIME", "related": 0}
ISSUES = 160
"""In the tracker: some ten of them are found by that search."""


@dataclass
class Case:
    """What a row works with. `rng` is drawn from the row's name and seed: the same run each time."""

    archive: Archive
    seed: int
    rng: random.Random
    secrets: set[str] = field(default_factory=lambda: {PASSWORD})
    runs: list[Run] = field(default_factory=list)
    expected: set[str] | None = None
    """Issues that a whole crawl stores; None: those that the search of SEARCH finds."""
    expected_database: bool = True
    """Whether the database holds by now what the files hold; never looked at without one."""
    server: EmbeddedServer | None = None
    """The server of a row that has one of its own."""
    foreign: set[str] = field(default_factory=set)
    """Sessions (uuids) that are of something else, and not to be looked at."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _tracker: DemoTracker | None = None

    def __enter__(self) -> Case:
        self.command_lines = self._stack.enter_context(CommandLines())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def tracker(self) -> DemoTracker:
        """The tracker; it is started when it is first asked for, without faults."""
        return self._tracker or self.start_tracker()

    def start_tracker(self, *faults: str, issues: int = ISSUES, **options: Any) -> DemoTracker:
        """Start it, with faults and with options of DemoTracker; it runs until the case is over."""
        assert self._tracker is None, "one tracker a case"
        made = DemoTracker(
            password=PASSWORD, username=USERNAME, seed=self.seed + 1, issues=issues, faults=faults, **options
        )
        self._tracker = self._stack.enter_context(made)
        return made

    def hits(self) -> list[str]:
        """What the search of SEARCH finds, newest first."""
        return self.tracker.matching_ids(SEARCH["query"], SEARCH["product"])

    def draw(self, low: int, high: int) -> int:
        """A whole number of this run, both ends included."""
        return self.rng.randint(low, high)

    def wire(self) -> tuple[Wire, dict[str, str]]:
        """A wire before the database, and the environment of those who reach the database by way of it."""
        url = make_url(self.archive.database_url)
        assert url.port is not None
        made = self._stack.enter_context(Wire(url.port))
        through = url.set(host="127.0.0.1", port=made.port).render_as_string(hide_password=False)
        return made, {"DATABASE_URL": through}

    # --- Running -------------------------------------------------------------------------------------------------

    def variables(self, *, saved_login: bool = True, **more: str) -> dict[str, str]:
        """The environment of a user of tracker and archive. With `saved_login` of one who needs no browser: who logged
        in before, and says how files are asked for."""
        if not saved_login:
            return self.archive.variables(self.tracker.base_url, USERNAME, PASSWORD, **more)
        return logged_in.variables(self.archive, self.tracker, USERNAME, PASSWORD) | more

    def crawl(
        self, *settings: str, saved_login: bool = True, environment: dict[str, str] | None = None, **arguments: Any
    ) -> Run:
        """`scrapy crawl ims` to its end, for what SEARCH says unless `arguments` say otherwise."""
        env = self.variables(saved_login=saved_login) | (environment or {})
        asked = arguments if "resume" in arguments else {**SEARCH, **arguments}
        return self.ran(self.archive.crawl(env, *settings, **asked))

    def ims(self, *arguments: str, environment: dict[str, str] | None = None) -> Run:
        """`ims …` to its end."""
        return self.ran(self.archive.ims(self.variables() | (environment or {}), *arguments))

    def ran(self, run: Run) -> Run:
        """Remember what a run said: the oracle looks for secrets in it."""
        self.runs.append(run)
        return run

    @contextmanager
    def started(
        self, *settings: str, saved_login: bool = True, environment: dict[str, str] | None = None, **arguments: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """The same crawl by `ims crawl` in a process of its own, to be sent signals; it is gone after the block."""
        asked = arguments if "resume" in arguments else {**SEARCH, **arguments}
        command = [sys.executable, "-m", "tests.faults.start", *settings, "--", *_options(asked)]
        env = self.variables(saved_login=saved_login) | (environment or {})
        with subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                said = process.communicate()
                self.ran(Run(process.returncode, *said))

    # --- Afterwards ----------------------------------------------------------------------------------------------

    def reachable(self, depth: int = 1) -> set[str]:
        """The hits of SEARCH and what is related to them up to `depth`."""
        return oracle.reachable(self.tracker.truth(), self.hits(), depth)

    def restart(self) -> Run:
        """Without any fault, go on with the newest session."""
        self.tracker.faults.clear()
        self.expected_database = True
        return self.crawl(resume="last")

    def notice_secrets(self) -> None:
        """The cookies of the saved logins are secrets, too."""
        for state in (self.archive.data_dir / "state").glob("*.json"):
            self.secrets |= oracle.cookie_values(state)
        if self.archive.engine is not None:
            password = self.archive.engine.url.password
            self.secrets |= {password} if password else set()


def _options(arguments: dict[str, Any]) -> Sequence[str]:
    flags = {"related": ("--no-related", "--related")}
    words: list[str] = []
    for name, value in arguments.items():
        if name in flags:
            words.append(flags[name][int(value)])
        else:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9, and its whole family: Chromium and the driver go with the pipe to them."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def folder_of(archive: Archive) -> Path:
    """The newest session's folder."""
    return archive.last().path


FAST_SETTINGS = tuple(f"{name}={value}" for name, value in FAST.items())
