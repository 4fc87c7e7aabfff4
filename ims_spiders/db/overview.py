"""What is in the archive, and what was crawled lately: the queries of `ims db stats` and `ims db history`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.sight import looking_at

Figures = dict[str, Any]

TABLES = (
    "issues", "issue_comments", "issue_history", "attachments", "crawl_sessions", "session_issues", "search_queries",
    "session_errors", "pages", "users", "audit_log",
)  # fmt: skip

# Only a partitioned table has a tree.
_SIZE = """
    SELECT coalesce(CAST(sum(pg_total_relation_size(relid)) AS bigint), pg_total_relation_size(:name)),
        has_table_privilege(:name, 'SELECT')
    FROM pg_partition_tree(:name)"""
_ENDS = "SELECT min(started_at) AS first_session_at, max(started_at) AS last_session_at FROM {schema}.crawl_sessions"
_PRODUCTS = "SELECT * FROM {schema}.v_product_stats ORDER BY issue_count DESC, product"
_TODAY = """
    SELECT coalesce(sum(sessions_count), 0) AS sessions, coalesce(sum(failed_sessions), 0) AS failed_sessions,
        coalesce(sum(issues_crawled), 0) AS issues_crawled, coalesce(sum(new_issues), 0) AS new_issues,
        coalesce(sum(attachments_downloaded), 0) AS attachments_downloaded
    FROM {schema}.analytics_daily WHERE stat_date = {schema}.session_day(now())"""
_THIS_MONTH = """
    SELECT coalesce(sum(total_sessions), 0) AS sessions, coalesce(sum(total_issues_crawled), 0) AS issues_crawled
    FROM {schema}.analytics_monthly, {schema}.session_day(now()) AS today (day)
    WHERE year = extract(year FROM today.day) AND month = extract(month FROM today.day)"""
_MAY_SEE_PENDING = """
    SELECT has_schema_privilege(:private, 'USAGE')
    AND has_table_privilege(to_regclass(quote_ident(:private) || '.statistics_pending'), 'SELECT')"""
_HISTORY = """
    SELECT s.session_uuid, u.username, s.started_at, s.completed_at, s.product, s.original_query AS query, s.status,
        s.total_issues_found AS found, s.issues_crawled AS crawled, s.failed_issues AS failed,
        s.attachments_downloaded AS attachments, s.duration_seconds, s.exit_code
    FROM {schema}.crawl_sessions AS s JOIN {schema}.users AS u USING (user_id)
    WHERE (CAST(:user_id AS integer) IS NULL OR s.user_id = :user_id)
    AND (CAST(:status AS text) IS NULL OR s.status = :status)
    AND (CAST(:product AS text) IS NULL OR starts_with(s.product, :product))
    ORDER BY s.started_at DESC, s.session_id DESC LIMIT :limit"""


def archive_figures(engine: Engine, schema: str = "ims") -> Figures:
    """What is in the archive, as far as the connection may see it.

    Sizes are of the whole tables. Figures of today and this month are those of the users whom the connection sees;
    `pending_days` is None when it may not know how many of their days are still to be worked out.
    """
    with engine.begin() as connection:
        tables = [_table(connection, schema, name) for name in TABLES]
        return {
            "database_bytes": connection.scalar(text("SELECT pg_database_size(current_database())")),
            "tables": [table for table in tables if table is not None],
            "time_zone": connection.scalar(_sql("SELECT time_zone FROM {schema}.archive_settings", schema)),
            **_one(connection, _ENDS, schema),
            "today": _one(connection, _TODAY, schema),
            "this_month": _one(connection, _THIS_MONTH, schema),
            "pending_days": _pending_days(connection, schema),
            "products": [dict(row) for row in connection.execute(_sql(_PRODUCTS, schema)).mappings()],
        }


def user_figures(engine: Engine, user: str, schema: str = "ims") -> Figures:
    """A user's dashboard: figures of all time, of today and of this month.

    Raises ConfigurationError when there is no such user to be seen.
    """
    with looking_at(engine, user, schema) as (connection, user_id):
        return _one(
            connection, "SELECT * FROM {schema}.v_user_dashboard WHERE user_id = :user_id", schema, user_id=user_id
        )


def history(
    engine: Engine,
    user: str | None = None,
    status: str | None = None,
    product: str | None = None,
    limit: int = 20,
    schema: str = "ims",
) -> list[Figures]:
    """The latest sessions, newest first; `product` is a name or the beginning of one.

    Raises ConfigurationError when there is no such user to be seen.
    """
    with looking_at(engine, user, schema) as (connection, user_id):
        parameters = {"user_id": user_id, "status": status, "product": product, "limit": limit}
        return [dict(row) for row in connection.execute(_sql(_HISTORY, schema), parameters).mappings()]


def _table(connection: Connection, schema: str, name: str) -> Figures | None:
    """Rows that may be seen and bytes of a table with its partitions; None when none may be seen at all."""
    size, allowed = connection.execute(text(_SIZE), {"name": f'"{schema}".{name}'}).one()
    if not allowed:
        return None
    rows = connection.scalar(_sql(f"SELECT count(*) FROM {{schema}}.{name}", schema))  # noqa: S608 - names of our own
    return {"table": name, "rows": rows, "bytes": size}


def _pending_days(connection: Connection, schema: str) -> int | None:
    private = f"{schema}_private"
    if not connection.scalar(text(_MAY_SEE_PENDING), {"private": private}):
        return None
    distinct = f'SELECT DISTINCT user_id, stat_date FROM "{private}".statistics_pending'  # noqa: S608
    days: int | None = connection.scalar(text(f"SELECT count(*) FROM ({distinct}) AS days"))  # noqa: S608
    return days


def _one(connection: Connection, statement: str, schema: str, **parameters: Any) -> Figures:
    return dict(connection.execute(_sql(statement, schema), parameters).mappings().one())


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
