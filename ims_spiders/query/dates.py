"""Stretches of days, half-open: the first day belongs to one, the day it ends on does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Unit = Literal["day", "week", "month", "quarter", "half", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` on, until before `until`; None is open."""

    since: date | None
    until: date | None

    def __and__(self, other: Stretch) -> Stretch:
        since = max((day for day in (self.since, other.since) if day), default=None)
        until = min((day for day in (self.until, other.until) if day), default=None)
        return Stretch(since, until)

    @property
    def empty(self) -> bool:
        """Whether no day is in it."""
        return self.since is not None and self.until is not None and self.since >= self.until


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week, month and so on. `point` is where "since" begins when that is not its first day (3 months ago)."""

    first: date
    end: date
    point: date | None = None

    @property
    def begin(self) -> date:
        """Where "since" it begins."""
        return self.point or self.first


def period(unit: Unit, day: date) -> Period:
    """The unit that this day is in. Weeks begin on Monday. Raises OverflowError or ValueError beyond the calendar."""
    if unit == "day":
        return Period(day, day + timedelta(1))
    if unit == "week":
        monday = day - timedelta(day.weekday())
        return Period(monday, monday + timedelta(7))
    size = _MONTHS[unit]
    first = date(day.year, (day.month - 1) // size * size + 1, 1)
    return Period(first, shifted(first, unit, 1))


def shifted(day: date, unit: Unit, count: int) -> date:
    """The same day so many units later; the month's last when it has no such day. Raises as `period`."""
    if unit in {"day", "week"}:
        return day + timedelta(count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * _MONTHS[unit]
    year, month = divmod(months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, _length(first)))


def _length(first: date) -> int:
    following = first.replace(day=28) + timedelta(4)
    return (following - timedelta(following.day)).day


def relative(unit: Unit, count: int, today: date) -> Period:
    """The unit that lies so many from the present one: -1 is the last one."""
    return period(unit, shifted(period(unit, today).first, unit, count))


def ago(unit: Unit, count: int, today: date) -> Period:
    """So many units before today: the unit that day is in, and that day for "since"."""
    day = shifted(today, unit, -count)
    found = period(unit, day)
    return Period(found.first, found.end, day)
