"""Identity by role, the audit trail by month, statistics, honest deletions."""

from __future__ import annotations

from alembic import op

revision = "2"
down_revision = "1"

TABLES = """
CREATE TABLE archive_settings (
    only_row  boolean NOT NULL DEFAULT true CONSTRAINT archive_settings_pkey PRIMARY KEY,
    time_zone text    NOT NULL DEFAULT 'UTC',
    CONSTRAINT archive_settings_only_row_check CHECK (only_row)
);
INSERT INTO archive_settings DEFAULT VALUES;

ALTER TABLE users ADD COLUMN database_role text CONSTRAINT users_database_role_key UNIQUE;
ALTER TABLE crawl_sessions ALTER COLUMN session_uuid SET DEFAULT gen_random_uuid();
ALTER TABLE issues ADD COLUMN missing_since timestamptz, ALTER COLUMN crawl_count SET DEFAULT 0;
ALTER TABLE session_issues ADD COLUMN product text, ADD COLUMN status text;

CREATE TABLE deleted_sessions (
    session_uuid uuid        CONSTRAINT deleted_sessions_pkey PRIMARY KEY,
    session_id   bigint      NOT NULL,
    user_id      integer     NOT NULL CONSTRAINT deleted_sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    deleted_at   timestamptz NOT NULL DEFAULT now()
);

-- Script 03 makes both anew, with other columns.
DROP INDEX crawl_sessions_started_at_idx, crawl_sessions_running_idx;
"""

# A table cannot become a partitioned one. It goes before the new one comes, so that all names are free; only the
# sequence stays. Its index comes from script 03.
AUDIT_LOG = """
CREATE TABLE audit_log_version_1 AS TABLE audit_log;
ALTER SEQUENCE audit_log_log_id_seq OWNED BY NONE;
DROP TABLE audit_log;

CREATE TABLE audit_log (
    log_id        bigint      NOT NULL DEFAULT nextval('audit_log_log_id_seq'),
    user_id       integer,
    action        text        NOT NULL,
    resource_type text,
    resource_id   text,
    old_value     jsonb,
    new_value     jsonb,
    ip_address    inet,
    user_agent    text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    database_role text,
    CONSTRAINT audit_log_pkey PRIMARY KEY (log_id, created_at)
) PARTITION BY RANGE (created_at);
ALTER SEQUENCE audit_log_log_id_seq OWNED BY audit_log.log_id;
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

INSERT INTO audit_log SELECT * FROM audit_log_version_1;
DROP TABLE audit_log_version_1;
"""

STATISTICS = """
DO $$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', current_schema() || '_private');
    EXECUTE format($table$
        CREATE TABLE %I.statistics_pending (
            user_id   integer NOT NULL CONSTRAINT statistics_pending_user_id_fkey REFERENCES users ON DELETE CASCADE,
            stat_date date    NOT NULL
        )$table$, current_schema() || '_private');
    EXECUTE format($pending$
        INSERT INTO %I.statistics_pending (user_id, stat_date)
        SELECT user_id, (started_at AT TIME ZONE 'UTC')::date FROM crawl_sessions WHERE status <> 'running'
        UNION
        SELECT user_id, (queried_at AT TIME ZONE 'UTC')::date FROM search_queries WHERE session_id IS NULL
        $pending$, current_schema() || '_private');
END
$$;
"""

# How the sessions of version 1 saw an issue is not known any more, except for the last one. Version 1 did not lower the
# count of an issue when a session was deleted.
LINKS = """
UPDATE session_issues AS link SET product = issue.product, status = issue.status
FROM issues AS issue WHERE issue.issue_pk = link.issue_pk;

UPDATE issues AS issue SET crawl_count = counted.sessions
FROM (
    SELECT i.issue_pk, count(l.issue_pk) AS sessions
    FROM issues AS i LEFT JOIN session_issues AS l USING (issue_pk) GROUP BY i.issue_pk
) AS counted
WHERE counted.issue_pk = issue.issue_pk AND issue.crawl_count <> counted.sessions;
"""


def upgrade() -> None:
    """From version 1 to 2."""
    for statements in (TABLES, AUDIT_LOG, STATISTICS, LINKS, "DROP TABLE schema_version"):
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
