"""What one check of the doctor's comes to: well, doubtful, not looked at, or missing; and what to do then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "skip", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` is False for `fail` alone; `advice` says what to do."""

    name: str
    ok: bool
    found: str
    advice: str | None = None
    state: State = "ok"


def good(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, True, found)


def bad(name: str, found: str, advice: str) -> Check:
    """A crawl, or the archive's promises, would fail for it."""
    return Check(name, False, found, advice, "fail")


def doubtful(name: str, found: str, advice: str) -> Check:
    """It works, but somebody should see to it."""
    return Check(name, True, found, advice, "warn")


def unseen(name: str, found: str, advice: str | None = None) -> Check:
    """It was not looked at."""
    return Check(name, True, found, advice, "skip")


def some(words: list[str], most: int = 3) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return "; ".join(words[:most]) + more
