"""What the demo tracker was asked for: one entry a request, and how many were under way at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Entry:
    """One request. `in_flight` counts the requests under way when it came, itself included; `status` 0: no answer."""

    number: int
    time: float
    method: str
    path: str
    query: str
    user: str | None = None
    session: int | None = None
    status: int = 0
    bytes: int = 0
    seconds: float = 0.0
    in_flight: int = 0
    faults: list[str] = field(default_factory=list)


class Ledger:
    """The entries and totals since the start or the last reset. Bodies, and so passwords, are never kept."""

    def __init__(self) -> None:
        self._alive: dict[int, Callable[[], bool]] = {}
        self._count = 0
        self.reset()

    @property
    def in_flight(self) -> int:
        """How many requests are under way: not answered in full, and their client has not gone away."""
        return sum(alive() for alive in list(self._alive.values()))

    def reset(self) -> None:
        """Forget everything but the requests that are under way."""
        self.entries: list[Entry] = []
        self.logins_accepted = 0
        self.logins_refused = 0
        self.max_in_flight = self.in_flight

    @contextmanager
    def under_way(self, method: str, path: str, query: str, alive: Callable[[], bool]) -> Iterator[Entry]:
        """Count a request from its arrival until its answer is written or `alive` says that its client is gone."""
        self._count += 1
        entry = Entry(self._count, time.time(), method, path, query)
        self._alive[entry.number] = alive
        entry.in_flight = self.in_flight
        self.max_in_flight = max(self.max_in_flight, entry.in_flight)
        self.entries.append(entry)
        started = time.perf_counter()
        try:
            yield entry
        finally:
            del self._alive[entry.number]
            entry.seconds = round(time.perf_counter() - started, 6)

    def count(self, path_part: str, *, status: int | None = None) -> int:
        """How many requests had that in their path, whichever status they got or only with that one."""
        found = [entry for entry in list(self.entries) if path_part in entry.path]
        return sum(1 for entry in found if status is None or entry.status == status)

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON-ready values."""
        return {
            "requests": [asdict(entry) for entry in list(self.entries)],
            "total": len(self.entries),
            "logins_accepted": self.logins_accepted,
            "logins_refused": self.logins_refused,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
        }
