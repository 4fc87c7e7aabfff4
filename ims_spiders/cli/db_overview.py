"""`ims db stats` and `ims db history`: what is in the archive, and what was crawled lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from ims_spiders.cli.archive import open_archive
from ims_spiders.cli.output import AsJson, print_json, print_table, say
from ims_spiders.cli.tables import Column, one_line, print_rows, size


class Status(StrEnum):
    """The states of a session."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


def stats(
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="That user's own figures.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in the archive.

    Counts, sizes, products, figures of today and of this month. It is what the connection's own role may see.
    """
    from ims_spiders.db.overview import archive_figures, user_figures

    with open_archive() as archive:
        found = (
            archive_figures(archive.engine, archive.schema)
            if user is None
            else user_figures(archive.engine, user, archive.schema)
        )
    if as_json:
        print_json(found)
    elif user is not None:
        print_table([(name.replace("_", " "), _shown(value)) for name, value in found.items()])
    else:
        _print_archive(found)


def history(
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only that user's.")] = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only in this state.")] = None,
    product: Annotated[str | None, typer.Option("-p", "--product", help="Only of products that begin so.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the latest sessions, newest first.

    Times are local.
    """
    from ims_spiders.db.overview import history as sessions

    with open_archive() as archive:
        state = status.value if status else None
        found = sessions(archive.engine, user, state, product, limit, archive.schema)
    if as_json:
        print_json(found)
    elif found:
        print_rows(_HISTORY, [_line(row) for row in found])
    else:
        say("There is no such session.")


_HISTORY = (
    Column("Started"), Column("Product", most=12), Column("Query", most=40), Column("Status"),
    Column("Found", number=True), Column("Stored", number=True), Column("Failed", number=True),
    Column("Time", number=True),
)  # fmt: skip


def _line(row: dict[str, Any]) -> list[str]:
    return [
        _when(row["started_at"]), row["product"] or "all", row["query"] or "everything", row["status"],
        row["found"], row["crawled"], row["failed"], _duration(row["duration_seconds"]),
    ]  # fmt: skip


def _when(moment: datetime) -> str:
    """Local time; the year only where it is another one, as `ls` has it."""
    local = moment.astimezone()
    return local.strftime("%m-%d %H:%M" if local.year == datetime.now().astimezone().year else "%Y-%m-%d")


def _duration(seconds: Any) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def _print_archive(found: dict[str, Any]) -> None:
    today, month = found["today"], found["this_month"]
    print_table(
        [
            ("database", size(found["database_bytes"])),
            ("first session", _shown(found["first_session_at"])),
            ("last session", _shown(found["last_session_at"])),
            (
                "today",
                f"{today['sessions']} sessions, {today['issues_crawled']} issues, {today['new_issues']} of them new",
            ),
            ("this month", f"{month['sessions']} sessions, {month['issues_crawled']} issues"),
            ("time zone", found["time_zone"]),
            ("days to be worked out", found["pending_days"]),
        ]
    )
    typer.echo()
    tables = [(table["table"], table["rows"], size(table["bytes"])) for table in found["tables"]]
    print_rows((Column("Table"), Column("Rows", number=True), Column("Size", number=True)), tables)
    if found["products"]:
        typer.echo()
        names = ("product", "issue_count", "open_count", "closed_count", "missing_count", "attachment_count")
        titles = ("Issues", "Open", "Closed", "Missing", "Files")
        columns = (Column("Product", most=40), *(Column(title, number=True) for title in titles))
        print_rows(columns, [[row[name] for name in names] for row in found["products"]])


def _shown(value: Any) -> str | None:
    """A value for a table of two columns; times are local."""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return None if value is None else one_line(value)
