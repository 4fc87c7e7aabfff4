"""Rebuilds the database from the session folders, in bounded memory, any number of times with the same outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError

from ims_spiders.db.files import JsonObject, SessionFolder, find_session, session_folders
from ims_spiders.db.projection import Projection
from ims_spiders.db.projection_pages import PagesWritten, write_pages
from ims_spiders.db.schema import initialise
from ims_spiders.db.transactions import WriteResult, refusal_reason
from ims_spiders.exceptions import ConfigurationError

BATCH = 100
BATCH_BYTES = 16_000_000
SHOWN = 5
"""So many lines of a pages.jsonl that were left out are named; the rest is counted."""

Version = tuple[int, int, int]

Progress = Callable[[str, int, int], None]
"""Called with the folder's name, the number of issues done, and their total."""


@dataclass(slots=True)
class LoadResult:
    """What a load did. `broken` names each file that could not be read or stored, and why; `deleted` the folders of
    sessions that were deleted from the database on purpose and not named now."""

    sessions: int = 0
    issues: WriteResult = field(default_factory=WriteResult)
    errors: int = 0
    pages: int = 0
    broken: dict[Path, str] = field(default_factory=dict)
    deleted: list[Path] = field(default_factory=list)


def load(
    engine: Engine,
    data_dir: Path,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    schema: str = "ims",
    upgrade: bool = True,
) -> LoadResult:
    """Load all sessions but deleted ones, oldest first, or the named ones; has the schema made as `initialise` does.

    Sessions that are still being written may be loaded too. Raises ConfigurationError for a name that fits no
    session, sqlalchemy.exc.OperationalError when the database goes away; loading again later takes it from there.
    """
    folders = [find_session(data_dir, name) for name in names] if names else list(session_folders(data_dir))
    initialise(engine, schema, upgrade=upgrade)
    projection = Projection(engine, schema)
    result = LoadResult()
    deleted = set() if names else projection.deleted_sessions()
    for folder in folders:
        if deleted and _uuid(folder) in deleted:
            result.deleted.append(folder.path)
        else:
            load_session(projection, folder, result, progress)
    projection.refresh_statistics()
    return result


def load_session(
    projection: Projection, folder: SessionFolder, result: LoadResult, progress: Progress | None = None
) -> None:
    """Load one session's folder and add what became of it to the result."""
    try:
        session_uuid = str(folder.read_session().get("session_uuid"))
        projection.write_session(folder)
    except (ConfigurationError, ValueError, DataError, IntegrityError) as error:
        result.broken[folder.path / "session.json"] = _reason(error)
        return
    result.sessions += 1
    pending = _in_crawl_order(folder, result)
    total, done = len(pending), 0
    while pending:
        versions: dict[str, Version] = {}
        for batch in _batches(folder, pending, versions, result):
            written = projection.write_issues(session_uuid, batch)
            result.issues.add(written)
            result.broken.update({folder.issue_path(entry.issue_id): entry.reason for entry in written.refused})
            done += len(batch)
            if progress:
                progress(folder.path.name, min(done, total), total)
        # What its crawl wrote again while it was loaded here must not be left in the older state.
        pending = [issue_id for issue_id, version in versions.items() if _version(folder, issue_id) != version]
    _load_errors(projection, folder, session_uuid, result)
    _load_pages(projection, folder, session_uuid, result)


def _uuid(folder: SessionFolder) -> str | None:
    try:
        return str(folder.read_session().get("session_uuid"))
    except ConfigurationError:
        return None


def _load_errors(projection: Projection, folder: SessionFolder, session_uuid: str, result: LoadResult) -> None:
    entries = folder.read_errors()
    refused = projection.write_errors(session_uuid, entries)
    result.errors += len(entries) - len(refused)
    if refused:
        result.broken[folder.errors_path] = "; ".join(f"{entry.issue_id}: {entry.reason}" for entry in refused)


def _load_pages(projection: Projection, folder: SessionFolder, session_uuid: str, result: LoadResult) -> None:
    done = PagesWritten()
    try:
        while write_pages(projection, folder, session_uuid, done):
            continue
    except OSError as error:
        done.refused.append(_reason(error))
    result.pages += done.pages
    if done.refused:
        more = f" and {len(done.refused) - SHOWN} more" if len(done.refused) > SHOWN else ""
        result.broken[folder.pages_path] = "; ".join(done.refused[:SHOWN]) + more


def _in_crawl_order(folder: SessionFolder, result: LoadResult) -> list[str]:
    """The ids of the session's issues in the order in which they were crawled; broken files are left out."""
    order: list[tuple[int, int, str]] = []
    for issue_id in folder.issue_ids():
        document = _read(folder, issue_id, result)
        if document is not None:
            crawl = document.get("crawl")
            place = crawl.get("crawl_order") if isinstance(crawl, dict) else None
            order.append((place if isinstance(place, int) else 0, int(issue_id), issue_id))
    return [issue_id for _, _, issue_id in sorted(order)]


def _read(folder: SessionFolder, issue_id: str, result: LoadResult) -> JsonObject | None:
    try:
        document = folder.read_issue(issue_id)
        if document.get("issue_id") != issue_id:
            raise ConfigurationError(f"holds the issue {document.get('issue_id')!r}")
    except (ConfigurationError, OSError) as error:
        result.broken[folder.issue_path(issue_id)] = _reason(error)
        return None
    return document


def _reason(error: BaseException) -> str:
    if isinstance(error, (DataError, IntegrityError)):
        return refusal_reason(error)
    return str(error)


def _batches(
    folder: SessionFolder, issue_ids: Sequence[str], versions: dict[str, Version], result: LoadResult
) -> Iterator[list[JsonObject]]:
    """The documents in batches, limited in number and size; which version of each was read goes into `versions`."""
    batch: list[JsonObject] = []
    size = 0
    for issue_id in issue_ids:
        result.broken.pop(folder.issue_path(issue_id), None)
        version = versions[issue_id] = _version(folder, issue_id)
        document = _read(folder, issue_id, result)
        if document is not None:
            batch.append(document)
            size += version[1]
        if len(batch) == BATCH or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _version(folder: SessionFolder, issue_id: str) -> Version:
    """What tells one state of the file from the next: it is replaced, never written over."""
    try:
        status = folder.issue_path(issue_id).stat()
    except OSError:
        return (0, 0, 0)
    return status.st_ino, status.st_size, status.st_mtime_ns
