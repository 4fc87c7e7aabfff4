"""The processes of one browser: Playwright's driver and what it has started. What memory they hold, and their end.

The browser's own word is not enough: a hung one does not answer, and a killed driver leaves a hung browser behind.
"""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

MEGABYTE = 1024 * 1024
DRIVER = "run-driver"
"""How Playwright starts its driver."""


def drivers() -> set[psutil.Process]:
    """The drivers that this process has started and that are still there."""
    found = set()
    for child in psutil.Process(os.getpid()).children():
        try:
            if DRIVER in child.cmdline():
                found.add(child)
        except psutil.Error:
            continue
    return found


class BrowserFamily:
    """A driver and its descendants. One that knows no driver has no processes."""

    def __init__(self, driver: psutil.Process | None):
        self._driver = driver
        self._known: set[psutil.Process] = set()

    def is_gone(self) -> bool:
        """Whether the driver has ended."""
        return self._driver is not None and not _lives(self._driver)

    def look(self) -> None:
        """Take note of who there is: whose driver is gone is not found through it any more."""
        self._members()

    def megabytes(self) -> float:
        """The memory that nobody else shares: Chromium's processes have their program in common."""
        return sum(_private(one) for one in self._members()) / MEGABYTE

    def kill(self) -> None:
        """End them all at once, also those that are stopped or hang."""
        for one in self._members():
            with suppress(psutil.Error):
                one.kill()

    def _members(self) -> set[psutil.Process]:
        """Those of now, and those seen before whose driver is gone."""
        if self._driver is not None:
            with suppress(psutil.Error):
                self._known |= {self._driver, *self._driver.children(recursive=True)}
        self._known = {one for one in self._known if _lives(one)}
        return self._known


def _lives(process: psutil.Process) -> bool:
    """psutil compares times of birth: another process of the same number is not it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _private(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))
