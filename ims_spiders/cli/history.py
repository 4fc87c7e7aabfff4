"""`ims history`: what was asked, to be asked again; favourites under a name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ims_spiders.cli import complete
from ims_spiders.cli.archive import acting_user, open_archive
from ims_spiders.cli.output import AsJson, print_json, say
from ims_spiders.cli.tables import Column, local_time, print_rows

if TYPE_CHECKING:
    from ims_spiders.db.history import Question
    from ims_spiders.spiders.arguments import SpiderArguments

app = typer.Typer(rich_markup_mode=None)

User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Whose; instead of IMS_USER.")]
Which = Annotated[
    str,
    typer.Argument(
        metavar="N|NAME", help="A number of `ims history`, or a favourite's name.", autocompletion=complete.favourites
    ),
]


@app.callback(invoke_without_command=True)
def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many.")] = 20,
    favourites: Annotated[bool, typer.Option("--favourites", help="What was given a name instead.")] = False,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Show what was asked, newest first: crawls of the tracker and searches of the archive.

    A number stays the same whatever is asked later. Times are local.

    \b
    ims history -n 5
    ims history run 17
    ims history favourite 17 timeouts
    ims history run timeouts
    """
    if context.invoked_subcommand is not None:
        return
    if favourites:
        _show_favourites(user, as_json)
    else:
        _show_asked(user, limit, as_json)


@app.command()
def run(
    which: Which,
    user: User = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, as `ims crawl --yes`.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the same again, after saying which command does that.

    A crawl is crawled again, with its exit code; a search is searched again.
    """
    from ims_spiders.cli.commandline import crawl_command, search_command

    with open_archive() as archive:
        found = _find(archive.engine, acting_user(user), which, archive.schema)
    if found.searched:
        from ims_spiders.cli.search import search

        say(search_command(found.arguments, user))
        query, product = (str(found.arguments.get(name) or "") for name in ("query", "product"))
        search([query], product=product or None, user=user, as_json=as_json)
        return
    from ims_spiders.cli.crawl import begin

    arguments = _spider_arguments(found)
    say(crawl_command(arguments, user))
    begin(arguments.model_dump() | {"user": user}, yes=yes, as_json=as_json)


@app.command()
def favourite(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="A number of `ims history`.")],
    name: Annotated[str, typer.Argument(help="What to call it.")],
    user: User = None,
) -> None:
    """Keep a question under a name of its own, for `ims history run NAME`."""
    from ims_spiders.db.favourites import add_favourite
    from ims_spiders.db.history import question

    with open_archive() as archive:
        whose = acting_user(user)
        add_favourite(
            archive.engine, whose, name, question(archive.engine, whose, number, archive.schema), archive.schema
        )
    say(f"{name.strip()} is kept. To ask it again: {shlex.join(['ims', 'history', 'run', name.strip()])}")


@app.command()
def forget(
    name: Annotated[
        str, typer.Argument(help="As `ims history --favourites` shows it.", autocompletion=complete.favourites)
    ],
    user: User = None,
) -> None:
    """Keep a favourite no more; what it has brought stays."""
    from ims_spiders.db.favourites import forget_favourite

    with open_archive() as archive:
        forget_favourite(archive.engine, acting_user(user), name, archive.schema)
    say(f"{name} is forgotten.")


def _find(engine: Any, user: str | None, which: str, schema: str) -> Question:
    from ims_spiders.db.favourites import find_favourite
    from ims_spiders.db.history import question

    if which.isdecimal():
        return question(engine, user, int(which), schema)
    return find_favourite(engine, user, which, schema)


def _spider_arguments(found: Question) -> SpiderArguments:
    """What a crawl was asked for, without whose it was and what held of that one run only."""
    from ims_spiders.spiders.arguments import SpiderArguments, parse_arguments

    again = set(SpiderArguments.model_fields) - {"user", "resume", "database"}
    return parse_arguments({name: value for name, value in found.arguments.items() if name in again})


def _show_asked(user: str | None, limit: int, as_json: bool) -> None:
    from ims_spiders.db.history import asked

    with open_archive() as archive:
        username, rows = asked(archive.engine, acting_user(user), limit, archive.schema)
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(_ASKED, [_line(row) for row in rows])
    else:
        say(f"{username} has asked nothing yet; --user NAME shows what others did.")


def _show_favourites(user: str | None, as_json: bool) -> None:
    from ims_spiders.db.favourites import list_favourites

    with open_archive() as archive:
        rows = list_favourites(archive.engine, acting_user(user), archive.schema)
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(_FAVOURITES, [_favourite_line(row) for row in rows])
    else:
        say("There is no favourite. One is made by: ims history favourite N NAME")


_ASKED = (
    Column("No.", number=True), Column("Asked"), Column("Product", most=14), Column("Query", most=60),
    Column("Hits", number=True), Column("Outcome"),
)  # fmt: skip
_FAVOURITES = (
    Column("Name", most=20), Column("What"), Column("Product", most=14), Column("Query", most=60), Column("Kept"),
)  # fmt: skip


def _line(row: dict[str, Any]) -> list[Any]:
    outcome = "searched" if row["searched"] else row["status"]
    asked = (row["product"] or "all", row["query"] or "everything")
    return [row["number"], local_time(row["queried_at"]), *asked, row["hits"], outcome]


def _favourite_line(row: dict[str, Any]) -> list[Any]:
    arguments = row["arguments"]
    asked = (arguments.get("product") or "all", arguments.get("query") or "everything")
    return [row["name"], "search" if row["searched"] else "crawl", *asked, local_time(row["created_at"])]
