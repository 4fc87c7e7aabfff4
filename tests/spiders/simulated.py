"""A tracker in memory and a crawl of it without a network: the spider's own callbacks, answered in any order."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scrapy import Request
from scrapy.http import HtmlResponse, TextResponse
from scrapy.utils.test import get_crawler

from ims_spiders.items import Issue
from ims_spiders.spiders import signals
from ims_spiders.spiders.ims import ImsSpider

PRODUCTS = {"070": "Tibero", "123": "OpenFrame Batch", "137": "OpenFrame Common"}
STATUSES = {"1": "New", "2": "Open", "8": "Closed", "9": "Closed_P"}


@dataclass
class SimulatedTracker:
    """`issues` in the order of the list: number to the day of registration, None where its page does not say."""

    issues: dict[str, str | None]
    related: dict[str, list[str]] = field(default_factory=dict)
    dated_list: bool = True
    broken: set[str] = field(default_factory=set)
    products: dict[str, str] = field(default_factory=lambda: dict(PRODUCTS))
    statuses: dict[str, str] = field(default_factory=lambda: dict(STATUSES))

    def answer(self, request: Request) -> TextResponse:
        """The page that a request asks for."""
        query = parse_qs(urlsplit(request.url).query)
        if "findRelationIssues" in request.url:
            number = query["issueId"][0]
            found = [{"issueId": number, "relationIssueId": one} for one in self.related.get(number, [])]
            body = json.dumps([{"issueId": number, "relationIssueId": 0}, *found]).encode()
            return TextResponse(request.url, body=body, encoding="utf-8", request=request)
        if "issueView" in request.url:
            html = self._issue(query["issueId"][0])
        else:
            html = self._form() + self._results(int(query.get("pageIndex", ["1"])[0]))
        return HtmlResponse(request.url, body=f"<html><body>{html}</body></html>".encode(), request=request)

    def _form(self) -> str:
        products = "".join(f"<option value={code}>{name}</option>" for code, name in self.products.items())
        statuses = "".join(f"<option value={code}>{name}</option>" for code, name in self.statuses.items())
        return (
            "<form name=issueSearchForm><input name=keyword><input type=hidden name=userId value=kim>"
            f"<select name=productCodes>{products}</select><select name=activities>{statuses}</select></form>"
        )

    def _results(self, page: int) -> str:
        shown = list(self.issues)[page * 10 - 10 : page * 10]
        rows = "".join(
            f"<tr class=rowClickData onclick=\"popBlankIssueView('{number}','x')\"><td>{number}</td><td>s</td>"
            f"{self._date_cell(number)}</tr>"
            for number in shown
        )
        date = "<th>Issued Date</th>" if self.dated_list else ""
        head = f"<tr><th>Issue Number</th><th>Subject</th>{date}</tr>"
        return f"[ Total {len(self.issues)} ]<table>{head}{rows}</table>"

    def _date_cell(self, number: str) -> str:
        return f"<td>{self.issues[number] or ''}</td>" if self.dated_list else ""

    def _issue(self, number: str) -> str:
        if number in self.broken:
            return "no such page"
        day = self.issues.get(number)
        date = f"<tr><td class=tableHeaderTitle>Registered date</td><td class=data>{day} 08:00</td></tr>" if day else ""
        return (
            f"<span class=issueNumber>{number}</span><table><tr><td class=tableHeaderTitle>Subject</td>"
            f"<td class=data>subject</td></tr>{date}</table>"
        )


@dataclass
class Crawl:
    """What a crawl asked for, yielded and sent."""

    spider: ImsSpider
    asked: list[str] = field(default_factory=list)
    issues: dict[str, Issue] = field(default_factory=dict)
    ended: list[dict[str, Any]] = field(default_factory=list)
    read: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)

    def pages_of(self, kind: str) -> list[str]:
        """The addresses of one kind in the order in which they were asked for."""
        return [url for url in self.asked if kind in url]

    def on_ended(self, total: int | None, found: int, complete: bool) -> None:
        """Keeps the signal."""
        self.ended.append({"total": total, "found": found, "complete": complete})

    def on_read(self, reading: Any, product: str) -> None:
        """Keeps the signal."""
        self.read.append({"reading": reading, "product": product})

    def on_problem(self, error: Exception) -> None:
        """Keeps the signal."""
        self.problems.append(error)


def prepare(**arguments: Any) -> Crawl:
    """A spider with these arguments whose signals are kept; `run` crawls with it."""
    crawler = get_crawler(ImsSpider)
    crawl = Crawl(ImsSpider.from_crawler(crawler, **arguments))
    crawler.signals.connect(crawl.on_ended, signals.search_ended)
    crawler.signals.connect(crawl.on_read, signals.query_read)
    crawler.signals.connect(crawl.on_problem, signals.problem)
    return crawl


def run(crawl: Crawl, tracker: SimulatedTracker, rng: random.Random | None = None) -> Crawl:
    """Crawl to the end. With `rng`, answers come in any order, and callbacks are interleaved as Scrapy does."""
    asyncio.run(_run(crawl, tracker, rng or random.Random(0)))
    return crawl


async def _run(crawl: Crawl, tracker: SimulatedTracker, rng: random.Random) -> None:
    pending: list[Any] = [request async for request in crawl.spider.start()]
    while pending:
        step = pending.pop(rng.randrange(len(pending)))
        if isinstance(step, Request):
            crawl.asked.append(step.url)
            assert step.callback is not None
            output = step.callback(tracker.answer(step), **step.cb_kwargs)
            pending.append([one async for one in output] if hasattr(output, "__aiter__") else output)
        elif isinstance(step, list):
            pending.extend(step)
        else:
            try:
                one = next(step, None)
            except Exception as error:  # noqa: BLE001
                # Scrapy reports it and goes on with the other callbacks.
                crawl.problems.append(error)
                one = None
            if one is None:
                continue
            pending.append(step)
            if isinstance(one, Issue):
                assert one.issue_id not in crawl.issues
                crawl.issues[one.issue_id] = one
            else:
                pending.append(one)
