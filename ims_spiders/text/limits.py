"""How much one file may cost, and how a child process is held to it."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost: memory in bytes, seconds of processor and of the clock, characters of text.

    `unpacked` is how many bytes a packed document may say that it holds; it spares the attempt.
    """

    memory: int = 1024 * MEGABYTE
    cpu_seconds: float = 30.0
    wall_seconds: float = 60.0
    characters: int = 2_000_000
    unpacked: int = 512 * MEGABYTE


def hold_to(limits: Limits) -> None:
    """Hold this process to the limits from now on; counted from now, so that a process can read file after file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + limits.cpu_seconds) + 1
    _soft(resource.RLIMIT_CPU, seconds)
    if sys.platform != "darwin":  # which knows the limit and does not keep it
        _soft(resource.RLIMIT_AS, limits.memory)


def write_nothing() -> None:
    """This process can create no file and leaves no core dump; for good."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _soft(which: int, value: int) -> None:
    """Lower the limit but keep the ceiling, so that the next file can have its own."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
