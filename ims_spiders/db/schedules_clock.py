"""When a schedule runs next: five fields as in crontab(5), on the clock of a time zone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from ims_spiders.exceptions import ConfigurationError

EXAMPLES = (
    'for example "0 3 * * *" for three in the morning, "*/30 8-18 * * MON-FRI" for every half hour of working days, '
    "@hourly, @daily, @weekly, @monthly or @yearly"
)
NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELDS = (
    "minute (0-59)",
    "hour (0-23)",
    "day of the month (1-31)",
    "month (1-12 or JAN-DEC)",
    "weekday (0-7 or SUN-SAT)",
)
_ZONES = "/zoneinfo/"


def next_run(cron: str, time_zone: str, after: datetime) -> datetime:
    """The first time after `after` (with an offset) that the clock of `time_zone` shows what `cron` says, in UTC.

    Times that name minute and hour come once a day, as Debian's cron has it: one that is left out when clocks go
    forward comes right after the gap, one that comes twice when they go back is taken the first time. What repeats
    every hour or minute goes on by real time. Raises ConfigurationError, with what is wrong and an example, for a
    cron line that is none or never comes, and for an unknown time zone.
    """
    try:
        times = CronSim(_five_fields(cron), after.astimezone(zone(time_zone)))
        # In the second of two equal hours the first one's times would come again.
        found = next(moment for moment in times if moment.astimezone(UTC) > after)
    except StopIteration:
        raise ConfigurationError(f"cron {cron!r} never comes; {EXAMPLES}") from None
    except CronSimError:
        raise ConfigurationError(f"cron {cron!r}: {_what_is_wrong(cron)}; {EXAMPLES}") from None
    return found.astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """The time zone of this name. Raises ConfigurationError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"there is no time zone {name!r}; give one such as Asia/Seoul or UTC") from None


def local_zone_name() -> str:
    """The name of the machine's time zone (TZ, else /etc/localtime), or UTC where it has none that is known."""
    named = os.environ.get("TZ", "").lstrip(":") or os.path.realpath("/etc/localtime").partition(_ZONES)[2]
    if not named or Path(named).is_absolute():
        return "UTC"
    try:
        return zone(named).key
    except ConfigurationError:
        return "UTC"


def _five_fields(cron: str) -> str:
    """The line without names; six fields, which begin with seconds elsewhere, are refused."""
    line = NAMES.get(cron.strip().lower(), cron)
    if len(line.split()) != len(FIELDS):
        raise CronSimError
    return line


def _what_is_wrong(cron: str) -> str:
    """The first field that cannot be read, for people."""
    if cron.strip().startswith("@"):
        return f"is none of {', '.join(NAMES)}"
    parts = cron.split()
    if len(parts) != len(FIELDS):
        return f"has {len(parts)} fields, not the five of {', '.join(FIELDS)}"
    for place, (part, name) in enumerate(zip(parts, FIELDS, strict=True)):
        try:
            CronSim(" ".join("*" if other != place else part for other in range(len(FIELDS))), datetime.now(UTC))
        except CronSimError:
            return f"{part!r} is no {name}"
    return "that day never comes"
