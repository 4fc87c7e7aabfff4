"""Times as a report shows them: local, with the zone named once."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


def local(moment: datetime | None) -> datetime | None:
    """The moment in the zone of this machine (TZ)."""
    return moment.astimezone() if moment is not None else None


def zone_name(moment: datetime) -> str:
    """The zone of this machine with its offset at the moment: KST (UTC+09:00), or CET/CEST (UTC+02:00)."""
    here = moment.astimezone()
    names = "/".join(dict.fromkeys(time.tzname))
    offset = here.strftime("%z")
    return f"{names} (UTC{offset[:3]}:{offset[3:5]})"


def day(moment: datetime | None) -> str:
    """2026-03-01; empty without one."""
    return moment.strftime("%Y-%m-%d") if moment is not None else ""


def minute(moment: datetime | None) -> str:
    """2026-03-01 18:05; empty without one."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else ""


def month(moment: datetime) -> str:
    """2026-03."""
    return moment.strftime("%Y-%m")


def months_between(first: str, last: str) -> list[str]:
    """Every month from the first to the last, as 2026-03."""
    year, number = map(int, first.split("-"))
    found = [first]
    while found[-1] < last:
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
        found.append(f"{year:04}-{number:02}")
    return found


def duration(seconds: float | None) -> str:
    """0:05:00; empty when it is not known."""
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))
