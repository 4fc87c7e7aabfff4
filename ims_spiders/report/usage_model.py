"""What the archive is used for and how far it reaches, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A user's figures of all time; the average is in seconds."""

    username: str
    sessions: int
    completed: int
    failed: int
    running: int
    issues_crawled: int
    unique_issues: int
    new_issues: int
    attachments: int
    queries: int
    average_duration: float | None
    last_session_at: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """What was crawled on a day (`label` as 2026-03-01) or in a month (2026-03), by all who are to be seen."""

    label: str
    sessions: int
    completed: int
    failed: int
    issues_crawled: int
    new_issues: int
    attachments: int


@dataclass(frozen=True, slots=True)
class Durations:
    """How long sessions that have ended took, in seconds; `issue_ms` is the average time an issue took."""

    sessions: int
    average: float | None
    median: float | None
    nine_in_ten: float | None
    longest: float | None
    issue_ms: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """A product in the archive, whoever crawled it."""

    product: str
    issues: int
    open: int
    closed: int
    missing: int
    comments: int
    attachments: int
    last_registered: datetime | None
    last_crawled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, how often it was asked and how many results it had on average; an empty text asks for everything."""

    query: str
    times: int
    results: float | None
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    """Issues registered and closed in a month at the tracker, as far as they are in the archive."""

    label: str
    registered: int
    closed: int


@dataclass(frozen=True, slots=True)
class Activity:
    """A session, or a query without one."""

    at: datetime
    kind: str
    username: str
    product: str
    query: str
    status: str
    issues: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """All of it, as far as whoever asks may see it; times are local and `zone` says whose.

    `days` and `months` hold those with sessions, each in the archive's `time_zone`. `trends_behind`: how many dates
    of issues the trends do not know of yet. Confidence is the average, between 0 and 1.
    """

    made_at: datetime
    zone: str
    time_zone: str
    user: str | None
    since: date | None
    until: date | None
    people: tuple[Person, ...]
    days: tuple[Work, ...]
    months: tuple[Work, ...]
    asked_products: tuple[tuple[str, int], ...]
    durations: Durations
    products: tuple[Coverage, ...]
    queries: tuple[Asked, ...]
    query_count: int
    methods: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]
    confidence: float | None
    words: tuple[tuple[str, int], ...]
    trends: tuple[Trend, ...]
    trends_behind: int
    activity: tuple[Activity, ...]
