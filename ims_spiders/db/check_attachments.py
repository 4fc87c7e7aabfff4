"""Attachments that the database names: the file is there, as long as it was, with the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ims_spiders.db.check_context import CheckContext, Finding

_DOWNLOADED = """
    SELECT a.attachment_id, i.issue_id, a.filename, a.file_path, a.file_size, a.sha256, s.session_uuid, s.data_path
    FROM {attachments} AS a JOIN {issues} AS i USING (issue_pk)
    LEFT JOIN {crawl_sessions} AS s ON s.session_id = a.session_id
    WHERE a.downloaded AND a.attachment_id > :after ORDER BY a.attachment_id LIMIT :size"""


def attachment_findings(context: CheckContext, quick: bool) -> Iterator[Finding]:
    """Files that are not what the database says; `quick` compares sizes only."""
    total = context.rows("SELECT count(*) FROM {attachments} WHERE downloaded")[0][0]
    done = 0
    for page in context.pages(_DOWNLOADED):
        for row in page:
            problem = _problem(context, row, quick)
            if problem is not None:
                kind, reason = problem
                what = f"issue {row.issue_id}, {row.filename}: {reason}"
                yield Finding(kind, what, _fetch_again(context, row))
        done += len(page)
        context.looked_at("attachments", done, max(total, done), len(page))


def _problem(context: CheckContext, row: Any, quick: bool) -> tuple[str, str] | None:
    """The kind of finding and what is wrong, or None."""
    if not row.file_path:
        return "attachment_missing", "downloaded, and yet no file is named"
    root = context.data_dir.resolve()
    path = (root / row.file_path).resolve()
    if not path.is_relative_to(root):
        return "attachment_outside", f"{row.file_path} lies outside of the data directory"
    if not path.is_file():
        return "attachment_missing", f"{row.file_path} is not there"
    size = path.stat().st_size
    if size != row.file_size:
        return "attachment_size_differs", f"{row.file_path} has {size} bytes and should have {row.file_size}"
    if not quick and _sha256(path) != row.sha256:
        return "attachment_content_differs", f"{row.file_path} is not the file that was fetched"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_again(context: CheckContext, row: Any) -> str:
    """A session asks only for what its folder lacks, so the issue that names the file has to go first."""
    if row.session_uuid is None:
        return f"the session that fetched it was deleted: crawl issue {row.issue_id} again"
    path = context.data_dir / (row.data_path or "") / "issues" / f"{row.issue_id}.json"
    return f"rm {context.shown(path)} && ims crawl --resume {row.session_uuid}"
