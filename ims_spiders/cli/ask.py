"""`ims crawl` without arguments on a terminal: asks what to crawl, and says which command does the same."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

from ims_spiders.cli.commandline import crawl_command
from ims_spiders.cli.output import warn
from ims_spiders.config import TrackerConfig, load_tracker_config
from ims_spiders.exceptions import ConfigurationError, PageError, TrackerUnavailable
from ims_spiders.login.session import require_credentials
from ims_spiders.spiders.arguments import SpiderArguments

if TYPE_CHECKING:
    from ims_spiders.cli.runner import CrawlRequest
    from ims_spiders.pages.products import Product

USAGE, INTERRUPTED = 2, 7


def ask_what() -> CrawlRequest:
    """What somebody at a terminal wants to crawl, agreed to. All of it is said on stderr.

    Raises typer.Exit(7) at Ctrl-C, typer.Exit(2) at the end of input or a no; nothing is started then. Raises
    ConfigurationError when something to log in with is missing, LoginRefused when the tracker refuses the login.
    """
    try:
        return _ask(load_tracker_config())
    except KeyboardInterrupt:
        raise _nothing_started(INTERRUPTED) from None
    except typer.Abort as end:
        interrupted = isinstance(end.__context__, KeyboardInterrupt)
        raise _nothing_started(INTERRUPTED if interrupted else USAGE) from None


def _ask(config: TrackerConfig) -> CrawlRequest:
    from ims_spiders.cli.runner import CrawlRequest

    require_credentials(config)
    products = _offered(config)
    product = _product(products)
    query, suggested = _query(config, products, product)
    asked: dict[str, Any] = {"product": product, "query": query, "max_results": _number(), "related": _related()}
    warn(f"The same again:\n  {crawl_command(SpiderArguments(**asked))}")
    if not (product or query or asked["max_results"]):
        warn("This copies every issue of every product.")
    if not typer.confirm("Start it?", default=True, err=True):
        raise _nothing_started(USAGE)
    return CrawlRequest(**asked, suggested=suggested)


def _nothing_started(code: int) -> typer.Exit:
    warn("\nNothing was started.")
    return typer.Exit(code)


def _offered(config: TrackerConfig) -> list[Product]:
    """The tracker's own products; none when it cannot be asked. A refused login is no reason to try once more."""
    from ims_spiders.cli.ask_products import tracker_products

    warn(f"Asking {config.base_url} for its products …")
    try:
        return tracker_products(config)
    except (TrackerUnavailable, PageError) as error:
        warn(f"They cannot be had now: {error}")
        return []


def _product(products: Sequence[Product]) -> str:
    """As the spider's argument; with the tracker's list one that is on it."""
    from ims_spiders.cli.tables import print_columns
    from ims_spiders.pages.products import select_products

    with redirect_stdout(sys.stderr):
        print_columns([product.name for product in products])
    while True:
        said = _text("Product: a name or the beginning of one, several with commas; Enter for all")
        if not products:
            return said
        try:
            chosen = select_products(products, said)
        except ConfigurationError as error:
            warn(f"{error}")
            continue
        if len(chosen) > 1:
            warn(f"That is {', '.join(product.name for product in chosen)}.")
        return said


def _query(config: TrackerConfig, products: Sequence[Product], product: str) -> tuple[str, str | None]:
    """The query whose reading was agreed to, and what a language model made of it."""
    from ims_spiders.cli.query import show_reading
    from ims_spiders.cli.understood import models_answer
    from ims_spiders.query.configured import configured_reader, today_at

    reader = configured_reader(config, [one.name for one in products])
    while True:
        said = _text("Query: IMS syntax or a sentence in English, Korean or Japanese; Enter for everything")
        if not said:
            return "", None
        try:
            reading = reader.read(said, today_at(config))
        except ConfigurationError as error:
            warn(f"{error}")
            continue
        with redirect_stdout(sys.stderr):
            show_reading(reading)
        if product and reading.product:
            warn(f"The product is {product}, as said before.")
        if typer.confirm("Is that what you mean?", default=True, err=True):
            return said, models_answer(reading)


def _number() -> int:
    said: int = typer.prompt("How many issues of the search at most (0: all)", "100", value_proc=_count, err=True)
    return said


def _count(text: str) -> int:
    if not (text.strip().isdecimal() and text.isascii()):
        raise typer.BadParameter(f"{text!r} is no number")
    return int(text)


def _related() -> bool:
    return typer.confirm("The issues related to them, too?", default=True, err=True)


def _text(question: str) -> str:
    """One line; what is no UTF-8 in it would be refused by whatever prints it."""
    said: str = typer.prompt(question, "", show_default=False, err=True)
    return said.strip().encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
