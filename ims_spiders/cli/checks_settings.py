"""The doctor's checks of the program's surroundings: interpreter, settings, environment, login details."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from urllib.request import getproxies_environment
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ims_spiders.cli.checks_result import Check, bad, doubtful, good
from ims_spiders.config import (
    TrackerConfig,
    load_database_config,
    load_embedding_config,
    load_llm_config,
    load_notify_config,
    load_tracker_config,
)
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.login.session import require_credentials

_POSIX_ZONE = re.compile(r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)[-+]?\d.*")
"""What TZ may hold instead of a zone's name, such as KST-9."""


def python_version() -> Check:
    """3.11 to 3.13."""
    found = sys.version.split()[0]
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return good("Python", found)
    return bad("Python", found, "use Python 3.11, 3.12 or 3.13, and run `make setup` again")


def configuration() -> Check:
    """Every variable is valid."""
    try:
        config = load_tracker_config()
        for load in (load_database_config, load_llm_config, load_embedding_config, load_notify_config):
            load()
    except ConfigurationError as error:
        return bad("Configuration", " · ".join(str(error).splitlines()), "correct it in the environment or .env")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return bad("Configuration", f".env cannot be read: {reason}", "save it as UTF-8, readable for you")
    return good("Configuration", f"tracker {config.base_url}, data in {config.data_dir}")


def environment() -> Check:
    """What was inherited from whoever started this: charset, time zone, proxies."""
    name = "Environment"
    charset = sys.getfilesystemencoding()
    if charset.lower().replace("-", "") != "utf8":
        found = f"names of files are written in {charset}, which has no Korean or Japanese ones"
        return bad(name, found, "set LANG=C.UTF-8, or PYTHONUTF8=1, where ims is started")
    zone = os.environ.get("TZ", "").removeprefix(":")
    if zone and not _is_zone(zone):
        return doubtful(name, f"TZ={zone} is no time zone: times are shown in UTC", "correct it, as in TZ=Asia/Seoul")
    local = f"UTF-8, times are shown in {datetime.now().astimezone().tzname()}"
    proxies = sorted(getproxies_environment().keys() - {"no"})
    if not proxies:
        return good(name, local)
    variables = ", ".join(f"{scheme.upper()}_PROXY" for scheme in proxies)
    return good(name, f"{local}; {variables} is ignored: nobody asks the tracker through a proxy")


def _is_zone(zone: str) -> bool:
    if _POSIX_ZONE.fullmatch(zone) or zone.startswith("/"):
        return True
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def credentials(config: TrackerConfig) -> Check:
    """There is something to log in with."""
    try:
        require_credentials(config)
    except ConfigurationError as error:
        return bad("Login details", "not usable", str(error))
    return good("Login details", f"IMS_COOKIE_FILE {config.cookie_file}" if config.cookie_file else "given")
