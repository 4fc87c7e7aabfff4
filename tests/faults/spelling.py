"""A tracker whose truth is spelled as a browser spells it, for pages that had to be read as the browser left them.

A page that does not parse is asked for again with the browser; what then comes is the same HTML in other letters.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from lxml.html import fragment_fromstring, tostring

from ims_spiders.demo.server import DemoTracker
from tests.crawl.crawling import Archive

BROKEN = frozenset({"missing_field", "no_number", "stack_trace"})
"""Faults after which a page does not parse."""


class Spelled(DemoTracker):
    """As any other, and knows which issues were rendered: those whose page was broken once."""

    archive: Archive

    def truth(self, only: Collection[str] | None = None) -> dict[str, Any]:
        """With the browser's spelling where it is just that."""
        known = super().truth(only)
        stored = self.archive.documents() if self.archive.sessions() else {}
        for issue_id in self.rendered() & known["issues"].keys() & stored.keys():
            _spell(known["issues"][issue_id], stored[issue_id], "description_html")
            said = {one["comment_number"]: one for one in stored[issue_id]["comments"]}
            for comment in known["issues"][issue_id]["comments"]:
                _spell(comment, said.get(comment["comment_number"], {}), "content_html")
        return known

    def rendered(self) -> frozenset[str]:
        """Numbers of the issues whose page was broken once."""
        return broken_pages((entry.query, entry.faults) for entry in self.ledger.entries)


def broken_pages(requests: Any) -> frozenset[str]:
    """Numbers of the issues that were asked for with one of those faults; from pairs of query and faults."""
    numbers = (re.search(r"issueId=(\d+)", query) for query, faults in requests if BROKEN & set(faults))
    return frozenset(found[1] for found in numbers if found)


def _spell(known: dict[str, Any], stored: dict[str, Any], name: str) -> None:
    if name in stored and _canonical(stored[name]) == _canonical(known[name]):
        known[name] = stored[name]


def _canonical(html: str) -> str:
    parsed = tostring(fragment_fromstring(html, create_parent="div"), encoding="unicode")
    # A browser gives every table a body.
    return re.sub(r"</?tbody>|\s+", "", parsed)
