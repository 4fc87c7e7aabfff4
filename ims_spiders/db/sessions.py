"""From session.json, errors.jsonl and pages.jsonl to rows of crawl_sessions, search_queries, session_errors, pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from ims_spiders.db.files import JsonObject
from ims_spiders.db.rows import Row, database_safe
from ims_spiders.db.statements import PAGE_COLUMNS, QUERY_COLUMNS, SESSION_COLUMNS
from ims_spiders.exceptions import ErrorType, Severity

COUNTS = ("total_issues_found", "issues_crawled", "attachments_downloaded", "failed_issues", "related_issues")


def session_row(session: JsonObject) -> Row:
    """The row of crawl_sessions. Raises ValueError when user name, uuid or start are missing or are none."""
    for name in ("username", "session_uuid", "started_at"):
        if not isinstance(session.get(name), str) or not session[name].strip():
            raise ValueError(f"session.json has no {name}")
    try:
        UUID(session["session_uuid"])
    except ValueError as error:
        raise ValueError(f"session.json: {session['session_uuid']!r} is no uuid") from error
    try:
        # PostgreSQL would take 'infinity', and no day or month could be worked out any more.
        datetime.fromisoformat(session["started_at"])
    except ValueError as error:
        raise ValueError(f"session.json: started_at {session['started_at']!r} is no time") from error
    row = {name: session.get(name) for name in SESSION_COLUMNS}
    defaults: Row = {
        **dict.fromkeys(COUNTS, 0),
        "crawl_related": False,
        "status": "running",
        "metadata": {},
        "is_suspicious": False,
    }
    row |= {name: value for name, value in defaults.items() if row[name] is None}
    return row | {"created_at": row["started_at"], "updated_at": row["completed_at"] or row["started_at"]}


def query_row(session: JsonObject) -> Row:
    """The row of search_queries: what the session asked and how it was understood."""
    metadata: dict[str, Any] = session.get("metadata") or {}
    row = {name: session.get(name) for name in QUERY_COLUMNS}
    flags = {name: bool(session.get(name) or metadata.get(name)) for name in ("synonym_expanded", "intent_filtered")}
    return row | flags | {"results_count": session.get("total_issues_found"), "queried_at": session.get("started_at")}


def error_row(entry: JsonObject, sequence: int) -> Row:
    """The row of session_errors. A type or severity that the table does not know is kept in the detail."""
    entry = database_safe(entry)
    detail = dict(entry.get("error_detail") or {})
    row = {"sequence": sequence, "occurred_at": entry.get("occurred_at")}
    for name, known, fallback in (("error_type", ErrorType, "crawl_error"), ("severity", Severity, "error")):
        row[name] = entry.get(name)
        if row[name] not in get_args(known):
            detail[name] = row[name]
            row[name] = fallback
    return row | {"error_message": str(entry.get("error_message") or ""), "error_detail": detail}


def page_row(entry: Any) -> Row:
    """The row of pages, but for its session. Raises ValueError for a line that is none of ours."""
    if not isinstance(entry, dict):
        raise ValueError("it is no object")
    row: Row = {name: entry.get(name) for name in PAGE_COLUMNS}
    if not isinstance(row["url"], str):
        raise ValueError("it has no url")
    for name in ("sequence", "depth", "status", "duration_ms", "size_bytes"):
        if not (type(row[name]) is int or (row[name] is None and name != "sequence")):
            raise ValueError(f"its {name} is no number")
    datetime.fromisoformat(str(row["created_at"]))
    return dict(database_safe(row))
