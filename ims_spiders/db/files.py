"""The session folder: its names, who may write it, and reading it back. Files are the truth of the archive."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ims_spiders.db.durable import append_durably, make_folder, refused_by_disk, write_durably
from ims_spiders.exceptions import ConfigurationError, SessionBusy

JsonObject = dict[str, Any]
PROGRESS = ".progress.json"
"""Hidden, as whatever copies the archive leaves such files out: this one comes and goes."""


def to_json(value: Any) -> bytes:
    """A value as indented UTF-8 JSON; a lone surrogate is escaped, so that any text survives the round trip."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace") + b"\n"


class SessionFolder:
    """One crawl session on disk: session.json, issues/, errors.jsonl, pages.jsonl, quarantine/, crawl.log."""

    def __init__(self, path: Path):
        self.path = path
        self._lock: int | None = None
        self.guard: Callable[[], None] = lambda: None
        """Called before each write; raises StorageError when this process may write no more."""

    @classmethod
    def create(cls, data_dir: Path, session_uuid: str, product: str, started_at: datetime) -> SessionFolder:
        """Make `<UTC time>-<product>-<first 8 of uuid>` under sessions/. Raises StorageError when it cannot."""
        label = re.sub(r"[^\w.-]+", "_", product, flags=re.UNICODE).strip("._")[:40] or "all"
        stamp = started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = cls(data_dir / "sessions" / f"{stamp}-{label}-{session_uuid[:8]}")
        with refused_by_disk(folder.path):
            make_folder(folder.path / "issues")
        return folder

    @property
    def log_path(self) -> Path:
        """Where the crawl's log goes."""
        return self.path / "crawl.log"

    @property
    def errors_path(self) -> Path:
        """Where errors are appended, one JSON object a line."""
        return self.path / "errors.jsonl"

    @property
    def pages_path(self) -> Path:
        """Where the tracker's answers are noted, one JSON object a line, as far as IMS_LOG_PAGES asks for it."""
        return self.path / "pages.jsonl"

    def issue_path(self, issue_id: str) -> Path:
        """The file of one issue. Raises ValueError for anything but digits: ids come from pages."""
        if not re.fullmatch(r"[0-9]{1,12}", issue_id):
            raise ValueError(f"not an issue id: {issue_id!r}")
        return self.path / "issues" / f"{issue_id}.json"

    def lock(self, patience: float = 0.0) -> None:
        """Become the session's only writer until `unlock` or the end of the process.

        `patience` are seconds to wait for who only looks whether it is locked. Raises SessionBusy, StorageError, and
        ConfigurationError on a file system that has no locks.
        """
        with refused_by_disk(self.path / ".lock"):
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + patience
        try:
            while not _take(descriptor, self.path):
                if time.monotonic() >= deadline:
                    raise SessionBusy(
                        f"session {self.path.name} is being written by another process; wait for it or stop it first"
                    )
                time.sleep(0.02)
        except BaseException:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def unlock(self) -> None:
        """Let others write the session again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_locked(self) -> bool:
        """Whether some process writes this session right now."""
        probe = SessionFolder(self.path)
        try:
            probe.lock()
        except SessionBusy:
            return True
        probe.unlock()
        return False

    def write_session(self, session: JsonObject) -> None:
        """Replace session.json. Raises StorageError."""
        self.guard()
        write_durably(self.path / "session.json", to_json(session))

    def read_session(self) -> JsonObject:
        """The content of session.json. Raises ConfigurationError when it is missing or not JSON."""
        return read_json(self.path / "session.json")

    def write_progress(self, figures: JsonObject) -> None:
        """Replace .progress.json, the running crawl's counts. Nobody waits for the disk. Raises StorageError."""
        self.guard()
        path = self.path / PROGRESS
        with refused_by_disk(path):
            temporary = path.with_name(f"{PROGRESS}.new")
            temporary.write_bytes(to_json(figures))
            temporary.replace(path)

    def read_progress(self) -> JsonObject | None:
        """What .progress.json says; None when there is none, or none that can be read."""
        try:
            return read_json(self.path / PROGRESS)
        except (ConfigurationError, OSError):
            return None

    def remove_progress(self) -> None:
        """The crawl is over. Raises StorageError."""
        self.guard()
        with refused_by_disk(self.path / PROGRESS):
            (self.path / PROGRESS).unlink(missing_ok=True)

    def write_issue(self, issue_id: str, document: JsonObject) -> None:
        """Make one issue durable; with that it is done. Raises StorageError."""
        self.guard()
        write_durably(self.issue_path(issue_id), to_json(document))

    def has_issue(self, issue_id: str) -> bool:
        """Whether the issue is durable in this session."""
        return self.issue_path(issue_id).exists()

    def read_issue(self, issue_id: str) -> JsonObject:
        """The stored document of one issue. Raises ConfigurationError when it is missing or not JSON."""
        return read_json(self.issue_path(issue_id))

    def issue_ids(self) -> list[str]:
        """The ids of all durable issues, in numeric order."""
        names = [path.stem for path in (self.path / "issues").glob("*.json")]
        return sorted((name for name in names if name.isdigit()), key=int)

    def append_error(self, entry: JsonObject) -> None:
        """Add one entry to errors.jsonl. Raises StorageError."""
        self.guard()
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        append_durably(self.errors_path, line)

    def read_errors(self) -> list[JsonObject]:
        """All whole lines of errors.jsonl; a line torn by a crash has never been acknowledged and is left out."""
        if not self.errors_path.exists():
            return []
        entries = []
        for line in self.errors_path.read_bytes().splitlines():
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        return entries

    def quarantine(self, name: str, content: bytes) -> Path:
        """Keep a raw page that did not parse. `name` is made safe. Raises StorageError. Returns the file's path."""
        self.guard()
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:120] or "page"
        path = self.path / "quarantine" / safe
        write_durably(path, content)
        return path


def session_folders(data_dir: Path) -> Iterator[SessionFolder]:
    """Every session folder that has a session.json, oldest first.

    Names tell seconds only; what began within one is told apart by its session.json.
    """
    paths = sorted(path.parent for path in (data_dir / "sessions").glob("*/session.json"))
    for _, together in groupby(paths, key=lambda path: path.name.partition("-")[0]):
        folders = [SessionFolder(path) for path in together]
        yield from sorted(folders, key=_started_at) if len(folders) > 1 else folders


def _started_at(folder: SessionFolder) -> str:
    try:
        return str(folder.read_session().get("started_at"))
    except (ConfigurationError, OSError):
        return ""


def find_session(data_dir: Path, name: str) -> SessionFolder:
    """The folder of a session by uuid (or its beginning, 8 letters at least), folder name, or `last`.

    Raises ConfigurationError when there is none or more than one.
    """
    folders = list(session_folders(data_dir))
    if name == "last":
        if not folders:
            raise ConfigurationError(f"there is no session in {data_dir / 'sessions'} yet; start one with `ims crawl`")
        return folders[-1]
    wanted = name.lower()
    matches = [
        folder
        for folder in folders
        if folder.path.name.lower() == wanted
        or (len(wanted) >= 8 and str(folder.read_session().get("session_uuid", "")).startswith(wanted))
    ]
    if len(matches) != 1:
        found = "no session" if not matches else f"{len(matches)} sessions"
        raise ConfigurationError(
            f"{found} called {name!r} in {data_dir / 'sessions'}; "
            "give the uuid that `ims crawl` printed, the folder's name, or `last`"
        )
    return matches[0]


def read_json(path: Path) -> JsonObject:
    """A JSON object from a file. Raises ConfigurationError that names the file when it is missing or broken."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} does not exist") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path} does not hold a JSON object")
    return value


def _take(descriptor: int, path: Path) -> bool:
    """Whether the lock was free. Raises ConfigurationError when there is no such thing as a lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        message = (
            f"{path} cannot be locked ({error.strerror}), so nothing would keep two crawls out of one session; "
            "set IMS_DATA_DIR to a file system that has locks"
        )
        raise ConfigurationError(message) from error
    return True
