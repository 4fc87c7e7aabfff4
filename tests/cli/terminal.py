"""`ims` on a real pseudo-terminal that is its own, with somebody who reads and types."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests import forked
from tests.cli.conftest import Ims, clean_environment

SECONDS = 60
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """Runs `ims` while the block lasts; `seen` is all that was shown so far."""

    def __init__(self, ims: Ims, *arguments: str, columns: int = 80, **more: str):
        self.seen = ""
        self._at = 0
        self._raw = b""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {**clean_environment(), "TERM": "xterm-256color", **ims.environment, **more}
        self._process = forked.start(
            "ims", arguments, ims.folder, env, apart=True, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        """Type it."""
        os.write(self._ours, text.encode())

    def expect(self, text: str) -> str:
        """Wait until this is shown after what was waited for before; what stood between the two."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen[self._at :]:
            more = self._read()
            assert more or text in self.seen[self._at :], f"it ended without {text!r}:\n{self.seen}"
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.seen}"
        place = self.seen.index(text, self._at)
        between, self._at = self.seen[self._at : place], place + len(text)
        return between

    def end(self) -> int:
        """The exit code, once everything is shown."""
        while self._read():
            pass
        return self._process.wait(SECONDS)

    def leave(self, key: str) -> int:
        """The exit code after this key, as people press it: once more when nothing happens.

        Python keeps a signal back that comes after a prompt was written and before its answer is waited for.
        """
        deadline = time.monotonic() + SECONDS
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"{key!r} does not end it:\n{self.seen}"
            self.type(key)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS / 6)
        return self.end()

    def _read(self) -> bool:
        """Whether there may be more to come."""
        if not select.select([self._ours], [], [], SECONDS)[0]:
            raise AssertionError(f"nothing more came after:\n{self.seen}")
        try:
            more = os.read(self._ours, 65536)
        except OSError:
            return False
        self._raw += more
        self.seen = self._raw.decode("utf-8", errors="ignore").replace("\r\n", "\n")
        return bool(more)
