"""Every command's `--help` as one Markdown page; `make help-pages` writes it to COMMANDS.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer.main

WIDTH = 80
HEAD = """# Commands

What `ims --help` and each command's `--help` show. Written by `make help-pages`; what for, README.md tells.
"""


def page(app: typer.Typer) -> str:
    """The page for the command line of this program, as Markdown."""
    command = typer.main.get_command(app)
    return HEAD + "".join(f"\n## {path}\n\n```\n{text}\n```\n" for path, text in _helps(command, "ims", None))


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings
    )
    yield context.command_path, command.get_help(context).rstrip()
    for key, sub in sorted(getattr(command, "commands", {}).items()):
        yield from _helps(sub, key, context)


if __name__ == "__main__":
    from ims_spiders.cli.app import app

    sys.stdout.write(page(app))
