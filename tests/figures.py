"""Figures that long tests come to, put together over all workers and printed at the end of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

Record = Callable[[str, Any], None]
"""pytest's `record_property`: what it is given travels from the workers to the terminal."""
MARK = "figure"


def add(record: Record, name: str, value: float) -> None:
    """A part of a sum."""
    record(f"{MARK} sum {name}", value)


def note(record: Record, name: str, value: float) -> None:
    """One of the values that are printed from the least to the most."""
    record(f"{MARK} all {name}", value)


def held(record: Record, name: str, what: int | str, well: bool) -> None:
    """Whether something held this time: at the end it is told how many of them always did."""
    record(f"{MARK} held {name}", [what, well])


def lines(reports: list[Any]) -> list[str]:
    """`name: figure`, in the order of the names."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for report in reports:
        for key, value in getattr(report, "user_properties", ()):
            if key.startswith(f"{MARK} "):
                _, kind, name = key.split(" ", 2)
                found[name, kind].append(value)
    return [f"{name}: {_shown(kind, values)}" for (name, kind), values in sorted(found.items())]


def _shown(kind: str, values: list[Any]) -> str:
    if kind == "sum":
        return f"{sum(values):g}"
    if kind == "held":
        known, broken = {what for what, _ in values}, {what for what, well in values if not well}
        return f"{len(known - broken)} of {len(known)}" + (f", not {sorted(broken)}" if broken else "")
    least, most = min(values), max(values)
    return f"{least:.3g}" if least == most else f"{least:.3g} to {most:.3g}"
