"""What the spider yields: one Issue with everything that belongs to it. Typed, no I/O.

Items are plain dataclasses, cheap to build while a page is read. Their annotations carry the constraints that
the validation pipeline checks with pydantic, so that the shape is written down once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, StringConstraints, TypeAdapter

SCHEMA_VERSION = 1
"""Version of the issue file's shape; raised whenever a reader of older files would misread a newer one."""

IssueId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")]
NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
AttachmentKind = Literal["ISSUE", "PATCH", "INLINE"]
TextStatus = Literal["extracted", "empty", "unsupported", "failed", "not_downloaded"]


@dataclass(slots=True)
class Comment:
    """One "action" of an issue. `content` is readable text, `content_html` the body as the tracker sent it."""

    comment_number: int
    author: str | None = None
    author_email: str | None = None
    commented_at: AwareDatetime | None = None
    content: str = ""
    content_html: str = ""


@dataclass(slots=True)
class HistoryEntry:
    """One row of the history. `description` is the whole details cell; the parts are set where it states a change."""

    changed_at: AwareDatetime | None = None
    changed_by: str | None = None
    changed_by_email: str | None = None
    change_type: str = "update"
    field_name: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    description: str = ""


@dataclass(slots=True)
class Attachment:
    """A file of an issue: what the page says of it and, once it was asked for, what became of it.

    `file_size` is in bytes and counted, never the page's rounded `size_label`. `file_path` is relative to the data
    directory. `source` says where it hangs: `attachments`, `patch`, `description` or `comment:<number>`. For an
    inline image `kind` is INLINE, `url` is absolute and `file_id` is made from that URL.
    """

    file_id: NonEmpty
    kind: AttachmentKind
    filename: str
    size_label: str | None = None
    source: str = "attachments"
    url: str | None = None
    file_type: str | None = None
    download_url: str | None = None
    downloaded: bool = False
    download_error: str | None = None
    file_path: str | None = None
    file_size: int | None = None
    sha256: str | None = None
    text_extracted: bool = False
    text_status: TextStatus | None = None
    text_error: str | None = None
    extracted_text: str | None = None


@dataclass(slots=True)
class RelatedIssue:
    """A pointer to another issue. `source` is `relation` (the JSON list) or `patch` (the patch list)."""

    issue_id: IssueId
    source: Literal["relation", "patch"]
    title: str | None = None
    product: str | None = None
    status: str | None = None
    hierarchy: str | None = None


@dataclass(slots=True)
class CrawlInfo:
    """How this copy of the issue came about; not part of the content, so not of its hash.

    `missing` names the parts that could not be had (`relations`, `patch_list`, `attachment:<kind>:<file_id>`); a
    resumed session asks for them again.
    """

    session_uuid: str
    crawl_order: int
    crawled_at: AwareDatetime
    depth: int = 0
    found_by: Literal["search", "relation", "patch"] = "search"
    found_from: str | None = None
    duration_ms: int = 0
    had_errors: bool = False
    error_message: str | None = None
    missing: list[str] = field(default_factory=list)
    content_hash: str | None = None


@dataclass(slots=True)
class Issue:
    """One issue with its comments, history, attachments and pointers to related issues.

    `fields` keeps every label and value of the page as printed, also those that have a field of their own here.
    """

    issue_id: IssueId
    title: NonEmpty
    url: str
    description: str = ""
    description_html: str = ""
    product: str | None = None
    version: str | None = None
    module: str | None = None
    status: str | None = None
    priority: str | None = None
    severity: str | None = None
    issue_type: str | None = None
    reporter: str | None = None
    reporter_email: str | None = None
    owner: str | None = None
    owner_email: str | None = None
    handler: str | None = None
    handler_email: str | None = None
    manager: str | None = None
    manager_email: str | None = None
    registered_date: AwareDatetime | None = None
    modified_date: AwareDatetime | None = None
    final_order_date: AwareDatetime | None = None
    closed_date: AwareDatetime | None = None
    project_code: str | None = None
    project_name: str | None = None
    site: str | None = None
    customer: str | None = None
    build_no: str | None = None
    patch_no: str | None = None
    patch_version: str | None = None
    found_version: str | None = None
    fixed_version: str | None = None
    target_version: str | None = None
    error_code: str | None = None
    bug_number: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    related: list[RelatedIssue] = field(default_factory=list)
    crawl: CrawlInfo | None = None


@cache
def issue_adapter() -> TypeAdapter[Issue]:
    """The pydantic adapter that checks and serialises an Issue; built once, on first use."""
    return TypeAdapter(Issue)


def issue_document(issue: Issue) -> dict[str, Any]:
    """The issue as JSON-ready values: what its file holds, what a feed prints, what the database is made from.

    Times come out as ISO 8601 with their offset. The first key is `schema`.
    """
    return {"schema": SCHEMA_VERSION, **issue_adapter().dump_python(issue, mode="json")}


def issue_from_document(document: dict[str, Any]) -> Issue:
    """The Issue of a stored document. Raises pydantic.ValidationError when it is not one."""
    return issue_adapter().validate_python({key: value for key, value in document.items() if key != "schema"})


def content_hash(document: dict[str, Any]) -> str:
    """SHA-256 (hex) of a document's content, without `crawl`: equal exactly when there is nothing new to store."""
    content = {key: value for key, value in document.items() if key != "crawl"}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def utc_milliseconds(moment: datetime) -> str:
    """An aware time as ISO 8601 in UTC with milliseconds, the form of every time that the crawl itself takes."""
    from datetime import UTC

    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
