"""The `ims` command: what people type. Its start is kept light, heavy libraries are imported where they are used."""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process and end it with the command's exit code."""
    from ims_spiders.cli.app import run

    run()
