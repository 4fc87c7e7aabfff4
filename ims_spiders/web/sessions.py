"""The user's crawl sessions: a list, and one with its issues, its errors and what looks wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from aiohttp import web

from ims_spiders.web.keys import DATABASE
from ims_spiders.web.problems import NotThereError
from ims_spiders.web.render import page
from ims_spiders.web.sight import Sight

PER_PAGE, ISSUES_PER_PAGE, MOST_ERRORS = 50, 100, 100
KINDS = {"": "All", "running": "Running", "failed": "Failed", "suspicious": "Suspicious"}
_LISTED = """
    SELECT s.session_uuid, s.started_at, s.duration_seconds, s.status, s.is_suspicious, s.product, s.original_query,
        s.issues_crawled, s.failed_issues, s.attachments_downloaded, u.username, count(*) OVER () AS total
    FROM {schema}.crawl_sessions AS s JOIN {schema}.users AS u USING (user_id)
    WHERE (CAST(:user_id AS integer) IS NULL OR s.user_id = :user_id)
    AND (:kind = '' OR s.status = :kind OR (:kind = 'suspicious' AND s.is_suspicious))
    ORDER BY s.started_at DESC, s.session_id DESC LIMIT :per_page OFFSET :skipped"""
_ONE = """
    SELECT s.*, u.username FROM {schema}.crawl_sessions AS s JOIN {schema}.users AS u USING (user_id)
    WHERE s.session_uuid = CAST(:uuid AS uuid) AND (CAST(:user_id AS integer) IS NULL OR s.user_id = :user_id)"""
_ISSUES = """
    SELECT i.issue_id, i.title, l.product, l.status, l.found_by, l.found_from, l.had_errors, l.error_message,
        count(*) OVER () AS total
    FROM {schema}.session_issues AS l JOIN {schema}.issues AS i USING (issue_pk) WHERE l.session_id = :session_id
    ORDER BY l.crawl_order, l.session_issue_id LIMIT :per_page OFFSET :skipped"""
_ERRORS = """
    SELECT error_type, severity, left(error_message, 1000) AS message, error_detail ->> 'url' AS url,
        error_detail ->> 'issue_id' AS issue_id, occurred_at, count(*) OVER () AS total
    FROM {schema}.session_errors WHERE session_id = :session_id ORDER BY occurred_at, error_id LIMIT :most"""


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A session with one page of its issues; rows are as the statements above name their columns."""

    session: Any
    suspicions: list[str]
    issues: Sequence[Any]
    number: int
    pages: int
    errors: Sequence[Any]


async def session_list(request: web.Request) -> web.Response:
    """The sessions, the newest first; `kind` is one of KINDS."""
    kind = request.query.get("kind", "")
    kind = kind if kind in KINDS else ""
    number = page_number(request)

    def listed(sight: Sight) -> tuple[str, Sequence[Any]]:
        return sight.username, sight.rows(_LISTED, kind=kind, per_page=PER_PAGE, skipped=(number - 1) * PER_PAGE)

    username, rows = await request.app[DATABASE].look(listed)
    pages = -(-rows[0].total // PER_PAGE) if rows else number
    return page(
        "sessions.html.j2", rows=rows, username=username, kind=kind, kinds=KINDS, number=number, pages=pages,
        total=rows[0].total if rows else 0,
    )  # fmt: skip


async def session_page(request: web.Request) -> web.Response:
    """The session of the address; `page` is one of its issues."""
    found = await request.app[DATABASE].look(partial(_read, request.match_info["uuid"], page_number(request)))
    return page("session.html.j2", found=found, session=found.session)


def page_number(request: web.Request) -> int:
    """The page that the address asks for, from 1; what is no number is the first."""
    value = request.query.get("page", "")
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _read(uuid: str, number: int, sight: Sight) -> SessionPage:
    rows = sight.rows(_ONE, uuid=str(UUID(uuid)))
    if not rows:
        raise NotThereError(f"{sight.username} has no such session. What there is: the list of sessions.")
    session = rows[0]
    key = {"session_id": session.session_id}
    issues = sight.rows(_ISSUES, **key, per_page=ISSUES_PER_PAGE, skipped=(number - 1) * ISSUES_PER_PAGE)
    pages = -(-issues[0].total // ISSUES_PER_PAGE) if issues else number
    errors = sight.rows(_ERRORS, **key, most=MOST_ERRORS)
    return SessionPage(session, _suspicions(session.metadata), issues, number, pages, errors)


def _suspicions(metadata: Any) -> list[str]:
    """What the session's monitors noted, each as a line."""
    noted = (metadata or {}).get("suspicions") or []
    return [str(one["message"] if isinstance(one, dict) and "message" in one else one) for one in noted]
