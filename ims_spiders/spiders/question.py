"""From the search form to the first page of results: reads the query with what the form knows, chooses what to ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scrapy import Request
from scrapy.http import Response, TextResponse

from ims_spiders.exceptions import ConfigurationError, PageError, TrackerUnavailable
from ims_spiders.pages.search import Product, SearchForm, SearchPage, search_url, select_products, select_statuses
from ims_spiders.query import SURE_ENOUGH, Reading
from ims_spiders.spiders import signals
from ims_spiders.spiders.arguments import SpiderArguments
from ims_spiders.spiders.asking import Search, read_query, search_for
from ims_spiders.spiders.base import TrackerSpider
from ims_spiders.spiders.frontier import Frontier
from ims_spiders.spiders.hits import Days, Hits
from ims_spiders.spiders.searching import SearchProgress


class QuestionSpider(TrackerSpider):
    """Knows what is asked once the search form was read: the list of products is the tracker's own."""

    def __init__(self, arguments: SpiderArguments, suggested: str | None) -> None:
        super().__init__()
        self.arguments = arguments
        self.zone = ZoneInfo(self.config.timezone)
        self.reading: Reading | None = None
        """How the query was read; the crawl session sets it when an earlier run of the session has read it."""
        self.search = Search()
        """What is asked, once the search form was read."""
        self.account: str | None = None
        """Whom the tracker takes us for, once the search form was read: what is listed depends on it."""
        self._suggested = suggested
        self._begin()

    def _begin(self) -> None:
        """With the arguments as they are now: the crawl session puts those of a resumed one in their place."""
        self.frontier = Frontier(self.arguments.follow_depth)
        self.progress = SearchProgress(self.arguments.max_results)
        self.hits = Hits(self.frontier, Days(self.zone), self.progress.wants_more)

    async def parse_search_form(self, response: TextResponse) -> AsyncIterator[Request]:
        """Read the query, choose products and statuses, and ask for the first result page.

        @fixture search/normal
        @returns requests 1 1
        """
        try:
            form = SearchPage(response.text, response.url).form()
        except PageError as error:
            for request in self._again_or(response, error, self._cannot_search):
                yield request
            return
        self.account = form.hidden.get("userId")
        try:
            await self._read(form)
            yield self._first_page(form)
        except ConfigurationError as error:
            self._report(error, response.url)

    def _result_page(self, page_index: int) -> Request:
        raise NotImplementedError

    async def _read(self, form: SearchForm) -> None:
        """Have the query read, once a session: days pass, and a language model may answer otherwise next time."""
        text = self.arguments.query
        fresh = bool(text) and self.reading is None
        if fresh:
            names = [product.name for product in form.products]
            # A language model takes its time: not in the event loop.
            self.reading = await asyncio.to_thread(read_query, self.config, text, names, self._suggested)
        self.search = search_for(self.arguments, self.reading)
        days = Days(self.zone, self.search.since, self.search.until)
        self.hits = Hits(self.frontier, days, self.progress.wants_more)
        if self.reading is not None:
            log = self.logger.info if self.reading.confidence >= SURE_ENOUGH else self.logger.warning
            log("The query (confidence %.2f): %s", self.reading.confidence, self.reading.explanation)
        if fresh:
            self.crawler.signals.send_catch_log(signals.query_read, reading=self.reading, product=self.search.product)

    def _first_page(self, form: SearchForm) -> Request:
        """The first page of results. Raises ConfigurationError for a product that the tracker does not have."""
        products = self._products(form)
        statuses = select_statuses(form.statuses, self.search.statuses)
        if len(statuses) < len(self.search.statuses):
            found = ", ".join(status.label for status in statuses) or "none: every status is searched"
            asked = ", ".join(self.search.statuses)
            self.logger.warning("The query asks for the statuses %s; of those the tracker has %s", asked, found)
        self.search = replace(self.search, statuses=tuple(status.label for status in statuses))
        base_url, keyword = self.config.base_url, self.search.keyword
        self.progress.page_url = partial(search_url, base_url, form, keyword, products, statuses)
        return self._result_page(1)

    def _products(self, form: SearchForm) -> Sequence[Product]:
        named = self.reading.product if self.reading is not None else None
        try:
            products = select_products(form.products, self.search.product)
        except ConfigurationError as error:
            if not named or self.arguments.product:
                raise
            hint = "in quotes it is searched for as a word, and -a product= goes before it"
            raise ConfigurationError(f"the query names a product: {error}; {hint}") from error
        if named and self.arguments.product:
            try:
                same = set(select_products(form.products, named)) == set(products)
            except ConfigurationError:
                same = False
            if not same:
                given = self.arguments.product
                self.logger.warning("The query names the product %s; the argument product=%s holds", named, given)
        return products

    def _cannot_search(self, error: Exception, response: Response | None, url: str) -> Iterator[Any]:
        self._report(error, url, response=response)
        reason = f"the search form could not be read ({error}); check IMS_BASE_URL, then resume"
        self._report(TrackerUnavailable(reason), url)
        yield from ()
