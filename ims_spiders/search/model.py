"""What is asked of the archive and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ims_spiders.query import Reading
from ims_spiders.search.snippets import Snippet

FoundBy = Literal["words", "meaning"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits are confined to. Products: names or how they begin; `until` is the day after the last one."""

    products: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def parameters(self, zone: ZoneInfo) -> dict[str, Any]:
        """For the functions of the database; days are those of the zone."""
        return {
            "products": list(self.products) or None,
            "statuses": list(self.statuses) or None,
            "since": datetime.combine(self.since, time.min, zone) if self.since else None,
            "until": datetime.combine(self.until, time.min, zone) if self.until else None,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """An issue that was found, by what, and the passage that shows why."""

    issue_id: str
    title: str
    product: str | None
    status: str | None
    registered_date: datetime | None
    score: float
    url: str | None
    snippet: Snippet
    found_by: tuple[FoundBy, ...] = ("words",)

    def to_json(self) -> dict[str, Any]:
        """For programs; `marks` are the begins and ends of the hits in `snippet`."""
        return {
            "issue_id": self.issue_id,
            "title": self.title,
            "score": round(self.score, 4),
            "found_by": list(self.found_by),
            "where": self.snippet.where,
            "place": self.snippet.place,
            "snippet": self.snippet.text,
            "marks": [list(span) for span in self.snippet.marks],
            "product": self.product,
            "status": self.status,
            "registered_date": self.registered_date.isoformat() if self.registered_date else None,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class MeaningUse:
    """By which model's vectors was searched, or why only by words (`note`)."""

    model: str
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"model": self.model, "used": self.note is None, "note": self.note}


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How the query was read, how many issues it finds, the best of them, and their number by what they have.

    `facets` maps product, status and year to (value, issues), the most first; `synonyms` are the words by which terms
    were found as well. `meaning` is None when only words were wanted. What it adds to the hits counts in `total` when
    words find few, and never in `facets`.
    """

    query: Reading
    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, list[tuple[str | None, int]]] = field(default_factory=dict)
    synonyms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    meaning: MeaningUse | None = None

    def to_json(self) -> dict[str, Any]:
        """For `ims search --json` and others that read it by program."""
        return {
            "query": self.query.to_json(),
            "total": self.total,
            "hits": [hit.to_json() for hit in self.hits],
            "facets": {
                name: [{"value": value, "issues": issues} for value, issues in values]
                for name, values in self.facets.items()
            },
            "synonyms": {term: list(words) for term, words in self.synonyms.items()},
            "meaning": self.meaning.to_json() if self.meaning else None,
        }
