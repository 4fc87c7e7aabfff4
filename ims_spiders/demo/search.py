"""The tracker's search: what a keyword means, and which issues it finds."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.model import Issue

_TERM = re.compile(r"(\+?)'(\+?)([^']*)'?|(\+?)(\S+)")


@dataclass(slots=True)
class Keyword:
    """A keyword taken apart: any one of `optional` or `numbers` is enough, unless something is required."""

    required: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def finds(self, issue_id: int, words: str) -> bool:
        """Whether an issue with that number and those (case-folded) words is a hit."""
        if self.required:
            return all(term in words for term in self.required)
        if not self.optional and not self.numbers:
            return True
        return issue_id in self.numbers or any(term in words for term in self.optional)


def parse(keyword: str) -> Keyword:
    """Read the syntax: a b = either, +a = must, 'a b' = phrase, +'a b' or '+a b' = phrase that must, 123456."""
    parsed = Keyword()
    for outer, inner, phrase, plus, word in _TERM.findall(keyword):
        term = " ".join((phrase or word).split()).casefold()
        if not term:
            continue
        if outer or inner or plus:
            parsed.required.append(term)
        elif word and re.fullmatch(r"[0-9]+", word):
            parsed.numbers.append(int(word))
        else:
            parsed.optional.append(term)
    return parsed


def find(world: World, keyword: str, product_codes: Collection[str], statuses: Collection[str]) -> list[Issue]:
    """Hits, newest first. No products means all of them; no statuses means all but the closed ones."""
    parsed = parse(keyword)
    wanted = set(statuses) or set(catalog.STATUSES) - catalog.CLOSED
    codes = set(product_codes)
    return [
        issue
        for issue in world.newest_first()
        if issue.issue_id not in world.unlisted
        and issue.status in wanted
        and (not codes or issue.product.code in codes)
        and parsed.finds(issue.issue_id, world.words(issue))
    ]


def product_codes(beginning: str) -> list[str]:
    """Codes of the products whose name begins so; all of them for an empty one."""
    start = beginning.strip().casefold()
    return [product.code for product in catalog.PRODUCTS if product.name.casefold().startswith(start)]
