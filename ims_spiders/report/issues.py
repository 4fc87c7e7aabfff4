"""The issues of a report out of the archive, each with its comments and what its history says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from ims_spiders.report.key_comments import key_comments
from ims_spiders.report.model import ArchiveState, Comment, Event, Session, Story
from ims_spiders.report.text import NONE, one_line, plain, web_address
from ims_spiders.report.times import local

# Whose site it was and where people can be written to is not for another customer to read.
FACTS = {
    "version": "Version", "module": "Module", "issue_type": "Type", "priority": "Priority", "severity": "Severity",
    "reporter": "Reporter", "owner": "Owner", "found_version": "Found in", "fixed_version": "Fixed in",
    "target_version": "Planned for", "error_code": "Error code", "bug_number": "Bug number",
}  # fmt: skip
_ISSUES = """
    SELECT i.issue_pk, i.issue_id, i.title, i.url, i.product, i.status, i.registered_date, i.closed_date,
        i.modified_date, i.last_crawled_at, i.missing_since, i.description, {facts},
        (SELECT count(*) FROM {schema}.attachments AS a WHERE a.issue_pk = i.issue_pk) AS files
    FROM {schema}.issues AS i WHERE i.issue_pk = ANY(:keys)"""
_COMMENTS = """
    SELECT issue_pk, comment_number, author, commented_at, content FROM {schema}.issue_comments
    WHERE issue_pk = ANY(:keys) ORDER BY issue_pk, commented_at NULLS FIRST, comment_number"""
_CHANGES = """
    SELECT issue_pk, changed_at, changed_by, old_value, new_value, description FROM {schema}.issue_history
    WHERE issue_pk = ANY(:keys) AND change_type = 'status_change' AND changed_at IS NOT NULL
    ORDER BY issue_pk, changed_at, history_id"""
_STATE = """
    SELECT count(i.issue_pk) AS issues, max(i.last_crawled_at) AS last_crawled_at, a.time_zone
    FROM {schema}.archive_settings AS a LEFT JOIN {schema}.issues AS i ON true GROUP BY a.time_zone"""
_SESSION = """
    SELECT s.session_uuid, u.username, s.started_at, s.status, s.original_query, s.product
    FROM {schema}.crawl_sessions AS s JOIN {schema}.users AS u USING (user_id)
    WHERE (CAST(:uuid AS uuid) IS NULL OR s.session_uuid = CAST(:uuid AS uuid))
    AND (CAST(:user_id AS integer) IS NULL OR s.user_id = :user_id)
    ORDER BY s.started_at DESC, s.session_id DESC LIMIT 1"""


def archive_state(connection: Connection, schema: str = "ims") -> ArchiveState:
    """How much there is in the archive, and of when."""
    row = connection.execute(_sql(_STATE, schema)).one()
    return ArchiveState(row.issues, local(row.last_crawled_at), row.time_zone)


def session(connection: Connection, uuid: str | None, user_id: int | None, schema: str = "ims") -> Session | None:
    """A session by its uuid, or the last one that the connection sees (of that user); None when there is none."""
    row = connection.execute(_sql(_SESSION, schema), {"uuid": uuid, "user_id": user_id}).one_or_none()
    if row is None:
        return None
    return Session(
        uuid=str(row.session_uuid), username=one_line(row.username), started_at=row.started_at.astimezone(),
        status=row.status, query=one_line(row.original_query), product=one_line(row.product),
    )  # fmt: skip


def stories(connection: Connection, keys: Sequence[int], words: Iterable[str], schema: str = "ims") -> list[Story]:
    """The issues of these keys in their order; comments with one of the `words` are rather key than others."""
    parameters = {"keys": list(keys)}
    facts = ", ".join(f"i.{name}" for name in FACTS)
    statement = _sql(_ISSUES.replace("{facts}", facts), schema)
    rows = {row.issue_pk: row for row in connection.execute(statement, parameters)}
    comments, changes = defaultdict(list), defaultdict(list)
    for row in connection.execute(_sql(_COMMENTS, schema), parameters):
        comments[row.issue_pk].append(_comment(row))
    for row in connection.execute(_sql(_CHANGES, schema), parameters):
        changes[row.issue_pk].append(row)
    wanted = tuple(words)
    return [_story(rows[key], tuple(comments[key]), changes[key], wanted) for key in keys]


def _story(row: Any, comments: tuple[Comment, ...], changes: list[Any], words: tuple[str, ...]) -> Story:
    facts = [(label, one_line(getattr(row, name))) for name, label in FACTS.items()]
    return Story(
        issue_id=row.issue_id,
        title=one_line(row.title),
        url=web_address(row.url),
        product=one_line(row.product) or NONE,
        status=one_line(row.status) or NONE,
        registered=local(row.registered_date),
        closed=local(row.closed_date),
        modified=local(row.modified_date),
        crawled_at=row.last_crawled_at.astimezone(),
        missing_since=local(row.missing_since),
        facts=tuple((label, value) for label, value in facts if value),
        description=plain(row.description).strip(),
        comments=comments,
        key_comments=key_comments(comments, words),
        events=tuple(_events(row, comments, changes)),
        files=row.files,
    )


def _events(row: Any, comments: Iterable[Comment], changes: Iterable[Any]) -> list[Event]:
    """What happened and is dated, in order. A closing that the history tells of is not told twice."""
    number, found = row.issue_id, []
    if row.registered_date is not None:
        found.append(Event("registered", row.registered_date.astimezone(), number, one_line(row.reporter)))
    closings = False
    for change in changes:
        closings |= (change.new_value or "").startswith("Closed")
        what = f"{one_line(change.old_value) or NONE} → {one_line(change.new_value) or NONE}"
        found.append(Event("status", change.changed_at.astimezone(), number, one_line(change.changed_by), what))
    found += [
        Event("comment", comment.written_at, number, comment.author, comment_number=comment.number)
        for comment in comments
        if comment.written_at is not None
    ]
    if row.closed_date is not None and not closings:
        found.append(Event("closed", row.closed_date.astimezone(), number, ""))
    return sorted(found, key=lambda event: event.at)


def _comment(row: Any) -> Comment:
    return Comment(row.comment_number, one_line(row.author), local(row.commented_at), plain(row.content).strip())


def _sql(statement: str, schema: str) -> Any:
    return text(statement.replace("{schema}", f'"{schema}"'))
