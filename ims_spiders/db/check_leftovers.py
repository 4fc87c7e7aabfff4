"""Files that nothing names: of attachments, of writes that were cut off, of sessions that never began."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ims_spiders.db.check_context import BATCH, CheckContext, Finding
from ims_spiders.db.files import SessionFolder, session_folders
from ims_spiders.exceptions import ConfigurationError

RECENT_SECONDS = 3600
"""Younger files may belong to a crawl that is about to name them."""

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
_NAMED = """
    SELECT a.file_path FROM {attachments} AS a JOIN {issues} AS i USING (issue_pk)
    WHERE i.issue_id = ANY(:issue_ids) AND a.file_path IS NOT NULL"""


def leftover_findings(context: CheckContext) -> Iterator[Finding]:
    """What could go. A file that only an older session names is kept: files are the truth."""
    folders = list(session_folders(context.data_dir))
    for path in _folders(context.data_dir / "sessions"):
        if not (path / "session.json").exists() and _is_old(path):
            yield Finding("session_folder_empty", f"{path} holds no session.json", f"rm -r {context.shown(path)}")
    for path in _files(context.data_dir / "sessions"):
        yield from _temporary(context, path)
    of_issues = _folders(context.data_dir / "attachments")
    while some := list(islice(of_issues, BATCH)):
        named = {row[0] for row in context.rows(_NAMED, issue_ids=[folder.name for folder in some])}
        for folder in some:
            yield from _attachments(context, folder, named, folders)
        context.count("attachment folders", len(some))


def _attachments(
    context: CheckContext, folder: Path, named: set[str], sessions: list[SessionFolder]
) -> Iterator[Finding]:
    unnamed = []
    for path in _files(folder):
        if _TEMPORARY.fullmatch(path.name):
            yield from _temporary(context, path)
        elif path.relative_to(context.data_dir).as_posix() not in named and _is_old(path):
            unnamed.append(path)
    if unnamed:
        named = _named_in_files(folder.name, sessions)
    for path in unnamed:
        if path.relative_to(context.data_dir).as_posix() not in named:
            yield Finding("attachment_unnamed", f"{path} belongs to no issue", f"rm {context.shown(path)}")


def _named_in_files(issue_id: str, sessions: list[SessionFolder]) -> set[str]:
    """What any session's copy of the issue names."""
    named: set[str] = set()
    if not re.fullmatch(r"[0-9]{1,12}", issue_id):
        return named
    for session in sessions:
        if session.has_issue(issue_id):
            try:
                entries = session.read_issue(issue_id).get("attachments") or ()
            except ConfigurationError:
                continue
            named.update(entry["file_path"] for entry in entries if entry.get("file_path"))
    return named


def _temporary(context: CheckContext, path: Path) -> Iterator[Finding]:
    if _TEMPORARY.fullmatch(path.name) and _is_old(path):
        yield Finding(
            "temporary_file", f"{path} is left over from a write that was cut off", f"rm {context.shown(path)}"
        )


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > RECENT_SECONDS
    except FileNotFoundError:
        return False


def _folders(parent: Path) -> Iterator[Path]:
    """The folders in a folder, if it is there, one at a time."""
    if parent.is_dir():
        with os.scandir(parent) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, one at a time."""
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)
