"""`ims crawl`: one crawl with what the spider takes as arguments."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer

from ims_spiders.cli import complete
from ims_spiders.cli.output import AsJson, say


class Refresh(StrEnum):
    """What is fetched again although the archive has it."""

    ALL = "all"
    CHANGED = "changed"
    MISSING = "missing"


def crawl(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: typer.Context,
    product: Annotated[
        str,
        typer.Option(
            "--product",
            "-p",
            help="Name, beginning of one, code, or a comma-separated list; empty: all.",
            autocompletion=complete.products,
        ),
    ] = "",
    query: Annotated[
        str,
        typer.Option("--query", "-q", help="IMS syntax or a sentence (English, Korean, Japanese); empty: everything."),
    ] = "",
    max_results: Annotated[int, typer.Option("--max-results", "-m", min=0, help="Hits of the search; 0: all.")] = 100,
    related: Annotated[bool, typer.Option("--related/--no-related", help="Follow related issues.")] = True,
    max_depth: Annotated[int, typer.Option("--max-depth", min=0, max=20, help="How far from a hit.")] = 1,
    refresh: Annotated[
        Refresh, typer.Option("--refresh", help="Fetch everything again, what changed, or only what is not there.")
    ] = Refresh.ALL,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="UUID|last",
            help="Go on with a session that ended early.",
            autocompletion=complete.sessions,
        ),
    ] = None,
    database: Annotated[
        bool | None, typer.Option("--database/--no-database", help="Instead of USE_DATABASE.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Instead of IMS_USER.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, not even when the query is unclear.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy what a search finds into the archive.

    The query may be a sentence; `ims query` shows how it is read: what it says of
    products, statuses and days of registration limits the search. On a terminal the
    reading is shown first, and you are asked when it is not sure. Related issues come
    along, whenever they were registered. Without any option, on a terminal, you are asked for
    what to crawl. Exit codes: see README.md.

    \b
    ims crawl -p OpenFrame -q "+TPETIME timeout"
    ims crawl -q "unresolved deadlocks in Tibero since last month"
    ims crawl -q "지난달 이후 OpenFrame에서 타임아웃이나 데드락 찾아줘"
    ims crawl -q "先週のTiberoのエラーとクラッシュを検索して"
    """
    if _nothing_given(context) and sys.stdin.isatty():
        from ims_spiders.cli.ask import ask_what
        from ims_spiders.cli.runner import run_crawl

        raise typer.Exit(run_crawl(ask_what()))
    asked = {
        "product": product, "query": query, "max_results": max_results, "related": related, "max_depth": max_depth,
        "refresh": refresh.value, "resume": resume, "database": database, "user": user,
    }  # fmt: skip
    begin(asked, yes=yes, as_json=as_json)


def _nothing_given(context: typer.Context) -> bool:
    """Whether the command stands there without an option."""
    return all(getattr(context.get_parameter_source(name), "name", "") == "DEFAULT" for name in context.params)


def begin(asked: dict[str, Any], *, yes: bool, as_json: bool) -> NoReturn:
    """Crawl with these arguments of the spider, after showing how the query is read.

    Raises typer.Exit with the exit code of the crawl, or 2 when somebody did not agree; ConfigurationError as
    run_crawl does.
    """
    from ims_spiders.cli.runner import CrawlRequest, run_crawl

    request = CrawlRequest(**asked)
    everything = not request.product and not request.query and request.max_results == 0 and request.resume is None
    if everything and not yes and sys.stdin.isatty():
        _confirm_everything()
    if request.query and request.resume is None:
        from ims_spiders.cli.understood import understood

        # Bytes that are no UTF-8 would be refused by whatever prints them.
        query = request.query.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
        request = replace(request, query=query, suggested=understood(query, request.product, ask=not yes))
    raise typer.Exit(run_crawl(request, output_json=as_json))


def _confirm_everything() -> None:
    if not typer.confirm("This copies every issue of every product. Go on?", err=True):
        say("Nothing was started.")
        raise typer.Exit(2)
