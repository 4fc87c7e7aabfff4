"""`ims db export`: a table of the archive for other programs."""

from __future__ import annotations

import codecs
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from ims_spiders.cli.archive import open_archive
from ims_spiders.cli.output import print_json, progress, say
from ims_spiders.db.export_request import ExportRequest, Filters, Format, TableName
from ims_spiders.exceptions import ConfigurationError


def export(  # noqa: PLR0913, PLR0917 - one parameter an option
    chosen: Annotated[Format, typer.Option("--format", help="What the file is to be.")],
    table: Annotated[
        TableName, typer.Option("--table", metavar="TABLE", help=f"Which: {', '.join(TableName)}.")
    ] = TableName.ISSUES,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: stdout.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Only what this user of the archive may see.")
    ] = None,
    product: Annotated[str | None, typer.Option("-p", "--product", help="Products that begin so.")] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only with this status; may be repeated.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day, as 2026-03-01.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day.")] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin a csv with a byte order mark: Excel then shows Korean and Japanese.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON; needs -o.")] = False,
) -> None:
    """Write a table for other programs.

    It is one consistent state, in constant memory.

    jsonl: one JSON object a row with all columns; an issue's full_data is the whole item, with everything that hangs
    on it: nothing is lost. parquet: all columns, typed; JSON as text. csv: UTF-8 with a header, all columns but
    full_data; an empty cell is NULL and "" an empty text; text that a spreadsheet would take for a formula gets an
    apostrophe in front (take one away to have it back).

    Without --user it is what the connection's own role may see. Days are those of the archive's time zone: when an
    issue was registered, a comment written, a session started, and so on. Comments, history and attachments are
    filtered by their issue. FILE appears when it is whole. Every export is written into the audit trail.
    """
    if as_json and output is None:
        raise ConfigurationError("--json prints its summary to stdout, where the data goes: give -o FILE as well")
    if chosen is Format.PARQUET and output is None and sys.stdout.isatty():
        raise ConfigurationError("parquet is nothing for a terminal: give -o FILE or redirect stdout")
    if bom and chosen is not Format.CSV:
        raise ConfigurationError(f"--bom is for csv; {chosen.value} says by itself how it is encoded")
    from ims_spiders.db.export import export as write
    from ims_spiders.db.export_file import export_target

    filters = Filters(product, tuple(status or ()), day(since, "--since"), day(until, "--until"))
    request = ExportRequest(table, chosen, filters, user)
    # So that the temporary file goes when the process is asked to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with open_archive() as archive, export_target(output) as target:
        target.write(codecs.BOM_UTF8 if bom else b"")
        rows = write(archive.engine, request, target, progress, archive.schema)
    summary: dict[str, Any] = {"table": table.value, "format": chosen.value, "rows": rows, "user": user}
    if as_json and output is not None:
        print_json(summary | {"filters": filters.given(), "file": str(output), "bytes": output.stat().st_size})
    elif output is not None:
        say(f"{rows} rows of {table.value} are in {output}.")


def day(value: str | None, option: str) -> date | None:
    """The day that an option names. Raises ConfigurationError for anything but YYYY-MM-DD."""
    if value is None:
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        raise ConfigurationError(f"{option}: {value!r} is no day; it looks like 2026-03-01")
    return found
