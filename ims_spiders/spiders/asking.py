"""What the tracker is asked for: the arguments, and the query as it was read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader, Reading
from ims_spiders.query.configured import LEXICON, configured_reader, today_at
from ims_spiders.query.llm import checked
from ims_spiders.query.normal import normalised
from ims_spiders.spiders.arguments import SpiderArguments


@dataclass(frozen=True, slots=True)
class Search:
    """One question: the keyword parameter, products as the argument takes them, names of statuses (none: all), and
    the days of registration, from `since` on until before `until`."""

    keyword: str = ""
    product: str = ""
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class RememberedAnswer:
    """Stands in for a language model that was asked already: its answer goes through the same checks once more."""

    def __init__(self, ims_query: str):
        self._ims_query = ims_query

    def suggest(self, text: str) -> str:
        """What it said. Raises ModelError when the text does not say that."""
        return str(checked(json.dumps({"ims_query": self._ims_query}), text))


def search_for(arguments: SpiderArguments, reading: Reading | None) -> Search:
    """The question; a product that was given goes before the one that the query names."""
    if reading is None:
        return Search(product=arguments.product)
    product = arguments.product or reading.product or ""
    return Search(reading.ims_query, product, reading.status, reading.since, reading.until)


def require_readable(config: TrackerConfig, text: str) -> None:
    """Raise ConfigurationError for a query with nothing in it, wrong words of the user's, or wrong settings."""
    if not text:
        return
    if not normalised(text):
        raise ConfigurationError("the query is empty; ask for something, or leave it out to have everything")
    configured_reader(config)


def read_query(config: TrackerConfig, text: str, products: Iterable[str], suggested: str | None) -> Reading:
    """How the query is read today, with the tracker's own products. May wait for a language model.

    One that was asked before is not asked again, so that what was shown and agreed to is what is searched for:
    `suggested` is its answer, '' when it had none, None when it was not asked. Raises ConfigurationError.
    """
    if suggested is None:
        reader = configured_reader(config, products)
    else:
        model = RememberedAnswer(suggested) if suggested else None
        reader = QueryReader(products, lexicon_dir=config.data_dir / LEXICON, model=model)
    return reader.read(text, today_at(config))
