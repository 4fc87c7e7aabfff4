"""Which issues a crawl visits: every hit and what is related to it up to a depth, each once. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal

FoundBy = Literal["search", "relation", "patch"]


@dataclass(slots=True)
class Visit:
    """One issue to look at: how it was found, how far from a hit, and its place in the order of discovery (from 1)."""

    issue_id: str
    order: int
    depth: int = 0
    found_by: FoundBy = "search"
    found_from: str | None = None


class Frontier:
    """Decides what is visited, so that the set does not depend on which answer came first.

    Related issues wait until the search has ended: a hit is then always a hit, at depth 0. When a shorter way to
    a known issue turns up later, its own relations are followed as far as the shorter way allows.
    """

    def __init__(self, max_depth: int):
        self.max_depth = max_depth
        self.visits: dict[str, Visit] = {}
        self.hits = 0
        self._orders = count(1)
        self._related: dict[str, list[tuple[str, FoundBy]]] = {}
        self._searching = True

    def add_hit(self, issue_id: str) -> Visit | None:
        """A search hit. Returns the new visit, or None when the issue is known already."""
        if issue_id in self.visits:
            return None
        self.hits += 1
        return self._add(issue_id, 0, "search", None)

    def drop_hit(self, issue_id: str) -> None:
        """A hit turned out to be none, before the search has ended; as a related issue it may still be visited."""
        del self.visits[issue_id]
        self.hits -= 1

    def hit_ids(self) -> list[str]:
        """The issues that the search listed, in its order."""
        return [visit.issue_id for visit in self.visits.values() if visit.found_by == "search"]

    def add_related(self, issue_id: str, related: Iterable[tuple[str, FoundBy]]) -> list[Visit]:
        """What an issue points to. Returns the visits that follow from it now."""
        self._related[issue_id] = list(related)
        return [] if self._searching else self._expand([issue_id])

    def end_search(self) -> list[Visit]:
        """No more hits will come. Returns the visits that waited for it."""
        self._searching = False
        return self._expand(list(self._related))

    def _expand(self, issue_ids: list[str]) -> list[Visit]:
        new: list[Visit] = []
        queue = deque(issue_ids)
        while queue:
            parent = self.visits[queue.popleft()]
            if parent.depth >= self.max_depth:
                continue
            for issue_id, source in self._related.get(parent.issue_id, ()):
                known = self.visits.get(issue_id)
                if known is None:
                    new.append(self._add(issue_id, parent.depth + 1, source, parent.issue_id))
                elif parent.depth + 1 < known.depth:
                    known.depth = parent.depth + 1
                    queue.append(issue_id)
        return new

    def _add(self, issue_id: str, depth: int, found_by: FoundBy, found_from: str | None) -> Visit:
        visit = Visit(issue_id, next(self._orders), depth, found_by, found_from)
        self.visits[issue_id] = visit
        return visit
