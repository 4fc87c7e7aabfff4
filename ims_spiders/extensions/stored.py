"""What earlier sessions, or earlier runs of this one, have stored: so that it is not fetched again."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from ims_spiders.db.files import SessionFolder, session_folders
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.items import Attachment, Issue, issue_from_document
from ims_spiders.spiders.arguments import Refresh

AttachmentKey = tuple[str, str]


class StoredIssues:
    """Looks up issues in this session's folder and, where `refresh` allows, in those of other sessions."""

    def __init__(self, data_dir: Path, folder: SessionFolder, refresh: Refresh):
        self._data_dir = data_dir
        self._folder = folder
        self._refresh = refresh

    def complete(self, issue_id: str) -> Issue | None:
        """The stored copy of an issue whose pages need not be fetched again; None when they must be.

        Always so for what is durable in this very session, and with `missing` for what is durable in any. A copy that
        lacks only attachments counts: they alone are asked for again.
        """
        issue = _read(self._folder, issue_id) if self._folder.has_issue(issue_id) else None
        if issue is None and self._refresh == "missing":
            issue = self._newest(issue_id)
        if issue is None or issue.crawl is None:
            return None
        only_files = all(part.startswith("attachment:") for part in issue.crawl.missing)
        return issue if only_files else None

    def attachments(self, issue: Issue) -> dict[AttachmentKey, Attachment]:
        """By kind and number, the files of this issue that are stored and need not be fetched again."""
        if self._refresh == "all":
            return {}
        stored = self._newest(issue.issue_id)
        if stored is None:
            return {}
        candidates = {(one.kind, one.file_id): one for one in stored.attachments if self._is_whole(one)}
        return {
            (one.kind, one.file_id): candidates[one.kind, one.file_id]
            for one in issue.attachments
            if (one.kind, one.file_id) in candidates and _same_listing(one, candidates[one.kind, one.file_id])
        }

    def _is_whole(self, attachment: Attachment) -> bool:
        if not attachment.downloaded or attachment.file_path is None:
            return False
        try:
            return (self._data_dir / attachment.file_path).stat().st_size == attachment.file_size
        except OSError:
            return False

    def _newest(self, issue_id: str) -> Issue | None:
        folder = self._newest_folders.get(issue_id)
        return _read(folder, issue_id) if folder is not None else None

    @cached_property
    def _newest_folders(self) -> dict[str, SessionFolder]:
        """The newest other session of each stored issue: folder names begin with their time."""
        newest: dict[str, SessionFolder] = {}
        for folder in session_folders(self._data_dir):
            if folder.path != self._folder.path:
                newest.update(dict.fromkeys(folder.issue_ids(), folder))
        return newest


def _same_listing(new: Attachment, stored: Attachment) -> bool:
    return (new.filename, new.size_label, new.url) == (stored.filename, stored.size_label, stored.url)


def _read(folder: SessionFolder, issue_id: str) -> Issue | None:
    """A stored issue; None for a file of another version, which is then simply fetched again."""
    try:
        return issue_from_document(folder.read_issue(issue_id))
    except (ConfigurationError, ValidationError):
        return None
