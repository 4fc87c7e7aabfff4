"""Invented sessions and issues for the database's tests."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from ims_spiders.db.files import SessionFolder
from ims_spiders.items import (
    Attachment,
    Comment,
    CrawlInfo,
    HistoryEntry,
    Issue,
    RelatedIssue,
    content_hash,
    issue_document,
    utc_milliseconds,
)

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def session_uuid(number: int = 1) -> str:
    """The uuid of the n-th session."""
    return str(UUID(int=0xABCDEF00 + number, version=4))


def at(minutes: float) -> datetime:
    """A time, in minutes after the first session began."""
    return START + timedelta(minutes=minutes)


def session(number: int = 1, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    """session.json of a completed session."""
    begun, ended = at(minutes), at(minutes + 5)
    return {
        "schema": 1,
        "session_uuid": session_uuid(number),
        "username": "kim",
        "product": "OpenFrame",
        "original_query": "TPETIME 오류",
        "parsed_query": "+TPETIME",
        "query_language": "ko",
        "parsing_method": "rules",
        "parsing_confidence": 0.85,
        "max_results": 100,
        "crawl_related": True,
        "max_depth": 1,
        "refresh": "all",
        "status": "completed",
        "started_at": utc_milliseconds(begun),
        "completed_at": utc_milliseconds(ended),
        "duration_seconds": 300.125,
        "exit_code": 0,
        "close_reason": "finished",
        "total_issues_found": 12,
        "issues_crawled": 12,
        "attachments_downloaded": 3,
        "failed_issues": 0,
        "related_issues": 2,
        "search_time_ms": 812.5,
        "crawl_time_ms": 290000,
        "avg_issue_time_ms": 40.25,
        "parallel_workers": 8,
        "data_path": "sessions/x",
        "metadata": {"note": "시험"},
        **changes,
    }


def issue(number: int, minutes: float = 1, session_number: int = 1, **changes: Any) -> dict[str, Any]:
    """An issue's document with two comments, three history rows (two of them alike) and two attachments."""
    moment = at(minutes)
    item = Issue(
        issue_id=str(number),
        title=f"TPETIME during batch {number} 배치 중 타임아웃",
        url=f"https://ims.example.com/tody/ims/issue/issueView.do?issueId={number}",
        description="処理がタイムアウトします",
        product="OpenFrame Batch",
        status="Open",
        priority="High",
        registered_date=START - timedelta(days=number % 300),
        fields={"Subject": f"TPETIME during batch {number}"},
        comments=[Comment(number * 10 + n, "민사혁", None, at(-n), f"comment {n}", f"<p>{n}</p>") for n in (1, 2)],
        history=[
            HistoryEntry(START, "kim", None, "status_change", "Status", "New", "Open", "Status : New → Open"),
            HistoryEntry(START, "kim", None, "update", None, None, None, "looked at"),
            HistoryEntry(START, "kim", None, "update", None, None, None, "looked at"),
            HistoryEntry(None, None, description="no time, no user"),
        ],
        attachments=[
            Attachment(str(number + n), "ISSUE", f"file{n}.log", downloaded=n == 1, file_size=n, sha256="ab" * 32)
            for n in (1, 2)
        ],
        related=[RelatedIssue("9", "relation", "seen before")],
        crawl=CrawlInfo(session_uuid(session_number), number % 1000, moment, duration_ms=12),
    )
    return hashed(issue_document(replace(item, **changes)))


def changed(document: dict[str, Any], minutes: float, session_number: int, **changes: Any) -> dict[str, Any]:
    """The issue as another session saw it later, or earlier, with some of its content different."""
    copy = deepcopy(document) | changes
    copy["crawl"] |= {"session_uuid": session_uuid(session_number), "crawled_at": utc_milliseconds(at(minutes))}
    return hashed(copy)


def hashed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the hash of its content in its crawl block, as the crawl writes it."""
    document["crawl"]["content_hash"] = content_hash(document)
    return document


def error(message: str = "no answer", **changes: Any) -> dict[str, Any]:
    """An entry of errors.jsonl."""
    return {
        "occurred_at": utc_milliseconds(START),
        "error_type": "network_error",
        "severity": "error",
        "error_message": message,
        "error_detail": {"url": "https://ims.example.com/", "issue_id": "4"},
        **changes,
    }


def folder(data_dir: Path, content: dict[str, Any], documents: list[dict[str, Any]]) -> SessionFolder:
    """A session folder that holds all this."""
    begun = datetime.fromisoformat(content["started_at"])
    made = SessionFolder.create(data_dir, content["session_uuid"], content["product"], begun)
    made.write_session(content)
    for document in documents:
        made.write_issue(document["issue_id"], document)
    return made
