"""The doctor's checks of the tracker: it answers with its login page, agrees on the time, and takes the login."""

from __future__ import annotations

from ims_spiders.cli.checks_pages import PAGES, live_pages
from ims_spiders.cli.checks_result import Check, bad, doubtful, good, unseen
from ims_spiders.cli.tracker import fetch_login_page, log_in
from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import ImsError, LoginRefused

APART_SECONDS = 120
"""How far two clocks may be apart: answers take their time, and times are printed to the minute."""


def tracker(config: TrackerConfig, *, login: bool) -> list[Check]:
    """Everything that takes asking the tracker; only with `login` is it asked for more than its login page."""
    try:
        greeting = fetch_login_page(config.base_url)
    except ImsError as error:
        return [bad("Tracker", str(error), "check IMS_BASE_URL, the network and the VPN"), _unseen(asked=login)]
    found = good("Tracker", f"{greeting.url} is a login page")
    if greeting.ahead is not None and abs(greeting.ahead) > APART_SECONDS:
        found = _apart(greeting.ahead)
    return [found, *(_with_login(config) if login else [_unseen(asked=False)])]


def _apart(ahead: float) -> Check:
    told = f"this machine's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} the tracker's"
    return doubtful("Tracker", told, "set the clock: timedatectl set-ntp true, or ask who runs this machine")


def _unseen(*, asked: bool) -> Check:
    names = ", ".join(("Login", *PAGES)).lower()
    return unseen("Login and pages", f"not looked at: {names}", None if asked else "run: ims doctor --login")


def _with_login(config: TrackerConfig) -> list[Check]:
    """The login is asked for once only, because accounts lock."""
    try:
        made = log_in(config)
    except ImsError as error:
        advice = "mend what is said of the browser and the tracker, and try again"
        if isinstance(error, LoginRefused):
            advice = "check IMS_USERNAME and IMS_PASSWORD, or export the cookies again"
        return [bad("Login", str(error), advice), *(unseen(name, "not looked at without a login") for name in PAGES)]
    return [good("Login", made.how), *live_pages(config, made.jar)]
