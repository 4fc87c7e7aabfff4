"""Where output goes: data to stdout, everything that is said to people to stderr."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]


def say(message: str) -> None:
    """A message for people."""
    sys.stderr.write(f"{message}\n")


def print_json(value: Any) -> None:
    """Data for programs; what JSON does not know as text, times as ISO 8601 in local time with its offset."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=_as_text) + "\n")


def _as_text(value: Any) -> str:
    return value.astimezone().isoformat() if isinstance(value, datetime) else str(value)


def print_table(rows: list[tuple[str, Any]]) -> None:
    """Names and values in two aligned columns; values that are None are left out."""
    shown = [(name, value) for name, value in rows if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        sys.stdout.write(f"{name:<{width}}  {value}\n")


def progress(label: str, done: int, total: int) -> None:
    """One line that is written over on a terminal; elsewhere one line when it is complete."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{label}: {done} of {total}\x1b[K" + ("\n" if done == total else ""))
        sys.stderr.flush()
    elif done == total:
        say(f"{label}: {total}")
