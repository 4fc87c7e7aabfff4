"""Runs `ims` and `scrapy` in processes of their own that need not import everything again: forks of one that has.

Half of the processor time of a small crawl is spent on imports, and most of it in that of `ims`. What runs is the same
code with the same arguments, environment, folder and streams; what is about the start itself uses real processes.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[1]
IMS = str(Path(sys.executable).with_name("ims"))
AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_")
"""Beginnings of the names of variables that only a real start heeds."""
PRELOADED = (
    "ims_spiders.settings", "scrapy.cmdline", "scrapy.crawler", "scrapy.core.engine", "scrapy.core.scraper",
    "scrapy.commands.crawl", "scrapy.pqueues", "scrapy.squeues", "scrapy.downloadermiddlewares.cookies", "aiohttp",
    "playwright.async_api", "ims_spiders.spiders.ims", "ims_spiders.extensions.progress",
    "ims_spiders.extensions.unlisted", "ims_spiders.extensions.errors", "ims_spiders.pipelines.validate",
    "ims_spiders.pipelines.attachments", "ims_spiders.pipelines.text", "ims_spiders.pipelines.database",
    "ims_spiders.middlewares.politeness", "ims_spiders.middlewares.session", "ims_spiders.middlewares.render",
    "ims_spiders.query", "ims_spiders.db.engine", "ims_spiders.db.writer", "ims_spiders.db.load",
    "ims_spiders.db.embedded", "ims_spiders.db.users", "ims_spiders.db.upgrade", "ims_spiders.cli.app",
    "sqlalchemy.dialects.postgresql.psycopg2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """What a process is to be: a module as `python -m` runs it, or `ims` for the console script."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    apart: bool = False
    """Whether it gets a session of its own; a terminal that it reads from is then that session's."""


def run(
    module: str, arguments: Sequence[str], folder: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """The finished process, with nothing on its standard input. Raises subprocess.TimeoutExpired as subprocess does."""
    command = Command(module, list(arguments), str(folder), environment)
    if _needs_a_start(environment):
        return _really(command, timeout)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
        code = _server().run(command, [nothing.fileno(), out.fileno(), err.fileno()], timeout)
        texts = [_text(stream) for stream in (out, err)]
    return subprocess.CompletedProcess(_line(command), code, *texts)


def start(
    module: str,
    arguments: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    apart: bool = False,
    **streams: Any,
) -> subprocess.Popen[str]:
    """The process while it runs, as Popen gives it; `streams` are Popen's arguments stdin, stdout and stderr.

    Ctrl-C is as it is by default, also where whoever tests has it ignored. `apart`: as in Command.
    """
    command = Command(module, list(arguments), str(folder), environment, apart)
    if not _needs_a_start(environment):
        return Forked(command, **streams)
    return subprocess.Popen(
        _line(command), cwd=folder, env=environment, text=True, start_new_session=apart,
        preexec_fn=lambda: _at_ease(apart), **streams,  # noqa: PLW1509
    )  # fmt: skip


def _needs_a_start(environment: dict[str, str]) -> bool:
    return any(os.environ.get(name) != value for name, value in environment.items() if name.startswith(AT_START))


def _at_ease(apart: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if apart and os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _line(command: Command) -> list[str]:
    start = [IMS] if command.module == "ims" else [sys.executable, "-m", command.module]
    return [*start, *command.arguments]


def _really(command: Command, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _line(command), cwd=command.folder, env=command.environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=timeout, check=False,
    )  # fmt: skip


def _text(stream: Any) -> str:
    stream.seek(0)
    return str(stream.read().decode("utf-8").replace("\r\n", "\n"))


class Forked(subprocess.Popen[str]):
    """One that is the fork server's child instead of ours: begun there, and its end heard from there."""

    def __init__(self, command: Command, **streams: Any):
        self._command = command
        super().__init__(_line(command), text=True, **streams)

    def _execute_child(self, *given: Any) -> None:
        """What Popen calls to have the process made; it names the six ends of its pipes, -1 for one that is none."""
        ends = given[10:16]
        theirs = [ends[0], ends[3], ends[5]]
        try:
            streams = [end if end != -1 else number for number, end in enumerate(theirs)]
            self.pid, self._connection = _server().begin(self._command, streams)
            self._child_created = True
        finally:
            self._close_pipe_fds(*ends)  # type: ignore[attr-defined]

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._ended(0.0)

    def _wait(self, timeout: float | None) -> int:
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], timeout)[0]:
            with self._connection:
                told = self._connection.recv(4, socket.MSG_WAITALL)
            # Without a word from the server, it is gone, and its children with it.
            self.returncode = int.from_bytes(told, signed=True) if told else -signal.SIGKILL
        return self.returncode


class ForkServer:
    """The process that has imported everything, as seen by the one that tests; it ends with it."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="ims-tests-forks-")
        self._address = str(Path(folder) / "socket")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._address)
        listener.listen()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(listener.fileno())],
            cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], start_new_session=True,
        )  # fmt: skip
        listener.close()

    def begin(self, command: Command, streams: list[int]) -> tuple[int, socket.socket]:
        """The process's number, and where its exit code will be told: four bytes, as subprocess tells it."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        told = json.dumps(list(astuple(command))).encode()
        socket.send_fds(connection, [len(told).to_bytes(4)], streams)
        connection.sendall(told)
        return int.from_bytes(connection.recv(4, socket.MSG_WAITALL)), connection

    def run(self, command: Command, streams: list[int], timeout: float) -> int:
        """The exit code of the command."""
        pid, connection = self.begin(command, streams)
        with connection:
            connection.settimeout(timeout)
            try:
                return int.from_bytes(connection.recv(4, socket.MSG_WAITALL), signed=True)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(_line(command), timeout) from None


@cache
def _server() -> ForkServer:
    return ForkServer()


def serve(listener: socket.socket) -> Command | None:
    """Fork for every command, until standard input ends; in a fork, what it is to be."""
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        for source in (sys.stdin.buffer, listener, woken):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                woken.recv(4096)
                _report(running)
            if listener in ready and (command := _fork(listener, running)) is not None:
                return command
            if sys.stdin.buffer in ready:
                return None


def _fork(listener: socket.socket, running: dict[int, socket.socket]) -> Command | None:
    connection, _ = listener.accept()
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    told = connection.recv(int.from_bytes(length), socket.MSG_WAITALL)
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        connection.sendall(pid.to_bytes(4))
        running[pid] = connection
        return None
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    connection.close()
    listener.close()
    return Command(*json.loads(told))


def _report(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        # Whoever gave up on a command is told nothing; those of the next tests go on.
        with running.pop(pid) as connection, suppress(BrokenPipeError):
            connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, signed=True))


def become(command: Command) -> NoReturn:
    """Be that process, to its end: all that an interpreter does then, but to take the modules apart."""
    os.environ.clear()
    os.environ.update(command.environment)
    time.tzset()
    os.chdir(command.folder)
    if command.apart:
        os.setsid()
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [IMS, *command.arguments]
    sys.modules["__main__"].__package__ = None  # else click takes it for `python -m`
    code = _outcome(command.module)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _outcome(module: str) -> int:
    try:
        if module == "ims":
            importlib.import_module("ims_spiders.cli").main()
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    for name in PRELOADED:
        importlib.import_module(name)
    assert "twisted.internet.reactor" not in sys.modules, "each crawl installs its own"
    gc.collect()
    gc.freeze()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        become(wanted)
