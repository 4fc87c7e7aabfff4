"""What the monitors look at: the figures of a crawl that ends, and of those before it that asked the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from ims_spiders.db.files import session_folders
from ims_spiders.db.rows import ISSUE_FIELDS
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.items import Issue

Record = dict[str, Any]

EARLIER = 5
"""So many earlier crawls are compared with; of each figure their median counts. What stays changed for three crawls is
so what is usual, and nobody has to say so."""
LOOKED_AT = 300
"""Session folders, newest first, among which the earlier ones are looked for."""
LEAST = 5
"""Issues that a crawl must have for its coverage to say something."""
SURE = 4.0
"""Standard deviations that a share must have fallen by."""
ALWAYS = 0.95
"""The share from which on a field counts as one that every issue has."""
SAME = ("product", "original_query", "refresh", "crawl_related", "max_results")


@dataclass(slots=True)
class Coverage:
    """Of how many issues how many had each field filled."""

    issues: int = 0
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, issue: Issue) -> None:
        """Count one issue."""
        self.issues += 1
        self.fields.update(name for name in ISSUE_FIELDS if getattr(issue, name, None) not in {None, ""})
        parts: dict[str, bool] = {
            "comments": bool(issue.comments),
            "comments.content": any(one.content for one in issue.comments),
            "comments.commented_at": any(one.commented_at for one in issue.comments),
            "history": bool(issue.history),
            "history.changed_at": any(one.changed_at for one in issue.history),
            "attachments": bool(issue.attachments),
            "related": bool(issue.related),
        }
        self.fields.update(name for name, there in parts.items() if there)

    def share(self, name: str) -> float:
        """Between 0 and 1."""
        return self.fields[name] / self.issues if self.issues else 0.0

    def to_json(self) -> dict[str, Any]:
        """As metadata.coverage of session.json holds it."""
        return {"issues": self.issues, "fields": dict(sorted(self.fields.items()))}

    @classmethod
    def of_record(cls, record: Record) -> Coverage:
        """What an earlier crawl, or an earlier run of this one, has left; nothing where it left nothing."""
        stored = (record.get("metadata") or {}).get("coverage") or {}
        try:
            return cls(int(stored["issues"]), Counter({str(k): int(v) for k, v in stored["fields"].items()}))
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls()

    def with_earlier(self, other: Coverage) -> Coverage:
        """Both together: an earlier run of the same session has stored other issues."""
        return Coverage(self.issues + other.issues, self.fields + other.fields)


@dataclass(frozen=True, slots=True)
class Figures:
    """A crawl that ends. `declared` is the tracker's own total, `listed` the hits; None when the search has not ended.

    `unread`: pages that came and could not be read.
    """

    record: Record
    coverage: Coverage
    declared: int | None
    listed: int | None
    done: int
    found: int
    unread: int
    requests: int
    retries: int
    logins: int
    earlier: tuple[Record, ...]

    @property
    def wanted(self) -> int | None:
        """How many hits there should be."""
        most = self.record.get("max_results") or 0
        return self.declared if self.declared is None or not most else min(self.declared, most)

    @property
    def usual_total(self) -> float:
        """What the search found the last times; 0 where that says nothing, as for a query about last week."""
        reading = (self.record.get("metadata") or {}).get("query") or {}
        totals = [int(one.get("total_issues_found") or 0) for one in self.earlier]
        return median(totals) if totals and not (reading.get("since") or reading.get("until")) else 0.0

    def fallen(self) -> Iterator[tuple[str, float, float]]:
        """Fields that far fewer issues have than usual: name, usual share, share now."""
        before = [one for one in map(Coverage.of_record, self.earlier) if one.issues >= LEAST]
        now = self.coverage
        if not before or now.issues < LEAST:
            return
        # New issues only: what comes with age, such as comments, is not to be expected of them.
        least = ALWAYS if self.record.get("refresh") == "missing" else 0.0
        for name in sorted(set().union(*(one.fields for one in before))):
            usual = median(one.share(name) for one in before)
            expected, spread = usual * now.issues, math.sqrt(now.issues * usual * (1 - usual))
            there = now.fields[name]
            if usual >= least and expected >= LEAST and there < expected / 2 and there < expected - SURE * spread:
                yield name, usual, now.share(name)


def earlier_records(data_dir: Path, record: Record) -> tuple[Record, ...]:
    """The last crawls that asked the same in the same way and were completed, newest first."""
    found: list[Record] = []
    for folder in islice(reversed(list(session_folders(data_dir))), LOOKED_AT):
        try:
            other = folder.read_session()
        except (ConfigurationError, OSError):
            continue
        same = all(other.get(name) == record.get(name) for name in SAME)
        if same and other.get("status") == "completed" and other.get("session_uuid") != record["session_uuid"]:
            found.append(other)
        if len(found) == EARLIER:
            break
    return tuple(found)
