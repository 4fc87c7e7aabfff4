"""`ims doctor`: is everything there that a crawl needs, and if not, what to do."""

from __future__ import annotations

import io
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.output import AsJson, print_json
from ims_spiders.cli.tables import one_line

if TYPE_CHECKING:
    from ims_spiders.cli.checks_result import Check, State

MARKS: dict[State, tuple[str, str]] = {
    "ok": ("ok  ", "green"),
    "warn": ("warn", "yellow"),
    "skip": ("skip", "dim"),
    "fail": ("FAIL", "red bold"),
}


def doctor(
    login: Annotated[
        bool, typer.Option("--login", help="Also log in once, as a crawl would, and read a page of each kind.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check everything that a crawl needs, and change nothing.

    Says what to do about each thing that is missing (FAIL) or doubtful (warn), and what
    was not looked at (skip). Exit code 0 when nothing fails, else 1.
    """
    from ims_spiders.cli.checks import run_checks

    # Where the charset is wrong, that must still be told.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if as_json else None, errors="backslashreplace")
    checks = run_checks(login=login)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        _show(checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _show(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for check in checks:
        mark, style = MARKS[check.state]
        console.print(Text.assemble((mark, style), f" {check.name}: {one_line(check.found)}"))
        if check.advice:
            console.print(Text(f"     → {one_line(check.advice)}", style=style.removesuffix(" bold")))
