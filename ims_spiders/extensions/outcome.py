"""How a crawl ended: its state in the record and the exit code of `ims crawl`. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ims_spiders.exceptions import (
    ConfigurationError,
    ImsError,
    LeaseLost,
    LoginRefused,
    StorageError,
    TrackerUnavailable,
)

FATAL: tuple[tuple[type[ImsError], str], ...] = (
    (LeaseLost, "lease_lost"),
    (LoginRefused, "login_refused"),
    (StorageError, "disk"),
    (TrackerUnavailable, "tracker_unavailable"),
    (ConfigurationError, "configuration"),
)
"""Errors after which nothing more can be had, and the close reason that the spider is then given."""

_ENDS = {
    "configuration": ("failed", 2),
    "login_refused": ("failed", 3),
    "disk": ("failed", 4),
    "shutdown": ("interrupted", 7),
    "cancelled": ("cancelled", 7),
    "lease_lost": ("interrupted", 7),
    "tracker_unavailable": ("failed", 8),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` as in crawl_sessions, `exit_code` as in the table of the README."""

    status: str
    exit_code: int


def close_reason_for(error: Exception) -> str | None:
    """The close reason of an error that ends the crawl; None for one that it survives."""
    return next((reason for kind, reason in FATAL if isinstance(error, kind)), None)


def outcome_of(close_reason: str, errors: int, behind: bool) -> Outcome:
    """The end of a crawl with that many errors, its database `behind` its files or not.

    Issues that failed weigh more than a database that lags: files can be loaded at any time.
    """
    if close_reason != "finished":
        return Outcome(*_ENDS.get(close_reason, ("failed", 1)))
    if errors:
        return Outcome("completed", 5)
    return Outcome("completed", 6 if behind else 0)
