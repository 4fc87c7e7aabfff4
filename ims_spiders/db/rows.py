"""From an issue's document to rows, and text that PostgreSQL takes. Pure: nothing here connects to anything."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ims_spiders.items import content_hash

Row = dict[str, Any]

ISSUE_FIELDS = (
    "issue_id", "title", "description", "product", "version", "module", "status", "priority", "severity", "issue_type",
    "reporter", "owner", "handler", "manager", "registered_date", "modified_date", "closed_date", "project_code",
    "project_name", "site", "customer", "found_version", "fixed_version", "target_version", "error_code", "bug_number",
    "url",
)  # fmt: skip
COMMENT_FIELDS = ("comment_number", "author", "author_email", "content", "commented_at")
HISTORY_FIELDS = (
    "changed_by", "changed_by_email", "changed_at", "change_type", "field_name", "old_value", "new_value",
    "description",
)  # fmt: skip
ATTACHMENT_FIELDS = (
    "file_id", "kind", "source", "filename", "file_type", "file_size", "file_path", "sha256", "download_url",
    "downloaded", "download_error", "extracted_text", "text_extracted", "text_status",
)  # fmt: skip
DEFAULTS: Row = {
    "content": "", "description": "", "change_type": "update", "downloaded": False, "text_extracted": False,
    "kind": "ISSUE",
}  # fmt: skip


@dataclass(slots=True)
class Sighting:
    """One document on its way into the database: what decides whether there is anything to write.

    `crawl` is safe for the database already; the document is made so only when it is to be written.
    """

    issue_id: str
    content_hash: str
    crawled_at: datetime
    crawl: Row
    document: Row

    def link(self, issue_pk: int, session_id: int) -> Row:
        """The row that says how the session saw the issue."""
        crawl = self.crawl
        return {
            "session_id": session_id,
            "issue_pk": issue_pk,
            "created_at": self.crawled_at.isoformat(),
            "crawl_order": crawl.get("crawl_order"),
            "crawl_duration_ms": crawl.get("duration_ms"),
            "depth": crawl.get("depth"),
            "had_errors": bool(crawl.get("had_errors")),
            "found_by": crawl.get("found_by"),
            "found_from": crawl.get("found_from"),
            "error_message": crawl.get("error_message"),
            "content_hash": self.content_hash,
            **database_safe({name: self.document.get(name) for name in ("product", "status")}),
        }

    def issue(self) -> Row:
        """The issue's own row, as the first session to see it writes it. Raises ValueError for what is not JSON."""
        self.document = database_safe(self.document)
        moment = self.crawled_at.isoformat()
        times = ("first_crawled_at", "last_crawled_at", "created_at", "updated_at")
        row = {name: self.document.get(name) for name in ISSUE_FIELDS}
        row |= dict.fromkeys(times, moment)
        return row | {"crawl_count": 1, "content_hash": self.content_hash, "full_data": self.document}

    def children(self, issue_pk: int, session_id: int) -> dict[str, list[Row]]:
        """The rows of what hangs on the issue, by table; what comes twice under one key counts once.

        Raises ValueError, TypeError or AttributeError when they do not have the shape of an issue's.
        """
        self.document = database_safe(self.document)
        shared = {"issue_pk": issue_pk, "created_at": self.crawled_at.isoformat()}
        comments = [_pick(entry, COMMENT_FIELDS) | shared for entry in self.document.get("comments") or ()]
        files = [_pick(entry, ATTACHMENT_FIELDS) | shared for entry in self.document.get("attachments") or ()]
        # Of a file that hangs in two places, the place where it could be had.
        files.sort(key=lambda row: not row["downloaded"])
        return {
            "issue_comments": _once(comments, ("comment_number",)),
            "issue_history": [row | shared for row in _history(self.document.get("history") or ())],
            "attachments": _once([row | {"session_id": session_id} for row in files], ("file_id", "kind")),
        }


def sighting(document: Row) -> Sighting:
    """The document as a Sighting. Raises ValueError that says what is missing when it is no crawled issue."""
    try:
        crawl = database_safe(document["crawl"])
        crawled_at = datetime.fromisoformat(crawl["crawled_at"])
        if crawled_at.tzinfo is None:
            raise ValueError("crawl.crawled_at has no time zone")
        issue_id = document["issue_id"]
        if not isinstance(issue_id, str) or not issue_id.isascii():
            raise ValueError("issue_id is not a number in text")
        return Sighting(issue_id, crawl.get("content_hash") or content_hash(document), crawled_at, crawl, document)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a crawled issue: {type(error).__name__} {error}") from error


def database_safe(value: Any) -> Any:
    """The value with NUL and lone surrogates replaced by U+FFFD, which PostgreSQL's text and jsonb cannot hold.

    A value without them comes back as it is.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _replace(value)
    return _replace(value) if "\\u0000" in text else value


def _replace(value: Any) -> Any:
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_replace(key): _replace(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_replace(entry) for entry in value]
    return value


def _pick(entry: Row, names: Iterable[str]) -> Row:
    return {name: DEFAULTS.get(name) if entry.get(name) is None else entry[name] for name in names}


def _once(rows: list[Row], key: tuple[str, ...]) -> list[Row]:
    """The first row of each key, in order."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in key), row)
    return list(found.values())


def _history(entries: Iterable[Row]) -> Iterable[Row]:
    """History rows with what stands in for the number that the tracker does not give them."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for entry in entries:
        row = _pick(entry, HISTORY_FIELDS)
        details = hashlib.sha256(row["description"].encode()).hexdigest()[:32]
        key = (row["changed_at"], row["changed_by"], details)
        seen[key] += 1
        yield row | {"details_hash": f"\\x{details}", "ordinal": seen[key]}
