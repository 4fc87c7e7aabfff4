"""What the session folders say of the archive's state: which crawls run, how far they are, how others ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ims_spiders.db.files import JsonObject, SessionFolder
from ims_spiders.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True)
class SessionState:
    """What session.json says, as far as it is looked at again and again. Times are ISO 8601 in UTC."""

    folder: SessionFolder
    uuid: str
    status: str
    username: str
    product: str | None
    query: str
    started_at: str
    completed_at: str | None
    exit_code: int | None
    close_reason: str | None
    found: int
    stored: int
    failed: int
    attachments: int
    job: str | None
    is_suspicious: bool
    suspicions: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A session that says it is running. `alive`: some process writes it; else it was killed, and can be gone on with.

    `figures` is what .progress.json says (extensions/metrics.py), empty where there is none.
    """

    session: SessionState
    alive: bool
    done: int
    found: int
    rate: float
    figures: JsonObject = field(default_factory=dict)


class Sessions:
    """The session folders of an archive; each session.json is read again only when it has changed."""

    def __init__(self, data_dir: Path):
        self._data_dir = data_dir
        self._known: dict[Path, tuple[tuple[int, int], SessionState | None]] = {}

    def look(self) -> list[SessionState]:
        """All sessions, oldest first; files that cannot be read are left out."""
        known, self._known = self._known, {}
        for path in sorted((self._data_dir / "sessions").glob("*/session.json")):
            try:
                status = path.stat()
            except OSError:
                continue
            version = status.st_mtime_ns, status.st_ino
            before = known.get(path)
            self._known[path] = before if before and before[0] == version else (version, _read(path.parent))
        states = [state for _, state in self._known.values() if state is not None]
        return sorted(states, key=lambda state: state.started_at)


def running(states: list[SessionState]) -> list[Running]:
    """Those that say they are running, oldest first."""
    return [_running(state) for state in states if state.status == "running"]


def _running(state: SessionState) -> Running:
    figures = state.folder.read_progress() or {}
    alive = state.folder.is_locked()
    stored = _count(figures, "stored")
    try:
        began, seen = (datetime.fromisoformat(figures[name]) for name in ("run_started_at", "updated_at"))
        seconds = (seen - began).total_seconds()
    except (KeyError, TypeError, ValueError):
        seconds = 0.0
    done = _count(figures, "done") if figures else len(state.folder.issue_ids())
    return Running(state, alive, done, _count(figures, "found"), stored / seconds if seconds > 0 else 0.0, figures)


def _read(path: Path) -> SessionState | None:
    folder = SessionFolder(path)
    try:
        record = folder.read_session()
        return _state(folder, record)
    except (ConfigurationError, OSError, KeyError, TypeError, AttributeError):
        return None


def _state(folder: SessionFolder, record: dict[str, Any]) -> SessionState:
    metadata = record.get("metadata") or {}
    runs = metadata.get("runs") or [{}]
    return SessionState(
        folder=folder,
        uuid=str(record["session_uuid"]),
        status=str(record.get("status") or "running"),
        username=str(record["username"]),
        product=record.get("product"),
        query=record.get("original_query") or "",
        started_at=str(record["started_at"]),
        completed_at=record.get("completed_at"),
        exit_code=record.get("exit_code"),
        close_reason=record.get("close_reason"),
        found=_count(record, "total_issues_found"),
        stored=_count(record, "issues_crawled"),
        failed=_count(record, "failed_issues"),
        attachments=_count(record, "attachments_downloaded"),
        job=runs[-1].get("job"),
        is_suspicious=bool(record.get("is_suspicious")),
        suspicions=tuple(metadata.get("suspicions") or ()),
    )


def _count(figures: JsonObject, name: str) -> int:
    value = figures.get(name)
    return int(value) if isinstance(value, (int, float)) else 0


def seconds_since(moment: str | None) -> float | None:
    """How long ago an ISO time was; None without one, or for something else."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(moment or "")).total_seconds()
    except (ValueError, TypeError):
        return None
