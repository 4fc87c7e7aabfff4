"""Where output goes: data to stdout, everything that is said to people to stderr, as much of it as they want."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]


@dataclass
class Volume:
    """How much is said on stderr. `quiet`: warnings, errors and questions only; `verbose`: also what is logged."""

    quiet: bool = False
    verbose: bool = False

    def options(self) -> list[str]:
        """The options that say the same, for an `ims` that is started from here."""
        return ["--quiet"] * self.quiet + ["--verbose"] * self.verbose


volume = Volume()
"""Of this process; set once by the options of `ims`."""


def say(message: str) -> None:
    """A message for people; not with --quiet."""
    if not volume.quiet:
        warn(message)


def warn(message: str) -> None:
    """A message that people must have: a warning, an error, why an exit code is not 0."""
    sys.stderr.write(f"{message}\n")


def print_json(value: Any) -> None:
    """Data for programs; what JSON does not know as text, times as ISO 8601 in local time with its offset."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=_as_text) + "\n")


def _as_text(value: Any) -> str:
    return value.astimezone().isoformat() if isinstance(value, datetime) else str(value)


def print_table(rows: list[tuple[str, Any]]) -> None:
    """Names and values in two aligned columns; values that are None are left out.

    What is too long for the terminal, or 80 columns, goes on below, so that nothing of it is lost.
    """
    from rich.cells import cell_len

    from ims_spiders.cli.tables import folded, one_line

    shown = [(name, one_line(value)) for name, value in rows if value is not None]
    width = max((cell_len(name) for name, _ in shown), default=0)
    for name, value in shown:
        first, *rest = folded(value, width + 2)
        sys.stdout.write(f"{name}{' ' * (width - cell_len(name))}  {first}".rstrip() + "\n")
        for line in rest:
            sys.stdout.write(f"{' ' * (width + 2)}{line}\n")


def progress(label: str, done: int, total: int) -> None:
    """One line that is written over on a terminal; elsewhere one line when it is complete. Nothing with --quiet."""
    if volume.quiet:
        return
    if sys.stderr.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}:
        sys.stderr.write(f"\r{label}: {done} of {total}\x1b[K" + ("\n" if done == total else ""))
        sys.stderr.flush()
    elif done == total:
        say(f"{label}: {total}")
