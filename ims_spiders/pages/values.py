"""What stands in a value: people with their addresses, times in the tracker's zone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ims_spiders.pages.text import collapse

_ADDRESS = re.compile(
    r"[(<（\[]\s*([^\s()<>（）\[\],;]+@[^\s()<>（）\[\],;]+)\s*[)>）\]]|([^\s()<>（）\[\],;]+@[^\s()<>（）\[\],;]+)"
)
_NO_ADDRESS = re.compile(r"[(（]\s*-?\s*[)）]")
_AROUND = re.compile(r"^[\s,;/|]+|[\s,;/|]+$")
_DATE = re.compile(
    r"(\d{4})\s*([./-])\s*(\d{1,2})\s*\2\s*(\d{1,2})\.?"
    r"(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?",
    re.ASCII,
)


class Person(NamedTuple):
    """Name and address of one person, or of several joined by a comma."""

    name: str | None
    email: str | None


def parse_people(value: str) -> Person:
    """Split `Kihong Kim ( kihong.kim@example.com)`. Either part may be missing; several people are joined by ', '."""
    names: list[str] = []
    addresses: list[str] = []
    end = 0
    for found in _ADDRESS.finditer(value):
        names.append(value[end : found.start()])
        addresses.append(found[1] or found[2])
        end = found.end()
    names.append(value[end:])
    cleaned = [_AROUND.sub("", collapse(_NO_ADDRESS.sub(" ", name))) for name in names]
    return Person(", ".join(filter(None, cleaned)) or None, ", ".join(addresses) or None)


def parse_time(value: str, zone: ZoneInfo) -> datetime | None:
    """An aware time from `2025/10/17 18:12:14`, also with `-` or `.`, without seconds or time. Else None."""
    found = _DATE.fullmatch(collapse(value))
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.group(1, 3, 4, 5, 6, 7))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
