"""The doctor's checks: each looks at one thing that a crawl needs, for real, and says what to do when it is missing."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ims_spiders.cli.dbstatus import database_status
from ims_spiders.cli.tracker import fetch_login_page, try_login
from ims_spiders.config import TrackerConfig, load_database_config, load_tracker_config
from ims_spiders.db.cluster import binary
from ims_spiders.db.engine import safe_message
from ims_spiders.db.schema import VERSION
from ims_spiders.exceptions import ConfigurationError, ImsError
from ims_spiders.login.browser import BY_HAND, find_browser
from ims_spiders.login.install import why_it_does_not_start
from ims_spiders.login.session import require_credentials
from ims_spiders.text.extract import extract_text
from ims_spiders.text.formats import FORMATS

FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `advice` says what to do when it is not `ok`."""

    name: str
    ok: bool
    found: str
    advice: str | None = None


def run_checks(*, login: bool) -> list[Check]:
    """All checks in the order of a crawl; those that need settings are left out while the settings are wrong."""
    checks = [python_version(), configuration()]
    if checks[-1].ok:
        config = load_tracker_config()
        each: list[Callable[[], Check]] = [
            lambda: credentials(config),
            lambda: data_folder(config.data_dir),
            lambda: browser(config),
            lambda: tracker(config),
            *([lambda: tracker_login(config)] if login else []),
            lambda: database(config.data_dir),
        ]
        checks += [check() for check in each]
    return [*checks, text()]


def python_version() -> Check:
    """3.11 to 3.13."""
    found = sys.version.split()[0]
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("Python", True, found)
    return Check("Python", False, found, "use Python 3.11, 3.12 or 3.13, and run `make setup` again")


def configuration() -> Check:
    """Every variable is valid."""
    try:
        config = load_tracker_config()
        load_database_config()
    except ConfigurationError as error:
        return Check(
            "Configuration", False, " · ".join(str(error).splitlines()), "correct it in the environment or .env"
        )
    return Check("Configuration", True, f"tracker {config.base_url}, data in {config.data_dir}")


def credentials(config: TrackerConfig) -> Check:
    """There is something to log in with."""
    try:
        require_credentials(config)
    except ConfigurationError as error:
        return Check("Login details", False, "not usable", str(error))
    return Check("Login details", True, f"IMS_COOKIE_FILE {config.cookie_file}" if config.cookie_file else "given")


def data_folder(folder: Path) -> Check:
    """Files can be written, and there is room for them."""
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
            file.flush()
        free = shutil.disk_usage(existing).free
    except OSError as error:
        advice = "make it writable for you, or set IMS_DATA_DIR to another folder"
        return Check("Data folder", False, f"cannot write in {existing}: {error.strerror}", advice)
    found = f"{folder} can be written, {free / FREE_BYTES:.1f} GB free"
    if free < FREE_BYTES:
        return Check("Data folder", False, found, "free some space, or set IMS_DATA_DIR to another disk")
    return Check("Data folder", True, found)


def browser(config: TrackerConfig) -> Check:
    """It is there and renders a page."""
    if config.render == "never":
        return Check("Browser", True, "not needed, since IMS_RENDER=never")
    reason = why_it_does_not_start()
    if reason is not None:
        return Check("Browser", False, reason, f"run `make setup`, or {BY_HAND}")
    return Check("Browser", True, f"{find_browser().executable or 'the one of Playwright'} starts and renders")


def tracker(config: TrackerConfig) -> Check:
    """It answers, and with its login page."""
    try:
        url = fetch_login_page(config.base_url)
    except ImsError as error:
        return Check("Tracker", False, str(error), "check IMS_BASE_URL, the network and the VPN")
    return Check("Tracker", True, f"{url} is a login page")


def tracker_login(config: TrackerConfig) -> Check:
    """The login is accepted; asked once only, because accounts lock."""
    try:
        how = try_login(config)
    except ImsError as error:
        return Check("Login", False, str(error), "check IMS_USERNAME and IMS_PASSWORD, or export the cookies again")
    return Check("Login", True, how)


def database(data_dir: Path) -> Check:
    """It answers and has the schema. An embedded one that does not run is fine: a crawl starts it."""
    config = load_database_config()
    if not config.use_database:
        return Check("Database", True, "not used, since USE_DATABASE is false")
    try:
        found = database_status(config, data_dir)
        if found.get("running") is False:
            return Check("Database", True, f"{found['database']} starts on demand: {binary('postgres')}")
    except (ImsError, SQLAlchemyError) as error:
        return Check("Database", False, safe_message(error), "set DATABASE_URL to a PostgreSQL 16 or newer")
    if not found["reachable"]:
        advice = "start that server, or correct DATABASE_URL; `ims crawl` works without and `ims db load` catches up"
        return Check("Database", False, f"{found['database']}: {found.get('reason')}", advice)
    return _schema(found)


def _schema(found: dict[str, Any]) -> Check:
    """The database that answers holds the archive in this version."""
    where, version = found["database"], found["schema_version"]
    if version is None:
        return Check("Database", False, f"{where} has no schema {found['schema']}", "run `ims db init`")
    if version != VERSION:
        advice = "run `ims db upgrade`; one that is newer needs a newer ims_spiders"
        return Check("Database", False, f"{where} has the schema in version {version}, not {VERSION}", advice)
    return Check("Database", True, f"{where}, PostgreSQL {found['server_version']}, schema ready")


def text() -> Check:
    """Every reader can be loaded, and the child process reads a file."""
    try:
        readers = {one.name: one.reader() for one in FORMATS if one.module is not None}
        with tempfile.NamedTemporaryFile(suffix=".txt") as file:
            file.write("텍스트 テキスト".encode("cp949"))
            file.flush()
            found = extract_text(Path(file.name), "sample.txt")
    except (ImportError, OSError) as error:
        return Check("Text of attachments", False, str(error), "run `make setup` again")
    if found.text != "텍스트 テキスト":
        return Check("Text of attachments", False, f"{found.status}: {found.reason}", "see memory and process limits")
    return Check("Text of attachments", True, f"can read {', '.join(readers)}")
