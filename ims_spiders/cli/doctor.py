"""`ims doctor`: is everything there that a crawl needs, and if not, what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from ims_spiders.cli.checks import Check


def doctor(
    login: Annotated[bool, typer.Option("--login", help="Also log in once, as a crawl would.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check everything that a crawl needs.

    Says what to do about each thing that is missing. Exit code 0 when nothing is, else 1.
    """
    from ims_spiders.cli.checks import run_checks

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
        mark = Text("ok  ", style="green") if check.ok else Text("FAIL", style="red bold")
        console.print(Text.assemble(mark, f" {check.name}: {check.found}"))
        if check.advice:
            console.print(Text(f"     → {check.advice}", style="red"))
