"""`ims schedule run`: starts the crawls that are due; for the system's timer, once a minute."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli import complete
from ims_spiders.cli.archive import acting_user, open_archive
from ims_spiders.cli.output import AsJson, print_json, say, volume, warn
from ims_spiders.cli.tables import Column, print_rows

if TYPE_CHECKING:
    from ims_spiders.daemon.schedule_runs import Outcome, Runner


def run(
    name: Annotated[
        str | None,
        typer.Argument(help="Only this one, due or not.", metavar="[NAME]", autocompletion=complete.schedules),
    ] = None,
    scrapyd: Annotated[bool, typer.Option("--scrapyd", help="Hand the crawls over to Scrapyd.")] = False,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Whose NAME it is; instead of IMS_USER.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the crawls that are due.

    However many ask at once, on whatever machine, each run is taken once; runs that were missed are made up for by
    one. They run one after the other, each as `ims crawl` under its user's name, and one whose last run still goes on
    is left out. Nothing due: nothing is printed. Exit code: 0, or that of the first crawl which did not end with 0.
    """
    from ims_spiders.daemon.schedule_runs import Runs

    runner = _runner(scrapyd)
    with open_archive() as archive:
        runs = Runs(archive.engine, archive.schema, runner, say, warn)
        outcomes = list(runs.due()) if name is None else [runs.one(acting_user(user), name)]
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    elif outcomes:
        print_rows(_COLUMNS, [_line(outcome) for outcome in outcomes])
    raise typer.Exit(next((outcome.exit_code for outcome in outcomes if outcome.exit_code), 0))


def _runner(scrapyd: bool) -> Runner:
    if scrapyd:
        from ims_spiders.daemon.schedule_scrapyd import Scrapyd

        return Scrapyd.of_settings()
    from ims_spiders.daemon.schedule_process import Processes

    return Processes(volume.options())


_COLUMNS = (
    Column("Name", most=24), Column("User", most=12), Column("Session or job", most=36),
    Column("Exit", number=True), Column("Result", most=30),
)  # fmt: skip


def _line(outcome: Outcome) -> list[str | int | None]:
    return [outcome.name, outcome.user, outcome.job, outcome.exit_code, outcome.result]
