"""An issue out of the archive as far as a page shows it: long texts and long lists are cut in the database already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ims_spiders.web.problems import NotThereError
from ims_spiders.web.sight import Sight

PER_PAGE = 50
"""Comments."""
MOST_TEXT, MOST_COMMENT, MOST_EXTRACT = 20_000, 5_000, 2_000
"""Characters."""
MOST_HISTORY, MOST_FILES, MOST_SESSIONS, MOST_FIELDS, MOST_RELATED = 200, 200, 30, 200, 200
COLUMNS = {
    "version": "Version", "module": "Module", "issue_type": "Type", "priority": "Priority", "severity": "Severity",
    "reporter": "Reporter", "owner": "Owner", "handler": "Handler", "manager": "Manager", "customer": "Customer",
    "site": "Site", "project_name": "Project", "project_code": "Project code", "found_version": "Found in",
    "fixed_version": "Fixed in", "target_version": "Planned for", "error_code": "Error code",
    "bug_number": "Bug number",
}  # fmt: skip
_ISSUE = """
    SELECT i.issue_pk, i.issue_id, i.title, i.url, i.product, i.status, i.registered_date, i.modified_date,
        i.closed_date, i.first_crawled_at, i.last_crawled_at, i.missing_since, i.crawl_count, {columns},
        left(i.description, :most) AS description, char_length(i.description) > :most AS is_cut,
        i.full_data -> 'fields' AS fields, i.full_data -> 'related' AS related,
        (SELECT count(*) FROM {schema}.issue_comments AS c WHERE c.issue_pk = i.issue_pk) AS comments,
        (SELECT count(*) FROM {schema}.issue_history AS h WHERE h.issue_pk = i.issue_pk) AS changes,
        (SELECT count(*) FROM {schema}.attachments AS a WHERE a.issue_pk = i.issue_pk) AS files
    FROM {schema}.issues AS i WHERE i.issue_id = :issue_id"""
_COMMENTS = """
    SELECT comment_number, author, commented_at, left(content, :most) AS content,
        char_length(content) > :most AS is_cut
    FROM {schema}.issue_comments WHERE issue_pk = :issue_pk
    ORDER BY commented_at NULLS FIRST, comment_number LIMIT :per_page OFFSET :skipped"""
_PLACE = """
    SELECT place FROM (
        SELECT comment_number, row_number() OVER (ORDER BY commented_at NULLS FIRST, comment_number) AS place
        FROM {schema}.issue_comments WHERE issue_pk = :issue_pk) AS c WHERE comment_number = :number"""
_HISTORY = """
    SELECT changed_at, changed_by, field_name, left(old_value, 500) AS old_value, left(new_value, 500) AS new_value,
        left(description, 1000) AS description
    FROM {schema}.issue_history WHERE issue_pk = :issue_pk
    ORDER BY changed_at DESC NULLS LAST, history_id DESC LIMIT :most"""
_FILES = """
    SELECT attachment_id, kind, source, filename, file_type, file_size, downloaded, download_error, text_status,
        file_path, file_path IS NOT NULL AS is_here, left(extracted_text, :most) AS extract,
        coalesce(octet_length(extracted_text), 0) AS text_size
    FROM {schema}.attachments WHERE issue_pk = :issue_pk ORDER BY kind, attachment_id LIMIT :files"""
_SESSIONS = """
    SELECT s.session_uuid, s.started_at, s.status, s.original_query, u.username, l.found_by, l.found_from,
        l.had_errors, l.error_message
    FROM {schema}.session_issues AS l JOIN {schema}.crawl_sessions AS s USING (session_id)
    JOIN {schema}.users AS u USING (user_id)
    WHERE l.issue_pk = :issue_pk AND (CAST(:user_id AS integer) IS NULL OR s.user_id = :user_id)
    ORDER BY s.started_at DESC LIMIT :most"""
_KNOWN = "SELECT issue_id, title, product, status FROM {schema}.issues WHERE issue_id = ANY(:numbers)"


@dataclass(frozen=True, slots=True)
class Related:
    """An issue that the tracker or a patch points to; `is_here` when the archive has it."""

    issue_id: str
    title: str | None
    product: str | None
    status: str | None
    how: str | None
    is_here: bool


@dataclass(frozen=True, slots=True)
class IssuePage:
    """What a page about an issue shows; rows are as the statements above name their columns."""

    issue: Any
    facts: list[tuple[str, str]]
    fields: dict[str, str]
    comments: Sequence[Any]
    comments_page: int
    pages: int
    history: Sequence[Any]
    files: Sequence[Any]
    related: list[Related]
    sessions: Sequence[Any]


def read_issue(issue_id: str, comments_page: int, comment: int | None, sight: Sight) -> IssuePage:
    """The issue with one page of its comments, the page with `comment` if that is given.

    Raises NotThereError when the archive does not have the issue.
    """
    columns = ", ".join(f"i.{name}" for name in COLUMNS)
    rows = sight.rows(_ISSUE.replace("{columns}", columns), issue_id=issue_id, most=MOST_TEXT)
    if not rows:
        raise NotThereError(f"The archive has no issue {issue_id}. To bring it: ims crawl --query {issue_id}")
    issue = rows[0]
    key = {"issue_pk": issue.issue_pk}
    if comment is not None:
        place = sight.rows(_PLACE, **key, number=comment)
        comments_page = -(-place[0].place // PER_PAGE) if place else comments_page
    pages = max(1, -(-issue.comments // PER_PAGE))
    comments_page = min(comments_page, pages)
    facts = [(label, getattr(issue, name)) for name, label in COLUMNS.items()]
    fields = dict(islice((issue.fields or {}).items(), MOST_FIELDS))
    return IssuePage(
        issue, [(label, value) for label, value in facts if value], fields,
        sight.rows(_COMMENTS, **key, most=MOST_COMMENT, per_page=PER_PAGE, skipped=(comments_page - 1) * PER_PAGE),
        comments_page, pages, sight.rows(_HISTORY, **key, most=MOST_HISTORY),
        sight.rows(_FILES, **key, most=MOST_EXTRACT, files=MOST_FILES), _related(issue.related or [], sight),
        sight.rows(_SESSIONS, **key, most=MOST_SESSIONS),
    )  # fmt: skip


def _related(pointers: list[dict[str, Any]], sight: Sight) -> list[Related]:
    """What the issue points to, each once; what the archive knows of it goes before what the pointer said."""
    told = {str(pointer["issue_id"]): pointer for pointer in reversed(pointers[:MOST_RELATED])}
    known = {row.issue_id: row for row in sight.rows(_KNOWN, numbers=list(told))} if told else {}
    found = []
    for number, pointer in reversed(told.items()):
        row = known.get(number)
        how = pointer.get("hierarchy") or pointer.get("source")
        if row is not None:
            found.append(Related(number, row.title, row.product, row.status, how, is_here=True))
        else:
            title, product, status = (pointer.get(name) for name in ("title", "product", "status"))
            found.append(Related(number, title, product, status, how, is_here=False))
    return found
