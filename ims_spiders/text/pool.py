"""Warm child processes: each reads one file at a time, and is replaced once it was killed or has read many."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from ims_spiders.text.limits import Limits
from ims_spiders.text.worker import HEADER, Answer

FILES_PER_WORKER = 200
"""Libraries leak; a process of its own is the cheapest cure."""
IDLE_WORKERS = 2


class WorkerLost(Exception):  # noqa: N818 - named after what happened
    """The child ended before it answered. Its text says why."""


class Worker:
    """One child process. Not for two threads at once."""

    def __init__(self) -> None:
        self.files = 0
        # Neither passwords nor DSNs for a process that opens strangers' files; a session of its own, so that
        # Ctrl-C ends the crawl in good order instead of the text of the file at hand.
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "HOME") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ims_spiders.text.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def ask(self, path: Path, filename: str, limits: Limits) -> Answer:
        """What the child makes of the file. Raises WorkerLost when it was stopped or ended by itself."""
        self.files += 1
        deadline = time.monotonic() + limits.wall_seconds
        request = {"path": str(path.absolute()), "filename": filename, "limits": asdict(limits)}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerLost(self._why(limits)) from None
        (size,) = HEADER.unpack(self._read(HEADER.size, deadline, limits))
        # JSON writes a character in up to twelve bytes.
        if size > limits.characters * 12 + 10_000:
            raise WorkerLost("it answers with more text than is allowed")
        answer: Answer = json.loads(self._read(size, deadline, limits))
        return answer

    def _read(self, size: int, deadline: float, limits: Limits) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        received = bytearray()
        while len(received) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise WorkerLost(f"reading it takes longer than {limits.wall_seconds:g} seconds")
            piece = os.read(descriptor, min(size - len(received), 1 << 20))
            if not piece:
                raise WorkerLost(self._why(limits))
            received += piece
        return bytes(received)

    def _why(self, limits: Limits) -> str:
        """Why the child has ended."""
        code = self._process.wait(timeout=10)
        if code == -signal.SIGXCPU:
            return f"reading it takes more than {limits.cpu_seconds:g} seconds of processor time"
        if code < 0:
            return f"reading it was ended by {signal.Signals(-code).name}"
        return f"reading it ended with code {code}"

    def alive(self) -> bool:
        """Whether the child can still be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue
        self._process.wait(timeout=10)


class WorkerPool:
    """Hands out workers, one to each caller at a time; any thread may call."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    def ask(self, path: Path, filename: str, limits: Limits) -> Answer:
        """What a worker makes of the file. Raises WorkerLost when that cost the worker its life."""
        worker = self._take()
        try:
            answer = worker.ask(path, filename, limits)
        except BaseException:
            worker.close()
            raise
        self._give_back(worker, answer)
        return answer

    def close(self) -> None:
        """End all idle workers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def _take(self) -> Worker:
        """An idle worker that the system has not ended meanwhile, or a new one."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                worker = self._idle.pop()
            if worker.alive():
                return worker
            worker.close()
        return Worker()

    def _give_back(self, worker: Worker, answer: Answer) -> None:
        if not answer["spent"] and worker.files < FILES_PER_WORKER:
            with self._lock:
                if len(self._idle) < IDLE_WORKERS:
                    self._idle.append(worker)
                    return
        worker.close()


POOL = WorkerPool()
"""The pool of this process; its children end with it."""
atexit.register(POOL.close)
