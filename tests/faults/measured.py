"""What a running crawl takes of the machine, looked at every few seconds, and how that grows."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

MB = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. Sizes are resident sets in MB; `at` are seconds since the first look."""

    at: float
    crawl: float
    browser: float
    driver: float
    descriptors: int
    threads: int
    cpu: float
    """Seconds of processor time of the crawl's own process so far."""


@dataclass
class Measured:
    """The looks at one process and at what it has started."""

    process: psutil.Process
    samples: list[Sample] = field(default_factory=list)
    children: set[psutil.Process] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Once more, unless the process is gone."""
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            sizes = {"browser": 0.0, "driver": 0.0}
            started = self.process.children(recursive=True)
            self.children.update(started)
            for child in started:
                with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    sizes[kind_of(child)] = sizes.get(kind_of(child), 0.0) + child.memory_info().rss / MB
            with self.process.oneshot():
                times = self.process.cpu_times()
                self.samples.append(
                    Sample(
                        time.monotonic() - self._began,
                        self.process.memory_info().rss / MB,
                        sizes["browser"],
                        sizes["driver"],
                        self.process.num_fds(),
                        self.process.num_threads(),
                        times.user + times.system,
                    )
                )

    def left_running(self) -> list[psutil.Process]:
        """What it has started and not ended."""
        _, alive = psutil.wait_procs(self.children, timeout=10)
        return list(alive)

    def warm(self) -> list[Sample]:
        """All but the first sixth of the time, in which everything is imported, opened and filled for the first time,
        and but the last twentieth, in which the crawl ends."""
        end = self.samples[-1].at
        return [one for one in self.samples if end / 6 <= one.at <= end * 19 / 20]

    def growth(self, name: str) -> float:
        """MB an hour: the slope of the line that fits best. For what comes and goes, while it is there."""
        there = [one for one in self.warm() if getattr(one, name)]
        if len(there) < 3:
            return 0.0
        slope = statistics.linear_regression([one.at for one in there], [getattr(one, name) for one in there]).slope
        return slope * 3600

    def peak(self, name: str) -> float:
        """The most that was seen."""
        return float(max(getattr(one, name) for one in self.samples))

    def ends(self, name: str) -> tuple[float, float]:
        """Medians of the first and of the last fifth of the warm time."""
        warm = self.warm()
        part = max(1, len(warm) // 5)
        first, last = ([float(getattr(one, name)) for one in some] for some in (warm[:part], warm[-part:]))
        return statistics.median(first), statistics.median(last)


def kind_of(process: psutil.Process) -> str:
    """`browser`, `driver`, or `other` (what reads attachments)."""
    name = process.name()
    if "chrom" in name or "headless" in name:
        return "browser"
    return "driver" if name == "node" else "other"
