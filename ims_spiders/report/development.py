"""How issues developed: in figures by status, product and year, month by month, then one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ims_spiders.report.model import Counts, Event, Month, Story
from ims_spiders.report.text import NONE, one_line
from ims_spiders.report.times import month, months_between

UNKNOWN = "(unknown)"
MOST_EVENTS = 60


def by_status(issues: Iterable[Story]) -> Counts:
    """Issues by status, the most frequent first."""
    return _ranked(Counter(issue.status for issue in issues))


def by_product(issues: Iterable[Story]) -> Counts:
    """Issues by product, the most frequent first."""
    return _ranked(Counter(issue.product for issue in issues))


def by_year(issues: Iterable[Story]) -> Counts:
    """Issues by the year of registration, in order; those without a date come last."""
    years = Counter(str(issue.registered.year) if issue.registered else UNKNOWN for issue in issues)
    return tuple(sorted(years.items(), key=lambda entry: (entry[0] == UNKNOWN, entry[0])))


def counted(values: Iterable[tuple[str | None, int]] | None) -> Counts:
    """What the search has counted, the most frequent first."""
    return tuple(
        sorted(((_named(value, NONE), n) for value, n in values or ()), key=lambda entry: (-entry[1], entry[0]))
    )


def counted_years(values: Iterable[tuple[str | None, int]] | None) -> Counts:
    """What the search has counted by year, in order; those without a date come last."""
    years = [(_named(value, UNKNOWN), n) for value, n in values or ()]
    return tuple(sorted(years, key=lambda entry: (entry[0] == UNKNOWN, entry[0])))


def _named(value: str | None, otherwise: str) -> str:
    return one_line(value) or otherwise


def by_month(issues: Sequence[Story]) -> tuple[Month, ...]:
    """What happened in every month from the first event to the last."""
    registered = Counter(month(issue.registered) for issue in issues if issue.registered)
    closed = Counter(month(issue.closed) for issue in issues if issue.closed)
    comments = Counter(
        month(comment.written_at) for issue in issues for comment in issue.comments if comment.written_at
    )
    seen = registered.keys() | closed.keys() | comments.keys()
    if not seen:
        return ()
    labels = months_between(min(seen), max(seen))
    return tuple(Month(label, registered[label], closed[label], comments[label]) for label in labels)


def timeline(issues: Iterable[Story], most: int = MOST_EVENTS) -> tuple[tuple[Event, ...], int]:
    """The latest `most` events of all issues in the order of time, and how many earlier ones are left out."""
    events = sorted((event for issue in issues for event in issue.events), key=lambda event: event.at)
    return tuple(events[-most:]), max(0, len(events) - most)


def _ranked(counter: Counter[str]) -> Counts:
    return tuple(sorted(counter.items(), key=lambda entry: (-entry[1], entry[0])))
