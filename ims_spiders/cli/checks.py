"""The doctor's checks in the order of a crawl: each looks at one thing for real, and says what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ims_spiders.cli.checks_browser import browser
from ims_spiders.cli.checks_database import database
from ims_spiders.cli.checks_disk import data_folder, temporary_folder
from ims_spiders.cli.checks_files import killed_sessions, leftovers, private_files
from ims_spiders.cli.checks_result import Check, bad, doubtful, good
from ims_spiders.cli.checks_settings import configuration, credentials, environment, python_version
from ims_spiders.cli.checks_text import text
from ims_spiders.cli.checks_tracker import tracker
from ims_spiders.cli.status_look import scrapyd_state
from ims_spiders.config import TrackerConfig, load_tracker_config
from ims_spiders.db.status import Sessions


def run_checks(*, login: bool) -> list[Check]:
    """All checks; those that need settings are left out while the settings are wrong. Nothing is changed by them."""
    checks = [python_version(), configuration()]
    if checks[-1].ok:
        checks += _with_settings(load_tracker_config(), login)
    return [*checks, *text()]


def _with_settings(config: TrackerConfig, login: bool) -> Iterator[Check]:
    sessions = Sessions(config.data_dir).look()
    yield environment()
    yield credentials(config)
    yield data_folder(config.data_dir)
    yield temporary_folder()
    yield private_files(config)
    yield leftovers(config.data_dir)
    yield killed_sessions(sessions)
    yield from browser(config)
    yield from tracker(config, login=login)
    yield from database(config.data_dir, sessions)
    yield from scrapyd(config)


def scrapyd(config: TrackerConfig) -> Iterator[Check]:
    """It answers, where one is set up."""
    found = scrapyd_state(config)
    if found is None:
        return
    if found["reachable"]:
        yield good("Scrapyd", f"{found['url']} answers")
        return
    reason, _, advice = str(found["reason"]).partition("; ")
    # One that ran on this machine once need not run now.
    tell = bad if os.environ.get("SCRAPYD_URL") else doubtful
    yield tell("Scrapyd", reason, advice or "set SCRAPYD_URL, SCRAPYD_USERNAME and SCRAPYD_PASSWORD to its own")
