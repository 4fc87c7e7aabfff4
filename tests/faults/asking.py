"""What rows of crawls share: fewer issues where fewer will do, and what the ledger says was asked for."""

from __future__ import annotations

from ims_spiders.demo.ledger import Entry
from tests.faults.case import Case

ALWAYS = {"IMS_RENDER": "always"}
"""Every page through the browser."""
PLACES = {"page": "issueView.do.issueId={}(&|$)", "relations": "findRelationIssues.do.issueId={}$"}
"""Patterns of what is asked for of an issue."""


def few(case: Case, count: int) -> list[str]:
    """The first hits of the search, which are expected from then on: to be crawled with `max_results`."""
    found = case.hits()[:count]
    case.expected = set(found)
    return found


def asked(entries: list[Entry], part: str) -> list[Entry]:
    """The requests with that in their address."""
    return [entry for entry in entries if part in f"{entry.path}?{entry.query}"]


def with_files(case: Case, kinds: tuple[str, ...] = ("ISSUE", "PATCH")) -> dict[str, list[str]]:
    """The hits that have files of these kinds, with the files' numbers."""
    found = {one: case.tracker.world.issues[int(one)].files for one in case.hits()}
    numbered = {one: [file.file_id for file in files if file.kind in kinds] for one, files in found.items()}
    return {one: numbers for one, numbers in numbered.items() if numbers}
