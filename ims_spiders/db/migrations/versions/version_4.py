"""Favourite queries, schedules, the pages that a session was given, and sessions whose figures look doubtful."""

from __future__ import annotations

from alembic import op

revision = "4"
down_revision = "3"

TABLES = """
ALTER TABLE crawl_sessions ADD COLUMN is_suspicious boolean NOT NULL DEFAULT false;

CREATE TABLE favourite_queries (
    favourite_id bigserial   CONSTRAINT favourite_queries_pkey PRIMARY KEY,
    user_id      integer     NOT NULL CONSTRAINT favourite_queries_user_id_fkey REFERENCES users ON DELETE CASCADE,
    name         text        NOT NULL,
    arguments    jsonb       NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT favourite_queries_user_id_name_key UNIQUE (user_id, name),
    CONSTRAINT favourite_queries_name_check CHECK (btrim(name) <> '')
);

CREATE TABLE schedules (
    schedule_id  bigserial   CONSTRAINT schedules_pkey PRIMARY KEY,
    user_id      integer     NOT NULL CONSTRAINT schedules_user_id_fkey REFERENCES users ON DELETE CASCADE,
    name         text        NOT NULL,
    cron         text        NOT NULL,
    time_zone    text        NOT NULL DEFAULT 'UTC',
    arguments    jsonb       NOT NULL DEFAULT '{}',
    is_active    boolean     NOT NULL DEFAULT true,
    next_run_at  timestamptz,
    last_run_at  timestamptz,
    last_job     text,
    last_result  text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schedules_user_id_name_key UNIQUE (user_id, name),
    CONSTRAINT schedules_name_check CHECK (btrim(name) <> '')
);
"""

# Scripts make partitions, but not the one that takes what no month has been made for.
PAGES = """
CREATE TABLE pages (
    session_id  bigint      NOT NULL CONSTRAINT pages_session_id_fkey REFERENCES crawl_sessions ON DELETE CASCADE,
    user_id     integer     NOT NULL CONSTRAINT pages_user_id_fkey REFERENCES users ON DELETE CASCADE,
    sequence    integer     NOT NULL,
    url         text        NOT NULL,
    found_on    text,
    depth       integer,
    status      integer,
    duration_ms integer,
    size_bytes  bigint,
    page_type   text,
    error       text,
    created_at  timestamptz NOT NULL,
    CONSTRAINT pages_pkey PRIMARY KEY (session_id, sequence, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE pages_default PARTITION OF pages DEFAULT;
"""


def upgrade() -> None:
    """From version 3 to 4. Indexes, triggers and policies are the scripts'."""
    for statements in (TABLES, PAGES):
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
