"""Attacks on the archive as statements, each with what has to become of it. {names} are filled in by rights.Archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PRIVILEGE = "42501"
NOT_SUPPORTED = "0A000"
MISSING_TABLE, MISSING_FUNCTION, MISSING_SCHEMA = "42P01", "42883", "3F000"
SEES_NOTHING: list[tuple[Any, ...]] = []


@dataclass(frozen=True)
class Attack:
    """What somebody tries: either refused with an SQLSTATE, or it runs and shows these rows.

    `control` can do the very same, with other rows to show for it; None where nobody can or should in a test.
    """

    name: str
    statement: str
    refused: str | None = None
    shows: list[tuple[Any, ...]] | None = None
    who: str = "kim"
    control: str | None = "root"
