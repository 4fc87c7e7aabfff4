"""Search: the words of every issue, kept by triggers, and the synonyms. The queue of crawls for many Scrapyd nodes."""

from __future__ import annotations

from alembic import op

revision = "3"
down_revision = "2"

TABLES = """
DROP INDEX IF EXISTS issues_words_idx;
DROP FUNCTION IF EXISTS search_issues(text, text, integer);

DO $do$
DECLARE
    private text := current_schema() || '_private';
BEGIN
    EXECUTE format($$
        CREATE TABLE %1$I.search_documents (
            issue_pk        bigint      CONSTRAINT search_documents_pkey PRIMARY KEY
                                        CONSTRAINT search_documents_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
            registered_date timestamptz,
            language        text        NOT NULL,
            title           tsvector    STORAGE EXTERNAL NOT NULL,
            words           tsvector    STORAGE EXTERNAL NOT NULL
        ) WITH (toast_tuple_target = 128);
        CREATE TABLE %1$I.search_pending (
            pks bigint[] NOT NULL
        );
        CREATE TABLE %1$I.search_synonyms (
            origin   text    NOT NULL,
            concept  integer NOT NULL,
            language text    NOT NULL,
            term     text    NOT NULL,
            form     text    NOT NULL,
            words    text    NOT NULL
        );
        CREATE INDEX search_synonyms_form_idx ON %1$I.search_synonyms (form);
        CREATE INDEX search_synonyms_origin_concept_idx ON %1$I.search_synonyms (origin, concept);
        CREATE TABLE %1$I.search_sources (
            origin text CONSTRAINT search_sources_pkey PRIMARY KEY,
            md5    text NOT NULL
        );
        CREATE TABLE %1$I.job_queue (
            job_id       bigserial        CONSTRAINT job_queue_pkey PRIMARY KEY,
            project      text             NOT NULL,
            spider       text             NOT NULL,
            job          text             NOT NULL,
            arguments    jsonb            NOT NULL DEFAULT '{}',
            priority     double precision NOT NULL DEFAULT 0,
            requests     integer          NOT NULL,
            user_id      integer          NOT NULL CONSTRAINT job_queue_user_id_fkey REFERENCES users ON DELETE CASCADE,
            status       text             NOT NULL DEFAULT 'pending',
            attempts     integer          NOT NULL DEFAULT 0,
            max_attempts integer          NOT NULL,
            cancels      integer          NOT NULL DEFAULT 0,
            node         text,
            account      text,
            host         text,
            session_uuid uuid,
            exit_code    integer,
            reason       text,
            created_at   timestamptz      NOT NULL DEFAULT now(),
            due_at       timestamptz      NOT NULL DEFAULT now(),
            started_at   timestamptz,
            lease_until  timestamptz,
            ended_at     timestamptz,
            CONSTRAINT job_queue_status_check CHECK (
                status IN ('pending', 'running', 'finished', 'failed', 'cancelled')
            )
        );
    $$, private);
END
$do$;
"""


def upgrade() -> None:
    """From version 2 to 3. The indexes, functions and triggers are the scripts'."""
    op.get_bind().exec_driver_sql(TABLES, execution_options={"no_parameters": True})
