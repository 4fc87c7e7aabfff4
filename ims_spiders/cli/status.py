"""`ims status`: what runs where, how far it is and since when, and whether anything needs attention."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Any

import typer

from ims_spiders.cli.output import AsJson, print_json
from ims_spiders.cli.tables import Column, one_line, print_rows

SECONDS = 2.0
"""Between two looks of --watch."""
SHORT = 8
"""Letters of a session's uuid that are shown; `--resume` takes them."""


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what runs where, how far, and since when.

    Crawls under way and their last sign of life, crawls that were killed, the queue,
    Scrapyd, the database, the last result, and sessions that look suspicious. Times are
    local. Starts nothing, and works without a database. With --watch, --json prints one
    object a line.

    \b
    ims status
    ims status --watch
    """
    from ims_spiders.cli.status_look import Look

    look = Look()
    if not watch:
        found = look.now()
        print_json(found) if as_json else _show(found)
        return
    try:
        while True:
            _show_again(look.now(), as_json)
            time.sleep(SECONDS)
    except KeyboardInterrupt:
        return


def _show_again(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, default=str) + "\n")
    else:
        # Home, and all below away: a terminal shows the newest only.
        sys.stdout.write("\x1b[H\x1b[2J" if sys.stdout.isatty() else "")
        _show(found)
        sys.stdout.write("" if sys.stdout.isatty() else "\n")
    sys.stdout.flush()


_RUNNING = (
    Column("Session"), Column("Product", most=10), Column("Query", most=14), Column("Since"),
    Column("Done", number=True), Column("/s", number=True), Column("Errors", number=True), Column("Where", most=20),
    Column("Seen", number=True),
)  # fmt: skip
_JOBS = (
    Column("Job", most=24), Column("State"), Column("Node", most=20), Column("Tries", number=True), Column("Since"),
    Column("User", most=12),
)  # fmt: skip


def _show(found: dict[str, Any]) -> None:
    if found["running"]:
        print_rows(_RUNNING, [_running(one) for one in found["running"]])
    else:
        typer.echo("No crawl is running here.")
    for one in found["killed"]:
        typer.echo(f"Killed at {_far(one)} issues, {_what(one)}. To go on:")
        typer.echo(f"  ims crawl --resume {one['uuid'][:SHORT]}")
    queue = found["queue"]
    if queue is not None and queue["jobs"]:
        typer.echo()
        print_rows(_JOBS, [_job(job) for job in queue["jobs"]])
    typer.echo()
    facts = [
        ("database", _database(found["database"])),
        ("Scrapyd", _scrapyd(found["scrapyd"])),
        ("last", _last(found)),
    ]
    for one in found["suspicious"]:
        reasons = " ".join(str(suspicion.get("message")) for suspicion in one["suspicions"])
        facts.append(("suspicious", f"{one['uuid'][:SHORT]}, {_what(one)}: {reasons}"))
    _print_facts(facts)


def _running(one: dict[str, Any]) -> list[Any]:
    host, pid = one["host"] or "", one["pid"] or ""
    where = f"job {one['job']}" if one["job"] else f"{host} {pid}".strip()
    return [
        one["uuid"][:SHORT], one["product"] or "all", one["query"] or "everything", _when(one["started_at"]),
        _far(one), f"{one['issues_per_second']:.1f}", one["errors"], where, _ago(one["updated_at"]),
    ]  # fmt: skip


def _job(job: dict[str, Any]) -> list[Any]:
    since = job["started_at"] or job["created_at"]
    return [job["job"], job["status"], job["node"] or "", job["attempts"], _when(since), job["username"]]


def _far(one: dict[str, Any]) -> str:
    return f"{one['done']}/{one['found'] or '?'}"


def _what(one: dict[str, Any]) -> str:
    return f"{one['product'] or 'all products'}, {one['query'] or 'everything'}, since {_when(one['started_at'])}"


def _database(found: dict[str, Any]) -> str:
    if not found["used"]:
        return "not used, since USE_DATABASE is false"
    if found.get("running") is False:
        return "embedded, does not run; it starts on demand"
    if not found["reachable"]:
        return f"cannot be reached: {found.get('reason')}"
    if found.get("schema_version") is None:
        return "there is no archive in it yet; `ims db init` makes one"
    behind = found.get("behind")
    state = "its schema needs `ims db upgrade`" if behind is None else "nothing is missing"
    if behind:
        state = f"{behind} sessions are in files only; `ims db load`"
    return f"up, schema {found['schema_version']}, {state}"


def _scrapyd(found: dict[str, Any] | None) -> str | None:
    if found is None:
        return None
    if not found["reachable"]:
        return str(found["reason"])
    return f"{found['url']} runs {found['running']}, {found['pending']} wait"


def _last(found: dict[str, Any]) -> str:
    last = found["last"]
    if last is None:
        return "no crawl has ended yet"
    result = f"{last['status']}, exit code {last['exit_code']}" if last["exit_code"] is not None else last["status"]
    return f"{last['uuid'][:SHORT]} {result}, {last['stored']} issues, {_what(last)}"


def _when(moment: Any) -> str:
    """Local time, without the day where it is today."""
    from datetime import datetime

    try:
        local = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone()
    except (AttributeError, ValueError):
        return "?"
    return local.strftime("%H:%M" if local.date() == datetime.now().astimezone().date() else "%m-%d %H:%M")


def _ago(moment: str | None) -> str:
    from ims_spiders.db.status import seconds_since

    seconds = seconds_since(moment)
    if seconds is None:
        return "?"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _print_facts(rows: list[tuple[str, str | None]]) -> None:
    """Names and values; what is too long for 80 columns goes on in the next line, so that nothing of it is lost."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.width = min(console.width, 80)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value is not None:
            table.add_row(name, Text(one_line(value)))
    console.print(table)
