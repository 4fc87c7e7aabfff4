"""`ims schedule`: crawls by the clock, kept in the database and started by `ims schedule run`."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from ims_spiders.cli import complete
from ims_spiders.cli.archive import acting_user, open_archive
from ims_spiders.cli.crawl import Refresh
from ims_spiders.cli.output import AsJson, print_json, say
from ims_spiders.cli.schedule_run import run
from ims_spiders.cli.tables import Column, local_time, print_rows

app = typer.Typer(help="Crawls by the clock.", no_args_is_help=True, rich_markup_mode=None)
app.command()(run)

Name = Annotated[str, typer.Argument(help="As `ims schedule list` shows it.", autocompletion=complete.schedules)]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Whose it is; instead of IMS_USER.")]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: Annotated[str, typer.Argument(help="What to call it.")],
    cron: Annotated[
        str, typer.Option("--cron", metavar="LINE", help='Five fields: "0 3 * * *", "0 7 * * MON-FRI"; or @daily.')
    ],
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", metavar="ZONE", help="Whose clock; this machine's unless given.")
    ] = None,
    product: Annotated[
        str, typer.Option("--product", "-p", help="As for `ims crawl`.", autocompletion=complete.products)
    ] = "",
    query: Annotated[str, typer.Option("--query", "-q", help="As for `ims crawl`; read anew each time.")] = "",
    max_results: Annotated[int, typer.Option("--max-results", "-m", min=0, help="Hits of the search; 0: all.")] = 100,
    related: Annotated[bool, typer.Option("--related/--no-related", help="Follow related issues.")] = True,
    max_depth: Annotated[int, typer.Option("--max-depth", min=0, max=20, help="How far from a hit.")] = 1,
    refresh: Annotated[Refresh, typer.Option("--refresh", help="As for `ims crawl`.")] = Refresh.CHANGED,
    user: User = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, not even when the query is unclear.")] = False,
) -> None:
    """Have a crawl run again and again.

    The line has minute, hour, day of the month, month and weekday, as in crontab(5), with names of days and months;
    or it is @hourly, @daily, @weekly, @monthly or @yearly. Something has to run `ims schedule run` every minute: see
    deploy/README.md.

    \b
    ims schedule add nightly --cron "0 3 * * *" -p OpenFrame -m 0
    ims schedule add timeouts --cron "*/30 8-18 * * MON-FRI" -q "+TPETIME"
    """
    from ims_spiders.cli.understood import understood
    from ims_spiders.db.schedules import add_schedule
    from ims_spiders.db.schedules_clock import local_zone_name

    asked = {
        "product": product, "query": query, "max_results": max_results, "related": related, "max_depth": max_depth,
        "refresh": refresh.value,
    }  # fmt: skip
    if query:
        understood(query, product, ask=not yes)
    zone = time_zone or local_zone_name()
    with open_archive() as archive:
        owner, following = add_schedule(archive.engine, acting_user(user), name, cron, zone, asked, archive.schema)
    say(f"{name.strip()} of {owner} is kept, by the clock of {zone}. Next run: {local_time(following)} here.")


@app.command("list")
def list_command(
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only that user's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the schedules, when each runs next, and how its last run ended.

    Times are local. Those of a user who is disabled rest.
    """
    from ims_spiders.db.schedules import list_schedules

    with open_archive() as archive:
        found = list_schedules(archive.engine, user, archive.schema)
    if as_json:
        print_json(found)
    elif found:
        print_rows(_COLUMNS, [_line(row) for row in found])
    else:
        say('There is no schedule. One is made by: ims schedule add NAME --cron "0 3 * * *"')


@app.command()
def remove(name: Name, user: User = None) -> None:
    """Forget a schedule; what it has crawled stays."""
    from ims_spiders.db.schedules import remove_schedule

    with open_archive() as archive:
        remove_schedule(archive.engine, acting_user(user), name, archive.schema)
    say(f"{name} is removed.")


@app.command()
def pause(name: Name, user: User = None) -> None:
    """Let a schedule rest until `ims schedule resume`."""
    from ims_spiders.db.schedules import pause_schedule

    with open_archive() as archive:
        pause_schedule(archive.engine, acting_user(user), name, archive.schema)
    say(f"{name} rests. To have it run again: {shlex.join(['ims', 'schedule', 'resume', name])}")


@app.command()
def resume(name: Name, user: User = None) -> None:
    """Let a schedule run again; what it missed meanwhile is not made up for."""
    from ims_spiders.db.schedules import resume_schedule

    with open_archive() as archive:
        following = resume_schedule(archive.engine, acting_user(user), name, archive.schema)
    say(f"{name} runs again, next at {local_time(following)}.")


_COLUMNS = (
    Column("Name", most=20), Column("User", most=10), Column("Cron", most=20), Column("Next run"),
    Column("Last run"), Column("Result", most=24),
)  # fmt: skip


def _line(row: dict[str, Any]) -> list[str | None]:
    following = row["next_run_at"]
    rests = "paused" if not row["is_active"] else "disabled" if not row["user_is_active"] else None
    return [
        row["name"], row["username"], row["cron"], rests or (local_time(following) if following else "never"),
        local_time(row["last_run_at"]) if row["last_run_at"] else "never", _result(row),
    ]  # fmt: skip


def _result(row: dict[str, Any]) -> str | None:
    """How the last run ended; one without an end that nobody runs any more was killed."""
    if row["running"]:
        return "running"
    if row["last_run_at"] is not None and row["last_result"] is None:
        return "killed"
    result: str | None = row["last_result"]
    return result
