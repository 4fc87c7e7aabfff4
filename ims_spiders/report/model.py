"""What a report says, as plain values; how it looks is the renderers' business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

EventKind = Literal["registered", "status", "comment", "closed"]
Counts = tuple[tuple[str, int], ...]
"""Names with how often they are there."""


@dataclass(frozen=True, slots=True)
class Session:
    """A crawl to which the report is confined."""

    uuid: str
    username: str
    started_at: datetime
    status: str
    query: str
    product: str


@dataclass(frozen=True, slots=True)
class Question:
    """What was searched. `asked` is empty when only a session says what is meant; `until` is the last day.

    `ims_query` and `explanation` are how `asked` was read; `since` and what follows are what was filtered by.
    """

    asked: str
    ims_query: str
    explanation: str
    products: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """What there was to search in. `last_crawled_at` is None for an empty archive."""

    issues: int
    last_crawled_at: datetime | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of an issue, its text whole. `number` is the tracker's."""

    number: int
    author: str
    written_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an issue. `what` is the new status, or where it changed from and to."""

    kind: EventKind
    at: datetime
    issue_id: str
    who: str
    what: str = ""
    comment_number: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """An issue, and what is told of it. `url` is None when it is no address of the web."""

    issue_id: str
    title: str
    url: str | None
    product: str
    status: str
    registered: datetime | None
    closed: datetime | None
    modified: datetime | None
    crawled_at: datetime
    missing_since: datetime | None
    facts: tuple[tuple[str, str], ...]
    description: str
    comments: tuple[Comment, ...]
    key_comments: tuple[Comment, ...]
    events: tuple[Event, ...]
    files: int

    @property
    def days_open(self) -> int | None:
        """Whole days from registration to closing."""
        if self.registered is None or self.closed is None:
            return None
        return (self.closed - self.registered).days


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month to the issues of a report; `label` as 2026-03."""

    label: str
    registered: int
    closed: int
    comments: int


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. `found` issues fit the question; `issues` are the best of them, in that order.

    All times are local; `zone` says whose. What is counted by status, product and year is counted over so many as
    `counted` says: all that were found, or `issues`. Everything else is of `issues`.
    """

    title: str
    made_at: datetime
    zone: str
    question: Question
    archive: ArchiveState
    found: int
    issues: tuple[Story, ...]
    by_status: Counts
    by_product: Counts
    by_year: Counts
    months: tuple[Month, ...]
    timeline: tuple[Event, ...]
    events_left_out: int
    counted: int
