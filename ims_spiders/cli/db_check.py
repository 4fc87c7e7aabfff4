"""`ims db check`: whether files and database agree."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.archive import open_archive
from ims_spiders.cli.output import AsJson, print_table, progress, say
from ims_spiders.cli.tables import one_line

if TYPE_CHECKING:
    from ims_spiders.db.check_context import Finding

MOST_SHOWN = 5
"""Of each kind; --json has all."""


def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave the bytes of attachments alone: only their sizes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that files and database agree.

    Says how to mend what does not, and changes nothing. Sessions that are being written are left out. Exit code 1 when
    something does not agree.
    """
    from ims_spiders.db.check import Check

    looked_at: Counter[str] = Counter()
    with open_archive() as archive:
        run = Check(archive.engine, archive.data_dir, archive.schema, quick, progress)
        findings = run.findings(looked_at)
        found = _print_json(findings, looked_at) if as_json else _print(findings)
    if not as_json:
        print_table([(f"{name} looked at", count) for name, count in looked_at.items()])
    if found:
        say(f"{sum(found.values())} things do not agree.")
        raise typer.Exit(1)
    say("Files and database agree.")


def _print_json(findings: Iterable[Finding], looked_at: Counter[str]) -> Counter[str]:
    """Each finding as it comes: there may be more than memory holds."""
    kinds: Counter[str] = Counter()
    sys.stdout.write('{"findings": [')
    for finding in findings:
        sys.stdout.write((",\n" if kinds else "\n") + json.dumps(asdict(finding), ensure_ascii=False))
        kinds[finding.kind] += 1
    summary = {"agree": not kinds, "counts": dict(kinds), "looked_at": dict(looked_at)}
    sys.stdout.write("],\n" + json.dumps(summary, ensure_ascii=False)[1:] + "\n")
    return kinds


def _print(findings: Iterable[Finding]) -> Counter[str]:
    """The first findings of each kind, grouped, and how many there are."""
    kinds: Counter[str] = Counter()
    first: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds[finding.kind] += 1
        if kinds[finding.kind] <= MOST_SHOWN:
            first.setdefault(finding.kind, []).append(finding)
    for kind, some in first.items():
        sys.stdout.write(f"{kind.replace('_', ' ')}: {kinds[kind]}\n")
        for finding in some:
            sys.stdout.write(f"  {one_line(finding.what)}\n    mend: {one_line(finding.mend)}\n")
        if kinds[kind] > len(some):
            sys.stdout.write(f"  and {kinds[kind] - len(some)} more: ims db check --json\n")
        sys.stdout.write("\n")
    return kinds
