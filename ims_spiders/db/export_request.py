"""What an export is asked for. No I/O, and quick to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """What the file is to be."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class TableName(StrEnum):
    """What can be exported."""

    ISSUES = "issues"
    COMMENTS = "comments"
    HISTORY = "history"
    ATTACHMENTS = "attachments"
    SESSIONS = "sessions"
    SESSION_ISSUES = "session_issues"
    QUERIES = "queries"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are wanted; nothing given means all. `until` is the last day wanted, in the archive's time zone."""

    product: str | None = None
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def given(self) -> dict[str, Any]:
        """What was asked for, ready for JSON."""
        named = {"product": self.product, "status": list(self.statuses), "since": self.since, "until": self.until}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is wanted. With `user` it is what that user of the archive may see, else what the connection may."""

    table: TableName = TableName.ISSUES
    format: Format = Format.JSONL
    filters: Filters = field(default_factory=Filters)
    user: str | None = None
