"""Contracts of `scrapy check`: a fixture page in the place of the network, and what a callback is handed besides."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import Any

from scrapy.contracts import Contract

from ims_spiders.items import Issue
from ims_spiders.spiders.building import new_crawl_info
from ims_spiders.spiders.frontier import Visit

FIXTURES = "IMS_FIXTURES"
"""Environment variable with the folder of fixture pages; `tests/fixtures/pages` of the working folder by default."""


class FixtureContract(Contract):
    """`@fixture <page>/<case>`: the callback gets that folder's input file, through a data: URL."""

    name = "fixture"

    def adjust_request_args(self, args: dict[str, Any]) -> dict[str, Any]:
        """Put the page's content into the request's own URL: nothing leaves the machine."""
        folder = Path(os.environ.get(FIXTURES, "tests/fixtures/pages")) / self.args[0]
        page = next(iter(sorted(folder.glob("input.*"))))
        kind = "application/json" if page.suffix == ".json" else "text/html"
        args["url"] = f"data:{kind};charset=utf-8;base64,{b64encode(page.read_bytes()).decode()}"
        return args


class VisitContract(Contract):
    """`@visit <issue id>`: the callback gets a visit of that issue."""

    name = "visit"

    def adjust_request_args(self, args: dict[str, Any]) -> dict[str, Any]:
        """Add the visit to the callback's arguments."""
        args["cb_kwargs"] = {**(args.get("cb_kwargs") or {}), "visit": Visit(self.args[0], 1)}
        return args


class IssueContract(Contract):
    """`@issue <issue id>`: the callback gets an issue under construction that has no patch list left to ask for."""

    name = "issue"

    def adjust_request_args(self, args: dict[str, Any]) -> dict[str, Any]:
        """Add the issue to the callback's arguments."""
        visit = Visit(self.args[0], 1)
        issue = Issue(visit.issue_id, title="contract", url="data:,", crawl=new_crawl_info(visit, None))
        args["cb_kwargs"] = {**(args.get("cb_kwargs") or {}), "issue": issue, "patch_lists": []}
        return args
