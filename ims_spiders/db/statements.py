"""The SQL of the projection. Rows travel as one JSON array a statement, typed by the table that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ims_spiders.db.rows import ATTACHMENT_FIELDS, COMMENT_FIELDS, HISTORY_FIELDS, ISSUE_FIELDS

SESSION_COLUMNS = (
    "session_uuid", "product", "original_query", "parsed_query", "query_language", "max_results", "crawl_related",
    "max_depth", "refresh", "status", "started_at", "completed_at", "duration_seconds", "exit_code", "close_reason",
    "total_issues_found", "issues_crawled", "attachments_downloaded", "failed_issues", "related_issues",
    "search_time_ms", "crawl_time_ms", "avg_issue_time_ms", "parallel_workers", "data_path", "metadata", "created_at",
    "updated_at", "is_suspicious",
)  # fmt: skip
QUERY_COLUMNS = (
    "original_query", "parsed_query", "query_language", "product", "results_count", "parsing_method",
    "parsing_confidence", "synonym_expanded", "intent_filtered", "queried_at",
)  # fmt: skip
LINK_COLUMNS = (
    "session_id", "issue_pk", "created_at", "crawl_order", "crawl_duration_ms", "depth", "had_errors", "found_by",
    "found_from", "error_message", "content_hash", "product", "status",
)  # fmt: skip
ERROR_COLUMNS = ("sequence", "error_type", "severity", "error_message", "error_detail", "occurred_at")
PAGE_COLUMNS = (
    "sequence", "url", "found_on", "depth", "status", "duration_ms", "size_bytes", "page_type", "error", "created_at",
)  # fmt: skip
CONTENT_COLUMNS = (*ISSUE_FIELDS, "content_hash", "full_data", "updated_at")
NEW_COLUMNS = (*CONTENT_COLUMNS, "first_crawled_at", "last_crawled_at", "crawl_count", "created_at")


@dataclass(frozen=True, slots=True)
class Child:
    """A table that hangs on issues: its natural key without issue_pk, and what else an upsert keeps up to date."""

    table: str
    key: tuple[str, ...]
    nullable: tuple[str, ...]
    content: tuple[str, ...]
    follows: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that a row brings."""
        return ("issue_pk", *self.key, *self.nullable, *self.content, *self.follows, "created_at")

    def same(self, left: str, right: str) -> str:
        """The condition that two rows have the same key."""
        equal = [f"{left}.{name} = {right}.{name}" for name in ("issue_pk", *self.key)]
        return " AND ".join([*equal, *(f"{left}.{name} IS NOT DISTINCT FROM {right}.{name}" for name in self.nullable)])


def _without(names: Iterable[str], *keys: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in keys)


CHILDREN = (
    Child("issue_comments", ("comment_number",), (), _without(COMMENT_FIELDS, "comment_number")),
    Child(
        "issue_history",
        ("details_hash", "ordinal"),
        ("changed_at", "changed_by"),
        _without(HISTORY_FIELDS, "changed_at", "changed_by"),
    ),
    Child("attachments", ("file_id", "kind"), (), _without(ATTACHMENT_FIELDS, "file_id", "kind"), ("session_id",)),
)


class Statements:
    """All statements for one schema; its name has been checked by the settings and is quoted here."""

    def __init__(self, schema: str):
        self._schema = '"' + schema.replace('"', '""') + '"'
        issues, links = self.table("issues"), self.table("session_issues")

        self.find_session = f"SELECT session_id FROM {self.table('crawl_sessions')} WHERE session_uuid = %(uuid)s"  # noqa: S608
        self.lock_session = "SELECT pg_advisory_xact_lock(hashtextextended(%(uuid)s, 0))"
        # Locked in one order by every writer. With the rows held, what is decided on their hashes stays true.
        self.lock_issues = f"""
            SELECT issue_id, issue_pk, content_hash, last_crawled_at, updated_at, missing_since FROM {issues}
            WHERE issue_id = ANY(%(ids)s) ORDER BY issue_id FOR NO KEY UPDATE"""  # noqa: S608
        self.insert_issues = f"""
            INSERT INTO {issues} ({_list(NEW_COLUMNS)})
            SELECT {_list(NEW_COLUMNS)} FROM {self.rows("issues")} AS r
            ON CONFLICT (issue_id) DO NOTHING RETURNING issue_id, issue_pk"""  # noqa: S608
        self.update_issues = f"""
            UPDATE {issues} AS i SET {_assign(CONTENT_COLUMNS, "r")}
            FROM {self.rows("issues")} AS r WHERE i.issue_id = r.issue_id"""  # noqa: S608
        # A link that was there already is brought up to date and not counted again (xmax = 0: it was inserted).
        self.link_issues = f"""
            WITH linked AS (
                INSERT INTO {links} AS s ({_list(LINK_COLUMNS)})
                SELECT {_list(LINK_COLUMNS)} FROM {self.rows("session_issues")} AS r
                ON CONFLICT (session_id, issue_pk) DO UPDATE SET {_assign(LINK_COLUMNS[2:], "excluded")}
                WHERE excluded.created_at >= s.created_at AND {_differs(LINK_COLUMNS[2:], "s", "excluded")}
                RETURNING s.issue_pk, s.created_at, (s.xmax = 0)::integer AS added
            ), counted AS (
                UPDATE {issues} AS i SET crawl_count = i.crawl_count + linked.added,
                    last_crawled_at = greatest(i.last_crawled_at, linked.created_at),
                    missing_since = CASE WHEN i.missing_since > linked.created_at THEN i.missing_since END
                FROM linked WHERE i.issue_pk = linked.issue_pk AND i.issue_pk = ANY(%(known)s)
            )
            SELECT issue_pk FROM linked"""  # noqa: S608
        self.reorder = self._reorder(issues, links)
        # Of all times at which the tracker said that it does not have the issue, the first after the last sighting.
        self.note_missing = f"""
            UPDATE {issues} AS i SET missing_since = missed.moment FROM (
                SELECT m.issue_pk, min(e.occurred_at) AS moment
                FROM {issues} AS m
                JOIN {self.table("session_errors")} AS e ON e.error_detail ->> 'issue_id' = m.issue_id
                WHERE m.issue_id = ANY(%(ids)s) AND e.error_detail ->> 'exception' = 'IssueNotAvailable'
                  AND e.occurred_at > m.last_crawled_at
                GROUP BY m.issue_pk
            ) AS missed
            WHERE i.issue_pk = missed.issue_pk AND (i.missing_since > missed.moment OR i.missing_since IS NULL)"""  # noqa: S608
        self.prior_links = f"""
            SELECT issue_pk, created_at FROM {links}
            WHERE session_id = %(session_id)s AND issue_pk = ANY(%(pks)s)"""  # noqa: S608
        self.forget_sightings = self._forget_sightings(issues, links)
        self.insert_user = f"""
            INSERT INTO {self.table("users")} (username, created_at, updated_at)
            VALUES (%(username)s, %(since)s, %(since)s) ON CONFLICT (username) DO NOTHING"""  # noqa: S608
        self.session_owner = f"""
            SELECT u.username FROM {self.table("crawl_sessions")} AS s JOIN {self.table("users")} AS u USING (user_id)
            WHERE s.session_uuid = %(uuid)s"""  # noqa: S608
        self.deleted_sessions = f"SELECT session_uuid::text FROM {self.table('deleted_sessions')}"  # noqa: S608
        self.refresh_statistics = f"SELECT {self.table('refresh_statistics')}()"

    def table(self, name: str) -> str:
        """The table's full name."""
        return f"{self._schema}.{name}"

    def rows(self, table: str) -> str:
        """The rows parameter as rows of the table."""
        return f"json_populate_recordset(NULL::{self.table(table)}, %(rows)s)"

    def upsert(self, child: Child) -> str:
        """Insert or bring up to date; a row that is the same already costs nothing."""
        table = self.table(child.table)
        return f"""
            INSERT INTO {table} AS t ({_list(child.columns)})
            SELECT {_list(child.columns)} FROM {self.rows(child.table)} AS r
            ON CONFLICT ({_list(("issue_pk", *child.key, *child.nullable))})
            DO UPDATE SET {_assign((*child.content, *child.follows), "excluded")}
            WHERE {_differs(child.content, "t", "excluded")}"""  # noqa: S608

    def delete_missing(self, child: Child) -> str:
        """Delete what the newest content of these issues no longer has."""
        return f"""
            DELETE FROM {self.table(child.table)} AS t WHERE t.issue_pk = ANY(%(pks)s)
            AND NOT EXISTS (SELECT FROM {self.rows(child.table)} AS r WHERE {child.same("t", "r")})"""  # noqa: S608

    def seen_before(self, child: Child) -> str:
        """Rows that an older copy of the issue has as well were there earlier than was known.

        What follows the session is the older copy's where that had the same content already.
        """
        same = f"NOT {_differs(child.content, 't', 'r')}"
        kept = "".join(f", {name} = CASE WHEN {same} THEN r.{name} ELSE t.{name} END" for name in child.follows)
        later = f"""{same} AND EXISTS (
            SELECT FROM {self.table("session_issues")} AS s
            WHERE s.issue_pk = t.issue_pk AND s.session_id = t.session_id AND s.created_at > r.created_at)"""
        return f"""
            UPDATE {self.table(child.table)} AS t SET created_at = least(t.created_at, r.created_at){kept}
            FROM {self.rows(child.table)} AS r WHERE {child.same("t", "r")}
            AND (t.created_at > r.created_at OR {later if child.follows else "false"})"""  # noqa: S608

    def _forget_sightings(self, issues: str, links: str) -> str:
        """After sessions fetched issues once more: what was first seen then is first seen at the next sighting.

        The session's file holds the later copy only, so the earlier sighting is no longer anywhere.
        """
        children = ", ".join(
            f"""{child.table} AS (
                UPDATE {self.table(child.table)} AS t SET created_at = f.first FROM firsts AS f
                WHERE t.issue_pk = f.issue_pk AND t.created_at = f.old)"""  # noqa: S608
            for child in CHILDREN
        )
        return f"""
            WITH firsts AS (
                SELECT m.issue_pk, m.old, min(l.created_at) AS first
                FROM json_to_recordset(%(rows)s) AS m (issue_pk bigint, old timestamptz)
                JOIN {links} AS l ON l.issue_pk = m.issue_pk AND l.created_at >= m.old
                GROUP BY m.issue_pk, m.old
            ), {children}
            UPDATE {issues} AS i SET first_crawled_at = f.first, created_at = f.first FROM firsts AS f
            WHERE i.issue_pk = f.issue_pk AND i.first_crawled_at = f.old"""  # noqa: S608

    def _reorder(self, issues: str, links: str) -> str:
        """After older copies came in late: the times as if they had come in order.

        The present content counts from its first sighting after the last one of any other content.
        """
        return f"""
            WITH seen AS (
                SELECT s.issue_pk, s.created_at, s.content_hash = i.content_hash AS same
                FROM {links} AS s JOIN {issues} AS i USING (issue_pk) WHERE i.issue_pk = ANY(%(pks)s)
            ), other AS (
                SELECT issue_pk, min(created_at) AS first, max(created_at) FILTER (WHERE NOT same) AS last
                FROM seen GROUP BY issue_pk
            ), run AS (
                SELECT issue_pk, other.first, min(seen.created_at) AS start
                FROM other JOIN seen USING (issue_pk)
                WHERE seen.same AND seen.created_at > coalesce(other.last, '-infinity') GROUP BY issue_pk, other.first
            )
            UPDATE {issues} AS i SET first_crawled_at = least(i.first_crawled_at, run.first),
                created_at = least(i.created_at, run.first), updated_at = run.start,
                full_data = coalesce(r.full_data, i.full_data)
            FROM run LEFT JOIN {self.rows("issues")} AS r ON r.issue_pk = run.issue_pk AND r.created_at = run.start
            WHERE i.issue_pk = run.issue_pk"""  # noqa: S608

    @property
    def upsert_session(self) -> str:
        """The session of a user who is known. One that is another user's already is left as it is."""
        users, sessions = self.table("users"), self.table("crawl_sessions")
        return f"""
            INSERT INTO {sessions} AS t (user_id, {_list(SESSION_COLUMNS)})
            SELECT u.user_id, {_list(SESSION_COLUMNS, "r")}
            FROM {users} AS u, {self.rows("crawl_sessions")} AS r WHERE u.username = %(username)s
            ON CONFLICT (session_uuid) DO UPDATE SET {_assign(SESSION_COLUMNS[1:], "excluded")}
            WHERE t.user_id = excluded.user_id AND {_differs(SESSION_COLUMNS[1:], "t", "excluded")}"""  # noqa: S608

    @property
    def upsert_query(self) -> str:
        """What the session asked."""
        return f"""
            INSERT INTO {self.table("search_queries")} AS t (session_id, user_id, {_list(QUERY_COLUMNS)})
            SELECT s.session_id, s.user_id, {_list(QUERY_COLUMNS, "r")}
            FROM {self.table("crawl_sessions")} AS s, {self.rows("search_queries")} AS r
            WHERE s.session_uuid = %(uuid)s
            ON CONFLICT (session_id) DO UPDATE SET {_assign(QUERY_COLUMNS, "excluded")}
            WHERE {_differs(QUERY_COLUMNS, "t", "excluded")}"""  # noqa: S608

    @property
    def insert_errors(self) -> str:
        """Errors of a session; those that are there already stay as they are."""
        return f"""
            INSERT INTO {self.table("session_errors")} (session_id, {_list(ERROR_COLUMNS)})
            SELECT %(session_id)s, {_list(ERROR_COLUMNS)} FROM {self.rows("session_errors")} AS r
            ON CONFLICT (session_id, sequence) DO NOTHING"""  # noqa: S608

    @property
    def insert_pages(self) -> str:
        """Answers to a session, its user's; those that are there already stay as they are."""
        return f"""
            INSERT INTO {self.table("pages")} (session_id, user_id, {_list(PAGE_COLUMNS)})
            SELECT s.session_id, s.user_id, {_list(PAGE_COLUMNS, "r")}
            FROM {self.table("crawl_sessions")} AS s, {self.rows("pages")} AS r WHERE s.session_uuid = %(uuid)s
            ON CONFLICT DO NOTHING"""  # noqa: S608


def _list(names: Iterable[str], source: str = "") -> str:
    return ", ".join(f"{source}.{name}" if source else name for name in names)


def _assign(names: Iterable[str], source: str) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in names)


def _differs(names: Iterable[str], left: str, right: str) -> str:
    names = tuple(names)
    return f"({_list(names, left)}) IS DISTINCT FROM ({_list(names, right)})"
