"""How a crawl's query is read, shown before the crawl starts, and the question whether that is what was meant."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable

import typer

from ims_spiders.cli.output import say, warn
from ims_spiders.query import SURE_ENOUGH, Reading


def understood(query: str, product: str, *, ask: bool) -> str | None:
    """Show on a terminal how the query is read, and ask there when that is not sure; elsewhere only warn then.

    The tracker's own products are not known yet: the spider reads the query once more, with them. Returns what that
    reading needs of this one: what a language model answered, '' when it had no answer, None when it was not asked.
    Raises ConfigurationError for a query, words or settings that are wrong, typer.Exit(2) when the answer is no.
    """
    reading = _read(query)
    sure = reading.confidence >= SURE_ENOUGH
    if sys.stdin.isatty():
        asking = ask and not sure
        # What a question is about is shown with --quiet, too.
        _show(reading, product, warn if asking else say)
        if asking and not typer.confirm("Is that what you mean?", err=True):
            say(f"Nothing was started. Try other words: ims query {shlex.quote(query)}")
            raise typer.Exit(2)
    elif not sure:
        warn(f"Warning: the query may be read wrongly (confidence {reading.confidence:.2f}). {reading.explanation}")
        say(f"To try other words: ims query {shlex.quote(query)}")
    return models_answer(reading)


def _read(query: str) -> Reading:
    from ims_spiders.config import load_tracker_config
    from ims_spiders.query.configured import configured_reader, today_at

    config = load_tracker_config()
    return configured_reader(config).read(query, today_at(config))


def models_answer(reading: Reading) -> str | None:
    """What a language model made of the query, '' when it had no answer, None when it was not asked."""
    if reading.method == "llm":
        return reading.ims_query
    return None if reading.confidence >= SURE_ENOUGH else ""


def _show(reading: Reading, product: str, tell: Callable[[str], None]) -> None:
    tell(f"Searching for: {reading.ims_query or 'everything'} (confidence {reading.confidence:.2f})")
    tell(reading.explanation)
    if product and reading.product:
        tell(f"The product is {product}, as --product says.")
