"""How a download is called, and texts that are too long for a page as files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from ims_spiders.report.text import one_line, plain
from ims_spiders.web.issue_rows import COLUMNS
from ims_spiders.web.keys import DATABASE
from ims_spiders.web.problems import NotThereError
from ims_spiders.web.sight import Sight

LONGEST_NAME = 150
_TEXT = """
    SELECT a.filename, a.extracted_text FROM {schema}.attachments AS a JOIN {schema}.issues AS i USING (issue_pk)
    WHERE i.issue_id = :issue_id AND a.attachment_id = :attachment_id AND a.extracted_text IS NOT NULL"""
_ISSUE = "SELECT * FROM {schema}.issues WHERE issue_id = :issue_id"
_COMMENTS = """
    SELECT comment_number, author, commented_at, content FROM {schema}.issue_comments
    WHERE issue_pk = :issue_pk ORDER BY commented_at NULLS FIRST, comment_number"""
_HISTORY = """
    SELECT changed_at, changed_by, description FROM {schema}.issue_history
    WHERE issue_pk = :issue_pk ORDER BY changed_at NULLS FIRST, history_id"""


def disposition(filename: str, kind: str = "attachment") -> str:
    """The header that names a download: RFC 6266, with a name of plain letters for old programs."""
    name = re.sub(r'[\\/:*?"<>|\ufffd]', "_", one_line(filename)).strip(" .")[:LONGEST_NAME] or "file"
    ascii_name = re.sub(r"[^A-Za-z0-9._ ()+-]", "_", name)
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


async def file_text(request: web.Request) -> web.Response:
    """The whole text that was found in an attachment."""
    wanted = (request.match_info["issue_id"], int(request.match_info["attachment_id"]))
    filename, body = await request.app[DATABASE].look(partial(_extracted, *wanted))
    return _as_file(f"{filename}.txt", body)


async def issue_text(request: web.Request) -> web.Response:
    """The whole issue as text: facts, description, comments, history."""
    issue_id = request.match_info["issue_id"]
    body = await request.app[DATABASE].look(partial(_told, issue_id))
    return _as_file(f"issue-{issue_id}.txt", body)


def _as_file(name: str, body: bytes) -> web.Response:
    headers = {hdrs.CONTENT_DISPOSITION: disposition(name), hdrs.CONTENT_TYPE: "text/plain; charset=utf-8"}
    return web.Response(body=body, headers=headers)


def _extracted(issue_id: str, attachment_id: int, sight: Sight) -> tuple[str, bytes]:
    rows = sight.rows(_TEXT, issue_id=issue_id, attachment_id=attachment_id)
    if not rows:
        raise NotThereError(f"The archive has no text of such a file of issue {issue_id}.")
    return rows[0].filename, rows[0].extracted_text.encode()


def _told(issue_id: str, sight: Sight) -> bytes:
    rows = sight.rows(_ISSUE, issue_id=issue_id)
    if not rows:
        raise NotThereError(f"The archive has no issue {issue_id}. To bring it: ims crawl --query {issue_id}")
    return "\n".join(_lines(rows[0], sight)).encode()


def _lines(issue: Any, sight: Sight) -> Iterator[str]:
    yield f"Issue {issue.issue_id}: {one_line(issue.title)}"
    facts = {"url": "Address", "product": "Product", "status": "Status", **COLUMNS}
    facts |= {"registered_date": "Registered", "modified_date": "Changed", "closed_date": "Closed"}
    for name, label in facts.items():
        value = getattr(issue, name)
        if value is not None:
            yield f"{label}: {one_line(str(value))}"
    yield f"\n== Description ==\n\n{plain(issue.description)}"
    for row in sight.rows(_COMMENTS, issue_pk=issue.issue_pk):
        yield f"\n== Comment {row.comment_number}, {one_line(row.author)}, {row.commented_at or ''} ==\n"
        yield plain(row.content)
    yield "\n== History ==\n"
    for row in sight.rows(_HISTORY, issue_pk=issue.issue_pk):
        yield f"{row.changed_at or ''} {one_line(row.changed_by)}: {one_line(row.description)}"
