"""Reads whole tables back, in a form that can be compared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

SERIAL = {
    "users": {"user_id"},
    "crawl_sessions": {"session_id", "user_id"},
    "search_queries": {"query_id", "session_id", "user_id"},
    "session_errors": {"error_id", "session_id"},
    "issues": {"issue_pk"},
    "session_issues": {"session_issue_id", "session_id", "issue_pk"},
    "issue_comments": {"comment_id", "issue_pk"},
    "issue_history": {"history_id", "issue_pk"},
    "attachments": {"attachment_id", "issue_pk", "session_id"},
}
"""Numbers that the order of writing decides; what they point to is compared instead."""

PARENTS = {
    "session_id": "(SELECT s.session_uuid FROM ims.crawl_sessions s WHERE s.session_id = t.session_id)",
    "issue_pk": "(SELECT i.issue_id FROM ims.issues i WHERE i.issue_pk = t.issue_pk)",
    "user_id": "(SELECT u.username FROM ims.users u WHERE u.user_id = t.user_id)",
}


def rows(engine: Engine, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """The result of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), parameters)]


def value(engine: Engine, statement: str, **parameters: Any) -> Any:
    """The one value of a query."""
    (row,) = rows(engine, statement, **parameters)
    return row[0]


def dump(engine: Engine) -> dict[str, list[str]]:
    """Every row of every projected table as text, with keys instead of serial numbers."""
    tables = {}
    for table, serial in SERIAL.items():
        parents = [f"'{name}', {query}" for name, query in PARENTS.items() if name in serial]
        drop = "".join(f" - '{name}'" for name in sorted(serial))
        extra = f" || jsonb_build_object({', '.join(parents)})" if parents else ""
        found = rows(engine, f"SELECT ((to_jsonb(t){drop}){extra})::text FROM ims.{table} t")
        tables[table] = sorted(row[0] for row in found)
    return tables
