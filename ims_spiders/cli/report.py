"""`ims report`: what a search found in the archive and how it developed, as a file for a customer or an assistant."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.archive import open_archive
from ims_spiders.cli.db_export import day
from ims_spiders.cli.output import say
from ims_spiders.cli.search import OWN_SYNONYMS
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from ims_spiders.report.make import Request
    from ims_spiders.report.model import Report


class Format(StrEnum):
    """What a report can be."""

    HTML = "html"
    MD = "md"
    PDF = "pdf"


STDOUT = Path("-")


def report(  # noqa: PLR0913, PLR0917 - one parameter an option
    query: Annotated[str | None, typer.Option("-q", "--query", metavar="TEXT", help="What to search for.")] = None,
    product: Annotated[str | None, typer.Option("-p", "--product", help="Products that begin so.")] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only with this status; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Registered on this day or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Registered on this day or before.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many issues, the best first.")] = 50,
    session: Annotated[
        str | None, typer.Option("--session", metavar="UUID|last", help="Only what this crawl saw.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="As this user of the archive sees it.")
    ] = None,
    chosen: Annotated[Format, typer.Option("--format", help="What it is to be.")] = Format.HTML,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default, and -: stdout.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Instead of one made from the query.")] = None,
) -> None:
    """Write a report on what the archive holds about a matter.

    It says what was searched and how that was read, what was found, how it developed, and what each issue is about,
    with the issue's number and address and the comment's number, author and date for everything it quotes.

    \b
    ims report -q "TPETIME timeouts in OpenFrame since 2024" -o report.html
    ims report -q "JEUS에서 발생한 데드락" --format pdf -o deadlocks.pdf
    ims report -q "+timeout" --status Open --format md > for_my_assistant.md
    ims report --session last --title "Monday's crawl" -o monday.html

    A query in words may name products, statuses and times; the options go before it. html is one file that fetches
    nothing; pdf is that page, printed by Chromium. Times are local. Customers, sites and mail addresses of an issue
    are left out of it; what people wrote is not.
    """
    if query is None and session is None:
        raise ConfigurationError("say what the report is about: --query TEXT, or --session last for the last crawl")
    if output == STDOUT:
        output = None
    if chosen is Format.PDF:
        if output is None:
            raise ConfigurationError("a PDF is nothing for a terminal: give -o FILE")
        from ims_spiders.report.pdf import ensure_browser

        ensure_browser()
    first, last = day(since, "--since"), day(until, "--until")
    if session is not None:
        session = _session(session)
    from ims_spiders.db.export_file import export_target
    from ims_spiders.report.found import Wanted
    from ims_spiders.report.make import Request

    wanted = Wanted(query, product, tuple(status or ()), first, last, session, limit)
    made = _made(Request(wanted, user, title))
    content = _rendered(made, chosen)
    with export_target(output) as target:
        target.write(content)
    if output is not None:
        say(f"A report on {len(made.issues)} of {made.found} issues found is in {output}.")


def _session(text: str) -> str:
    """A session's uuid, or `last`. Raises ConfigurationError for anything else."""
    from uuid import UUID

    try:
        return text if text == "last" else str(UUID(text))
    except ValueError:
        raise ConfigurationError(
            f"--session: {text!r} is no session; it takes a uuid as `ims db history --json` shows, or last"
        ) from None


def _made(request: Request) -> Report:
    """The report, read with the settings' words and synonyms."""
    from functools import partial

    from ims_spiders.config import load_tracker_config
    from ims_spiders.db.synonyms import load_own_synonyms
    from ims_spiders.query.configured import configured_reader, today_at
    from ims_spiders.report.make import make_report

    config = load_tracker_config()
    with open_archive() as archive:
        load_own_synonyms(archive.engine, archive.schema, archive.data_dir / "lexicon" / OWN_SYNONYMS)
        reader_of = partial(configured_reader, config)
        return make_report(archive.engine, request, reader_of, today_at(config), archive.schema)


def _rendered(made: Report, chosen: Format) -> bytes:
    if chosen is Format.MD:
        from ims_spiders.report.markdown import report_markdown

        return report_markdown(made).encode()
    from ims_spiders.report.page import report_page

    page = report_page(made)
    if chosen is Format.HTML:
        return page.encode()
    from ims_spiders.report.pdf import as_pdf

    return as_pdf(page, made.title)
