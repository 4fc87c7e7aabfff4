"""Tables for people on stdout: they fit the terminal, or 80 columns, also with letters that are two columns wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LEAST = 4
"""Columns of a terminal; what is cut is not cut further."""


@dataclass(frozen=True, slots=True)
class Column:
    """`number`: to the right and never cut. `most`: columns at most; without either it is as wide as its values."""

    title: str
    number: bool = False
    most: int | None = None


def print_rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """A line a row, cut with an ellipsis where it would not fit; without colours unless on a terminal."""
    # Late, so that `--help` is quick.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column, width in zip(columns, _widths(columns, rows, console.width), strict=True):
        table.add_column(
            column.title, justify="right" if column.number else "left", no_wrap=True, overflow="ellipsis", width=width
        )
    for row in rows:
        table.add_row(*(Text(one_line(value)) for value in row))
    console.print(table)


def print_columns(words: Sequence[str]) -> None:
    """Words in as many columns as fit the terminal, read from left to right; each is cut at the terminal's width."""
    from rich.columns import Columns
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Columns([Text(one_line(word), no_wrap=True, overflow="ellipsis") for word in words]))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Any]], room: int) -> list[int]:
    """What each column needs; where that is too much, the widest of those that may be cut gives way."""
    from rich.cells import cell_len

    widths = []
    for place, column in enumerate(columns):
        widest = max([cell_len(column.title), *(cell_len(one_line(row[place])) for row in rows)])
        widths.append(widest if column.most is None else min(widest, column.most))
    flexible = [place for place, column in enumerate(columns) if column.most is not None]
    while flexible and sum(widths) + len(widths) - 1 > room:
        place = max(flexible, key=widths.__getitem__)
        if widths[place] <= LEAST:
            break
        widths[place] -= 1
    return widths


def folded(text: str, indent: int) -> list[str]:
    """The text in lines that fit beside `indent` columns: parted between words, and in one that is longer than that."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    lines = Text(text).wrap(console, max(console.width - indent, LEAST), overflow="fold")
    return [line.plain.rstrip() for line in lines] or [""]


def one_line(value: Any) -> str:
    """A value's text without line ends and without what would steer a terminal; None is empty."""
    text = "" if value is None else " ".join(str(value).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def local_time(moment: datetime) -> str:
    """Local time, to the minute; the year in the place of the hour where it is another one, as `ls` has it."""
    local = moment.astimezone()
    return local.strftime("%m-%d %H:%M" if local.year == datetime.now().astimezone().year else "%Y-%m-%d")


def size(number: float) -> str:
    """Bytes for people: 1023 B, 1.5 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
