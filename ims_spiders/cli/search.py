"""`ims search`: finds issues in the archive, and shows where each says it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.archive import Archive, open_archive
from ims_spiders.cli.db_export import day
from ims_spiders.cli.output import AsJson, print_json, say
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from ims_spiders.search import Hit, SearchResult

OWN_SYNONYMS = "synonyms.txt"
"""In $IMS_DATA_DIR/lexicon, beside the words of `ims query`."""


def search(  # noqa: PLR0913, PLR0917 - one parameter an option
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="The query.")] = None,
    product: Annotated[str | None, typer.Option("-p", "--product", help="Products that begin so; commas part.")] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only with this status; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Registered on this day or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Registered on this day or before.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, the best first.")] = 20,
    like: Annotated[str | None, typer.Option("--like", metavar="ISSUE", help="Issues most like this one.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Instead of IMS_USER.")] = None,
    meaning: Annotated[
        bool | None,
        typer.Option(
            "--meaning/--no-meaning",
            help="Also what means the same (IMS_EMBEDDING_URL); instead of IMS_SEARCH_MEANING.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search the archive: titles, descriptions, comments, history and the texts of attachments.

    The query is IMS syntax or a sentence in English, Korean or Japanese, as for `ims query`: what it says of product,
    status and time confines the hits; the options go before it. Words are found whatever particle or ending they bear
    and however compounds are spaced, and by their synonyms in all three languages. Best is what has everything in the
    title, then in the text, then in other words. Nothing is asked of the tracker.

    \b
    ims search "TPETIME +timeout"
    ims search "메모리 부족" --product OpenFrame --since 2025-01-01
    ims search "先月以降のTiberoのデッドロック"
    ims search --like 348115
    ims search --json "ORA-00600" | jq '.hits[].issue_id'

    With --meaning the query is also sent to the model of IMS_EMBEDDING_URL, and issues whose passages are near it in
    meaning (`ims db refresh --meaning` makes their vectors) are ranked together with what the words find. Filters and
    +must hold for them, too.

    With --json, `marks` says where in a snippet the hits are. Synonyms of yours are added
    from $IMS_DATA_DIR/lexicon/synonyms.txt, a concept a line:

    \b
    en: timeout, time out | ko: 타임아웃 | ja: タイムアウト
    """
    query = " ".join(text or ())
    if meaning and like is not None:
        raise ConfigurationError("--like compares words: not with --meaning")
    if bool(query.strip()) == (like is not None):
        raise ConfigurationError(
            "say what to search for, or --like and an issue's number; `ims search --help` has examples"
        )
    first, last = day(since, "--since"), day(until, "--until")
    with open_archive() as archive:
        _load_synonyms(archive)
        if like is not None:
            _show_similar(archive, like.strip(), limit, as_json)
            return
        from ims_spiders.search.asking import Asked, ask

        asked = Asked(
            query, product, tuple(status or ()), first, last + timedelta(days=1) if last else None, limit, user, meaning
        )
        result = ask(archive.engine, asked, archive.schema)
    if as_json:
        print_json(result.to_json())
    else:
        _show(result)


def _load_synonyms(archive: Archive) -> None:
    """Have the database know the packaged synonyms and those of the user's own; no news takes no time."""
    from ims_spiders.db.synonyms import load_own_synonyms

    load_own_synonyms(archive.engine, archive.schema, archive.data_dir / "lexicon" / OWN_SYNONYMS)


def _show_similar(archive: Archive, issue_id: str, limit: int, as_json: bool) -> None:
    from ims_spiders.search import similar

    with archive.engine.connect() as connection:
        try:
            hits = similar(connection, issue_id, limit, archive.schema)
        except LookupError as error:
            raise ConfigurationError(f"{error}; `ims crawl --query {issue_id}` brings it") from error
    if as_json:
        print_json({"like": issue_id, "hits": [hit.to_json() for hit in hits]})
        return
    _print_hits(hits)
    say("" if hits else f"Nothing shares a rare word with issue {issue_id}.")


def _show(result: SearchResult) -> None:
    reading = result.query
    if reading.method != "direct":
        say(f"Read as: {reading.explanation}")
    if result.meaning and result.meaning.note:
        say(f"Found by words alone: {result.meaning.note}")
    if not result.hits:
        say("Nothing was found. Fewer words or other filters may find more; `ims crawl` brings more into the archive.")
        return
    _print_hits(result.hits)
    counted = f"{result.total} issues" if result.total != 1 else "1 issue"
    say(
        f"{counted} found"
        + (f", the best {len(result.hits)} shown (--limit)" if result.total > len(result.hits) else "")
    )
    for name, values in result.facets.items():
        if len(values) > 1:
            shown = ", ".join(f"{value or '(none)'} {issues}" for value, issues in values[:8])
            say(f"  by {name}: {shown}{', …' if len(values) > 8 else ''}")


def _print_hits(hits: tuple[Hit, ...]) -> None:
    """Each on three lines at most: number and title, what it is, and the passage with its hits marked."""
    from rich.console import Console
    from rich.text import Text

    from ims_spiders.cli.tables import one_line

    console = Console(highlight=False, soft_wrap=True)
    for hit in hits:
        console.print(Text.assemble((hit.issue_id, "bold"), "  ", one_line(hit.title)))
        registered = hit.registered_date.astimezone().date().isoformat() if hit.registered_date else None
        facts = " · ".join(one_line(fact) for fact in (hit.product, hit.status, registered) if fact)
        console.print(Text(f"  {facts}", style="dim"))
        snippet = Text(_printable(hit.snippet.text))
        for start, end in hit.snippet.marks:
            snippet.stylize("bold yellow", start, end)
        near = "near in meaning, " if hit.found_by == ("meaning",) else ""
        if hit.snippet.where != "title" or near:
            console.print(Text.assemble((f"  {near}{one_line(hit.snippet.place)}: ", "dim"), snippet))


def _printable(text: str) -> str:
    """Without what would steer a terminal; as long as it was, so that marks stay right."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
