"""Who may see which rows and do what, as sql/06_create_roles.sql says it; a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass

from ims_spiders.db.identity import ADMIN, CRAWL, READONLY, SERVICE, USER

ROLES = (ADMIN, USER, READONLY, SERVICE, CRAWL)
OWNER = "(owner)"
"""Stands for whoever the schema belongs to."""
ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: for which role and command, and its conditions as PostgreSQL prints them; see `plain`."""

    name: str
    table: str
    role: str
    command: str = ALL
    using: str | None = "true"
    check: str | None = "true"


_MINE = "user_id = SELECT current_user_id"
_MINE_TWICE = f"{_MINE} AND {_MINE}"
_MY_SESSION = "EXISTS SELECT FROM crawl_sessions s WHERE s.session_id = {}.session_id AND s." + _MINE
_MYSELF = "database_role = CURRENT_USER AND is_active"
_MY_QUERY = f"{_MINE} AND session_id IS NULL OR " + _MY_SESSION.format("search_queries")


def _shared(table: str) -> list[Policy]:
    """An admin's and an analyst's."""
    return [
        Policy(f"{table}_admin", table, ADMIN),
        Policy(f"{table}_readonly", table, READONLY, "SELECT", check=None),
    ]


def _owned(table: str, check: str = _MINE) -> Policy:
    return Policy(f"{table}_own", table, USER, ALL, _MINE_TWICE, check)


def _read(table: str) -> Policy:
    return Policy(f"{table}_own", table, USER, "SELECT", _MINE_TWICE, None)


def _of_session(table: str) -> Policy:
    return Policy(f"{table}_own", table, USER, ALL, _MY_SESSION.format(table), _MY_SESSION.format(table))


SHARED = (
    "users", "crawl_sessions", "search_queries", "session_errors", "session_issues", "analytics_daily",
    "analytics_monthly", "deleted_sessions", "favourite_queries", "schedules", "pages",
)  # fmt: skip
CRAWLED = ("crawl_sessions", "search_queries", "session_errors", "session_issues", "pages")
PRIVATE = ("statistics_pending", "job_queue")
"""Those in the schema that nobody but functions may enter."""

POLICIES: tuple[Policy, ...] = (
    *(policy for table in SHARED for policy in _shared(table)),
    *(Policy(f"{table}_crawl", table, CRAWL) for table in CRAWLED),
    *(_owned(table) for table in ("crawl_sessions", "favourite_queries", "schedules")),
    *(_read(table) for table in ("deleted_sessions", "pages", "analytics_daily", "analytics_monthly")),
    *(_of_session(table) for table in ("session_errors", "session_issues")),
    _owned("search_queries", _MY_QUERY),
    Policy("deleted_sessions_crawl", "deleted_sessions", CRAWL, "SELECT", check=None),
    Policy("users_own", "users", USER, ALL, _MYSELF, _MYSELF),
    Policy("users_service", "users", SERVICE, "SELECT", check=None),
    Policy("users_crawl_select", "users", CRAWL, "SELECT", check=None),
    Policy(
        "users_crawl_insert", "users", CRAWL, "INSERT", None, "role = 'user' AND is_active AND database_role IS NULL"
    ),
    Policy("audit_log_admin", "audit_log", ADMIN, "SELECT", check=None),
    Policy("audit_log_owner", "audit_log", OWNER, "INSERT", using=None),
    *(Policy(f"{table}_owner", table, OWNER) for table in PRIVATE),
)
SECURED = tuple(dict.fromkeys(policy.table for policy in POLICIES))
"""Tables on which row security is on, and forced."""

READ, WRITE = ("SELECT",), ("SELECT", "INSERT", "UPDATE")
CRAWL_TABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("alembic_version", "archive_settings", "deleted_sessions"), READ),
    **dict.fromkeys(("issues", "crawl_sessions", "search_queries", "session_issues"), WRITE),
    **dict.fromkeys(("issue_comments", "issue_history", "attachments"), (*WRITE, "DELETE")),
    **dict.fromkeys(("session_errors", "pages"), ("SELECT", "INSERT")),
}
"""What a crawl does with which table. Of users it reads and adds some columns only."""
CRAWL_USER_COLUMNS = {"SELECT": ("user_id", "username"), "INSERT": ("username", "created_at", "updated_at")}
CRAWL_FUNCTIONS = (
    "current_user_id", "session_day", "refresh_statistics", "upsert_issue", "write_comments", "write_history",
    "write_attachments", "given_comments", "given_history", "given_attachments", "note_older_copy", "note_missing",
    "forget_sighting", "add_job", "take_job", "renew_job", "hold_job", "end_job", "expire_jobs", "cancel_job",
    "forget_jobs", "list_jobs",
)  # fmt: skip
