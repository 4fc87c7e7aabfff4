"""Every end of a crawl has its state and exit code."""

from __future__ import annotations

import pytest

from ims_spiders.exceptions import (
    BrowserMissing,
    ConfigurationError,
    ImsError,
    LoginRefused,
    MissingField,
    SessionBusy,
    StorageError,
    TrackerUnavailable,
    WrongUser,
)
from ims_spiders.extensions.outcome import Outcome, close_reason_for, outcome_of


@pytest.mark.parametrize(
    ("reason", "errors", "behind", "status", "code"),
    [
        ("finished", 0, False, "completed", 0),
        ("finished", 2, False, "completed", 5),
        ("finished", 0, True, "completed", 6),
        ("finished", 2, True, "completed", 5),
        ("configuration", 1, False, "failed", 2),
        ("login_refused", 1, False, "failed", 3),
        ("disk", 1, False, "failed", 4),
        ("shutdown", 0, False, "interrupted", 7),
        ("cancelled", 0, False, "cancelled", 7),
        ("tracker_unavailable", 9, False, "failed", 8),
        ("something_else", 0, False, "failed", 1),
    ],
)
def test_outcomes(reason: str, errors: int, behind: bool, status: str, code: int) -> None:
    assert outcome_of(reason, errors, behind) == Outcome(status, code)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LoginRefused(), "login_refused"),
        (WrongUser(), "login_refused"),
        (StorageError(), "disk"),
        (TrackerUnavailable(), "tracker_unavailable"),
        (ConfigurationError(), "configuration"),
        (BrowserMissing(), "configuration"),
        (SessionBusy(), "configuration"),
        (MissingField(), None),
        (ImsError(), None),
        (ValueError(), None),
    ],
)
def test_which_errors_end_a_crawl(error: Exception, reason: str | None) -> None:
    assert close_reason_for(error) == reason
