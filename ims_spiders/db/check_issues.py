"""Issues in the database: counts of sightings, the content of the newest one, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator

from ims_spiders.db.check_context import BATCH, CheckContext, Finding
from ims_spiders.db.rows import ISSUE_FIELDS

_BATCH = """
    SELECT max(b.issue_pk), count(*) FROM (
        SELECT issue_pk FROM {issues} WHERE issue_pk > :first ORDER BY issue_pk LIMIT :size
    ) AS b"""
_COUNTS = """
    SELECT issue_id, crawl_count, links FROM (
        SELECT i.issue_pk, i.issue_id, i.crawl_count,
            (SELECT count(*) FROM {session_issues} AS s WHERE s.issue_pk = i.issue_pk) AS links
        FROM {issues} AS i WHERE i.issue_pk > :first AND i.issue_pk <= :last
    ) AS counted WHERE crawl_count <> links ORDER BY issue_pk"""
# When the newest session was deleted, no link says what it saw: the row is newer than all of them, and is right.
_BEHIND = """
    SELECT i.issue_id, c.session_uuid
    FROM {issues} AS i
    CROSS JOIN LATERAL (
        SELECT s.session_id, s.created_at FROM {session_issues} AS s WHERE s.issue_pk = i.issue_pk
        ORDER BY s.created_at DESC, s.session_issue_id DESC LIMIT 1
    ) AS newest
    JOIN {crawl_sessions} AS c USING (session_id)
    WHERE i.issue_pk > :first AND i.issue_pk <= :last
    AND (newest.created_at > i.last_crawled_at OR newest.created_at = i.last_crawled_at AND NOT EXISTS (
        SELECT FROM {session_issues} AS s
        WHERE s.issue_pk = i.issue_pk AND s.created_at = newest.created_at AND s.content_hash = i.content_hash
    )) ORDER BY i.issue_pk"""
# The session whose file can be written over the row: an older one would count as an older copy.
_SAW_IT = """
    (SELECT c.session_uuid FROM {session_issues} AS s JOIN {crawl_sessions} AS c USING (session_id)
     WHERE s.issue_pk = i.issue_pk AND s.content_hash = i.content_hash AND s.created_at >= i.last_crawled_at LIMIT 1)"""


def _fields(source: str) -> str:
    return ", ".join(f"{source}.{name}" for name in ISSUE_FIELDS)


def _entries(name: str) -> str:
    whole = f"i.full_data -> '{name}'"
    return f"jsonb_array_elements(CASE jsonb_typeof({whole}) WHEN 'array' THEN {whole} ELSE '[]' END) AS e"


_CONTENT = f"""
    SELECT issue_id, session_uuid, different FROM (
        SELECT i.issue_pk, i.issue_id, {_SAW_IT} AS session_uuid, array_remove(ARRAY[
            CASE WHEN ({_fields("i")}) IS DISTINCT FROM ({_fields("r")}) THEN 'fields' END,
            CASE WHEN (SELECT count(*) FROM {{issue_comments}} AS c WHERE c.issue_pk = i.issue_pk)
                <> (SELECT count(DISTINCT e ->> 'comment_number') FROM {_entries("comments")}) THEN 'comments' END,
            CASE WHEN (SELECT count(*) FROM {{issue_history}} AS h WHERE h.issue_pk = i.issue_pk)
                <> (SELECT count(*) FROM {_entries("history")}) THEN 'history' END,
            CASE WHEN (SELECT count(*) FROM {{attachments}} AS a WHERE a.issue_pk = i.issue_pk)
                <> (SELECT count(DISTINCT (e ->> 'file_id', e ->> 'kind')) FROM {_entries("attachments")})
                THEN 'attachments' END
        ], NULL) AS different
        FROM {{issues}} AS i, jsonb_populate_record(NULL::{{issues}}, i.full_data) AS r
        WHERE i.issue_pk > :first AND i.issue_pk <= :last
    ) AS compared WHERE different <> '{{{{}}}}' ORDER BY issue_pk"""  # noqa: S608 - names of our own


def issue_findings(context: CheckContext) -> Iterator[Finding]:
    """Issues whose rows are not what their sightings, or their own full_data, say."""
    total = context.rows("SELECT count(*) FROM {issues}")[0][0]
    first = done = 0
    while True:
        last, size = context.rows(_BATCH, first=first, size=BATCH)[0]
        if last is None:
            return
        yield from _batch(context, first, last)
        done += size
        context.looked_at("issues", done, max(total, done), size)
        first = last


def _batch(context: CheckContext, first: int, last: int) -> Iterator[Finding]:
    for issue_id, counted, links in context.rows(_COUNTS, first=first, last=last):
        what = f"issue {issue_id}: crawl_count is {counted}, and {links} sessions saw it"
        yield Finding("crawl_count_differs", what, context.count_again(issue_id))
    for issue_id, uuid in context.rows(_BEHIND, first=first, last=last):
        what = f"issue {issue_id} is not what its newest sighting saw"
        yield Finding("issue_row_behind", what, context.write_again(issue_id, uuid))
    for issue_id, uuid, different in context.rows(_CONTENT, first=first, last=last):
        what = f"issue {issue_id}: {', '.join(different)} differ from full_data"
        mend = (
            context.write_again(issue_id, uuid) if uuid else "no session is left that saw this content: crawl it again"
        )
        yield Finding("issue_rows_differ", what, mend)
