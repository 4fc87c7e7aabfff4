"""`ims crawl`: one crawl with what the spider takes as arguments."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from ims_spiders.cli.output import AsJson


class Refresh(StrEnum):
    """What is fetched again although the archive has it."""

    ALL = "all"
    CHANGED = "changed"
    MISSING = "missing"


def crawl(  # noqa: PLR0913, PLR0917 - one parameter an option
    product: Annotated[
        str,
        typer.Option("--product", "-p", help="Name, beginning of one, code, or a comma-separated list; empty: all."),
    ] = "",
    query: Annotated[str, typer.Option("--query", "-q", help="IMS syntax; empty: everything.")] = "",
    max_results: Annotated[int, typer.Option("--max-results", "-m", min=0, help="Hits of the search; 0: all.")] = 100,
    related: Annotated[bool, typer.Option("--related/--no-related", help="Follow related issues.")] = True,
    max_depth: Annotated[int, typer.Option("--max-depth", min=0, max=20, help="How far from a hit.")] = 1,
    refresh: Annotated[
        Refresh, typer.Option("--refresh", help="Fetch everything again, what changed, or only what is not there.")
    ] = Refresh.ALL,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="UUID|last", help="Go on with a session that ended early.")
    ] = None,
    database: Annotated[
        bool | None, typer.Option("--database/--no-database", help="Instead of USE_DATABASE.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Instead of IMS_USER.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, also before the whole tracker is copied.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy what a search finds into the archive.

    Related issues come along. Exit codes: see README.md.
    """
    from ims_spiders.cli.runner import CrawlRequest, run_crawl

    everything = not product and not query and max_results == 0 and resume is None
    if everything and not yes and sys.stdin.isatty():
        typer.confirm("This copies every issue of every product. Go on?", abort=True, err=True)
    request = CrawlRequest(
        product=product,
        query=query,
        max_results=max_results,
        related=related,
        max_depth=max_depth,
        refresh=refresh.value,
        resume=resume,
        database=database,
        user=user,
    )
    raise typer.Exit(run_crawl(request, output_json=as_json))
