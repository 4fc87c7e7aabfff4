"""`ims analytics`: what the archive is used for and how far it reaches, on the terminal or as a page."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.archive import open_archive
from ims_spiders.cli.db_export import day
from ims_spiders.cli.output import AsJson, print_json, print_table, say
from ims_spiders.cli.tables import Column, print_rows
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from ims_spiders.report.usage_model import Usage


class Format(StrEnum):
    """How the figures are shown."""

    TABLE = "table"
    HTML = "html"


STDOUT = Path("-")
LATEST_DAYS, LATEST_MONTHS, MOST_ROWS = 14, 12, 12


def analytics(
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only this user's.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day, as 2026-03-01.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day.")] = None,
    chosen: Annotated[Format, typer.Option("--format", help="Tables here, or a page with charts.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="For html; default, and -: stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was crawled and asked, by whom, and how far the archive reaches.

    Activity by day and month, how long sessions take, products, queries and their words, people, issues registered
    and closed at the tracker by month.

    \b
    ims analytics
    ims analytics --user kim --since 2026-03-01 --until 2026-03-31
    ims analytics --format html -o analytics.html
    ims analytics --json

    A user's own login sees only what is theirs; the owner, admins and analysts see everybody's. Days are those of the
    archive's time zone, times are local. Figures of people and products are of all time. Where the login may, the
    statistics are brought up to date first, as `ims db refresh` does; else it says how far they are behind.
    """
    if as_json and chosen is Format.HTML:
        raise ConfigurationError("--json and --format html are two things: choose one")
    if output == STDOUT:
        output = None
    if output is not None and chosen is not Format.HTML:
        raise ConfigurationError("-o is for a page: add --format html, or redirect stdout")
    first, last = day(since, "--since"), day(until, "--until")
    if first and last and first > last:
        raise ConfigurationError(f"--since {first} is after --until {last}")
    from ims_spiders.report.usage import usage

    with open_archive() as archive:
        found = usage(archive.engine, user, first, last, archive.schema)
    if as_json:
        print_json(asdict(found))
    elif chosen is Format.HTML:
        _write_page(found, output)
    else:
        _print(found)


def _write_page(found: Usage, output: Path | None) -> None:
    from ims_spiders.db.export_file import export_target
    from ims_spiders.report.usage_page import usage_page

    content = usage_page(found).encode()
    with export_target(output) as target:
        target.write(content)
    if output is not None:
        say(f"The analytics are in {output}.")


def _print(found: Usage) -> None:
    _print_activity(found)
    _print_products(found)
    _print_queries(found)
    _print_people(found)


def _print_activity(found: Usage) -> None:
    from ims_spiders.report.times import duration
    from ims_spiders.report.usage_page import totals

    total, took = totals(found.days), found.durations
    shown = None
    if took.sessions:
        shown = (
            f"{duration(took.median)} half, {duration(took.nine_in_ten)} nine in ten, {duration(took.longest)} longest"
        )
    print_table(
        [
            ("period", _period(found)),
            ("sessions ended", f"{total.sessions}, {total.failed} of them failed"),
            ("issues crawled", f"{total.issues_crawled}, {total.new_issues} of them new"),
            ("attachments", total.attachments),
            ("time of a session", shown),
        ]
    )
    numbers = [Column(title, number=True) for title in ("Sessions", "Completed", "Failed", "Issues", "New", "Files")]
    for title, rows in (("Day", found.days[-LATEST_DAYS:]), ("Month", found.months[-LATEST_MONTHS:])):
        if rows:
            typer.echo()
            lines = [
                (r.label, r.sessions, r.completed, r.failed, r.issues_crawled, r.new_issues, r.attachments)
                for r in rows
            ]
            print_rows((Column(title), *numbers), lines)


def _period(found: Usage) -> str:
    begins = f"from {found.since} " if found.since else ""
    ends = f"to {found.until} " if found.until else ""
    return f"{begins}{ends}(days in {found.time_zone})" if begins or ends else f"all (days in {found.time_zone})"


def _print_products(found: Usage) -> None:
    from ims_spiders.report.times import day as shown_day

    if found.products:
        typer.echo()
        titles = ("Issues", "Open", "Closed", "Gone", "Comments", "Files")
        columns = (Column("Product", most=40), *(Column(title, number=True) for title in titles), Column("Crawled"))
        print_rows(
            columns,
            [
                (
                    r.product,
                    r.issues,
                    r.open,
                    r.closed,
                    r.missing,
                    r.comments,
                    r.attachments,
                    shown_day(r.last_crawled_at),
                )
                for r in found.products[:MOST_ROWS]
            ],
        )
        if len(found.products) > MOST_ROWS:
            say(f"The first {MOST_ROWS} of {len(found.products)} products; --json and --format html show all.")
    if found.trends:
        typer.echo()
        columns = (Column("Month"), Column("Registered", number=True), Column("Closed", number=True))
        print_rows(columns, [(r.label, r.registered, r.closed) for r in found.trends[-LATEST_MONTHS:]])
    if found.trends_behind:
        say(f"Registered and closed are as of the last `ims db refresh`; {found.trends_behind} dates came in since.")


def _print_queries(found: Usage) -> None:
    from ims_spiders.report.times import minute

    if not found.queries:
        return
    typer.echo()
    columns = (Column("Query", most=50), Column("Times", number=True), Column("Results", number=True), Column("Last"))
    lines = [
        (r.query or "(everything)", r.times, "" if r.results is None else f"{r.results:.1f}", minute(r.last_at))
        for r in found.queries
    ]
    print_rows(columns, lines)
    if found.words:
        typer.echo()
        print_rows((Column("Word", most=40), Column("Times", number=True)), found.words[:MOST_ROWS])


def _print_people(found: Usage) -> None:
    from ims_spiders.report.times import duration, minute

    typer.echo()
    titles = ("Sessions", "Failed", "Issues", "New", "Queries", "Time")
    columns = (Column("Name", most=20), *(Column(title, number=True) for title in titles), Column("Last session"))
    print_rows(
        columns,
        [
            (
                r.username, r.sessions, r.failed, r.issues_crawled, r.new_issues, r.queries,
                duration(r.average_duration), minute(r.last_session_at),
            )
            for r in found.people[:MOST_ROWS]
        ],
    )  # fmt: skip
    if len(found.people) > MOST_ROWS:
        say(f"The first {MOST_ROWS} of {len(found.people)} people; --json and --format html show all.")
