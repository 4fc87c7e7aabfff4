"""The doctor's checks of what lies in the data folder: who can read its secrets, and what killed runs have left."""

from __future__ import annotations

import os
import re
import shlex
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from dotenv import dotenv_values

from ims_spiders.cli.checks_result import Check, bad, doubtful, good, some
from ims_spiders.config import TrackerConfig
from ims_spiders.db.check_leftovers import RECENT_SECONDS
from ims_spiders.db.files import SessionFolder
from ims_spiders.db.status import SessionState
from ims_spiders.exceptions import ImsError

ENV_FILE = Path(".env")
_SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|API_KEY|NOTIFY_URL)$")
_SECRET_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
_HALF_MADE = "new-[0-9a-f]*"
"""What db/durable.py and db/cluster.py call things until they are whole."""
_PROFILES = "playwright_chromiumdev_profile-*"
_READ, _ENTER, _CHANGE = 0o044, 0o011, 0o022


def private_files(config: TrackerConfig) -> Check:
    """No other account can read a password or a login."""
    name = "Private files"
    files = [path for path in (ENV_FILE, config.cookie_file) if path is not None and path.is_file()]
    open_ones = [path for path in files if _mode(path) & (_READ | _CHANGE) and _is_secret(path)]
    open_ones += exposed(config.data_dir / "state")
    open_ones += [path for path in [config.data_dir / "postgres" / "pgpass"] if _mode(path) & _READ]
    if open_ones:
        found = f"others can read {some([str(path) for path in open_ones])}"
        return bad(name, found, f"run: chmod go= {shlex.join(map(str, open_ones))}")
    cluster = config.data_dir / "postgres" / "cluster"
    # PostgreSQL does not start over a folder that others can enter.
    if _mode(cluster) & 0o027:
        return bad(name, f"others can enter {cluster}", f"run: chmod 700 {shlex.quote(str(cluster))}")
    return good(name, "nobody else can read passwords or logins")


def exposed(folder: Path) -> list[Path]:
    """The files below the folder that other accounts can read, and the folders that they can change."""
    found = [folder] if _mode(folder) & _CHANGE else []
    if not _mode(folder) & _ENTER:
        return found
    try:
        inside = sorted(folder.iterdir())
    except PermissionError:
        # Somebody else's, who may not show it to us either.
        return found
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            found += exposed(path)
        elif path.is_file() and _mode(path) & (_READ | _CHANGE):
            found.append(path)
    return found


def _mode(path: Path) -> int:
    """Its permission bits; 0 for what is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _is_secret(path: Path) -> bool:
    if path != ENV_FILE:
        return True
    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, ValueError):
        return False
    return any(value and (_SECRET_NAME.search(key) or _SECRET_URL.search(value)) for key, value in values.items())


def leftovers(data_dir: Path) -> Check:
    """Temporary files of killed runs; younger ones may belong to somebody who is at work."""
    found = list(islice(_left(data_dir), 1000))
    if not found:
        return good("Leftovers", "none of killed runs")
    names = [str(path) for path in found]
    advice = f"run: rm -r {shlex.join(names[:20])}" + (" and look again" if len(names) > 20 else "")
    return doubtful("Leftovers", f"killed runs have left {some(names)}", advice)


def _left(data_dir: Path) -> Iterator[Path]:
    for folder in ("sessions", "attachments", "state"):
        for parent, _, names in os.walk(data_dir / folder):
            cut_off = (Path(parent, name) for name in names if _TEMPORARY.fullmatch(name))
            yield from filter(_is_old, cut_off)
    yield from filter(_is_old, (data_dir / "postgres").glob(_HALF_MADE))
    profiles = list(filter(_is_old, Path(tempfile.gettempdir()).glob(_PROFILES)))
    running = _command_lines() if profiles else ""
    yield from (path for path in profiles if str(path) not in running)


def _is_old(path: Path) -> bool:
    """Old enough, and this account's own: of others' programs nothing is known."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and time.time() - status.st_mtime > RECENT_SECONDS


def _command_lines() -> str:
    """Of all processes that can be seen: a browser names its profile there."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(lines)


def killed_sessions(states: list[SessionState]) -> Check:
    """Sessions that say they run although no process writes them."""
    running = [state for state in states if state.status == "running"]
    killed = [one for one in running if not _is_written(one.folder)]
    if not killed:
        return good("Sessions", f"{len(states)}, {len(running)} of them running" if states else "none yet")
    found = f"{len(killed)} say they are running, but nobody writes them"
    commands = " && ".join(f"ims crawl --resume {one.uuid}" for one in killed[:3])
    return doubtful("Sessions", f"{found}: {some([one.folder.path.name for one in killed])}", f"run: {commands}")


def _is_written(folder: SessionFolder) -> bool:
    """Whether some process writes the session, as far as can be known."""
    try:
        # Asking a session for its lock would make a missing one: this looks only.
        return (folder.path / ".lock").exists() and folder.is_locked()
    except (ImsError, OSError):
        return True
