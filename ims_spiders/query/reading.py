"""What a query was read as."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from ims_spiders.query.lexicon import Language

Method = Literal["direct", "rules", "llm"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as it was asked, as IMS takes it, and how the one became the other.

    `ims_query` is empty when the filters say everything. `product` is what the spider's `product` takes: a name, or
    several with commas between. `since` is the first day, `until` the day after the last one. `intent_filtered`:
    words that only say what is wanted to be known (원인, 対策, workaround) were left out.
    """

    original_query: str
    ims_query: str
    language: Language
    method: Method
    confidence: float
    product: str | None = None
    status: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    explanation: str = ""
    intent_filtered: bool = field(default=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """For `ims query --json` and others that read it by program."""
        return {
            "original_query": self.original_query,
            "ims_query": self.ims_query,
            "language": self.language,
            "method": self.method,
            "confidence": self.confidence,
            "product": self.product,
            "status": list(self.status),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "explanation": self.explanation,
        }
