-- The schema and its tables: keys, checks and comments. PostgreSQL 16 or newer, no extension. Running it again changes nothing.
--
-- Plain SQL, so that every client can run it. The schema is called ims unless the setting ims.schema says otherwise:
--   PGOPTIONS='-c ims.schema=other' psql -v ON_ERROR_STOP=1 -d ims_crawler -f 02_create_database_schema.sql

BEGIN;
SET LOCAL client_min_messages = warning;

DO $$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', coalesce(nullif(current_setting('ims.schema', true), ''), 'ims'));
END
$$;

SELECT set_config('search_path', quote_ident(coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')), true);

-- What holds for the archive as a whole -----------------------------------------------------------------------------

-- Alembic's own table, so that scripts and revisions (`ims db upgrade`) keep one record. The row is written by 06, last.
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY
);
COMMENT ON TABLE alembic_version IS 'The version of this schema.';

CREATE TABLE IF NOT EXISTS archive_settings (
    only_row  boolean NOT NULL DEFAULT true CONSTRAINT archive_settings_pkey PRIMARY KEY,
    time_zone text    NOT NULL DEFAULT 'UTC',
    CONSTRAINT archive_settings_only_row_check CHECK (only_row)
);
COMMENT ON TABLE archive_settings IS 'One row. Changed by set_time_zone().';
COMMENT ON COLUMN archive_settings.time_zone IS 'Whose midnight ends a day and a month in all statistics.';
INSERT INTO archive_settings DEFAULT VALUES ON CONFLICT DO NOTHING;

-- People ------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS users (
    user_id       serial      CONSTRAINT users_pkey PRIMARY KEY,
    username      text        NOT NULL CONSTRAINT users_username_key UNIQUE,
    email         text,
    full_name     text,
    department    text,
    role          text        NOT NULL DEFAULT 'user',
    is_active     boolean     NOT NULL DEFAULT true,
    preferences   jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz,
    database_role text        CONSTRAINT users_database_role_key UNIQUE,
    CONSTRAINT users_username_check CHECK (btrim(username) <> ''),
    CONSTRAINT users_role_check CHECK (role IN ('user', 'admin', 'readonly'))
);
COMMENT ON TABLE users IS 'People who use the archive. A crawl makes its user known when nobody has before.';
COMMENT ON COLUMN users.database_role IS 'The PostgreSQL role that this user is: identity follows from it and from nothing else.';

-- Sessions ----------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS crawl_sessions (
    session_id             bigserial      CONSTRAINT crawl_sessions_pkey PRIMARY KEY,
    session_uuid           uuid           NOT NULL DEFAULT gen_random_uuid() CONSTRAINT crawl_sessions_session_uuid_key UNIQUE,
    user_id                integer        NOT NULL CONSTRAINT crawl_sessions_user_id_fkey REFERENCES users,
    product                text,
    original_query         text,
    parsed_query           text,
    query_language         text,
    max_results            integer,
    crawl_related          boolean        NOT NULL DEFAULT false,
    max_depth              integer,
    refresh                text,
    status                 text           NOT NULL DEFAULT 'running',
    started_at             timestamptz    NOT NULL DEFAULT now(),
    completed_at           timestamptz,
    duration_seconds       numeric(14, 3),
    exit_code              integer,
    close_reason           text,
    total_issues_found     integer        NOT NULL DEFAULT 0,
    issues_crawled         integer        NOT NULL DEFAULT 0,
    attachments_downloaded integer        NOT NULL DEFAULT 0,
    failed_issues          integer        NOT NULL DEFAULT 0,
    related_issues         integer        NOT NULL DEFAULT 0,
    search_time_ms         numeric(14, 3),
    crawl_time_ms          numeric(14, 3),
    avg_issue_time_ms      numeric(14, 3),
    parallel_workers       integer,
    data_path              text,
    metadata               jsonb          NOT NULL DEFAULT '{}',
    created_at             timestamptz    NOT NULL DEFAULT now(),
    updated_at             timestamptz    NOT NULL DEFAULT now(),
    is_suspicious          boolean        NOT NULL DEFAULT false,
    CONSTRAINT crawl_sessions_status_check CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted')),
    CONSTRAINT crawl_sessions_counts_check CHECK (
        total_issues_found >= 0 AND issues_crawled >= 0 AND attachments_downloaded >= 0
        AND failed_issues >= 0 AND related_issues >= 0
    )
);
COMMENT ON TABLE crawl_sessions IS 'One row per crawl, from running to its end state. Belongs to its user.';
COMMENT ON COLUMN crawl_sessions.exit_code IS 'What `ims crawl` ended with; 0 is complete.';
COMMENT ON COLUMN crawl_sessions.is_suspicious IS
    'It ended, but its figures do not look like those of the sessions before: metadata.suspicions says which.';
COMMENT ON COLUMN crawl_sessions.data_path IS 'The session''s folder, relative to the data directory.';

CREATE TABLE IF NOT EXISTS search_queries (
    query_id           bigserial     CONSTRAINT search_queries_pkey PRIMARY KEY,
    user_id            integer       NOT NULL CONSTRAINT search_queries_user_id_fkey REFERENCES users,
    session_id         bigint        CONSTRAINT search_queries_session_id_fkey REFERENCES crawl_sessions ON DELETE CASCADE,
    original_query     text,
    parsed_query       text,
    query_language     text,
    product            text,
    results_count      integer,
    parsing_method     text,
    parsing_confidence numeric(5, 4),
    synonym_expanded   boolean       NOT NULL DEFAULT false,
    intent_filtered    boolean       NOT NULL DEFAULT false,
    queried_at         timestamptz   NOT NULL DEFAULT now(),
    CONSTRAINT search_queries_session_id_key UNIQUE (session_id),
    CONSTRAINT search_queries_parsing_method_check CHECK (parsing_method IN ('direct', 'rules', 'llm', 'hybrid')),
    CONSTRAINT search_queries_parsing_confidence_check CHECK (parsing_confidence BETWEEN 0 AND 1)
);
COMMENT ON TABLE search_queries IS 'What was asked and how it was understood. A crawl session asks one; others have no session.';

CREATE TABLE IF NOT EXISTS session_errors (
    error_id      bigserial   CONSTRAINT session_errors_pkey PRIMARY KEY,
    session_id    bigint      NOT NULL CONSTRAINT session_errors_session_id_fkey REFERENCES crawl_sessions ON DELETE CASCADE,
    sequence      integer,
    error_type    text        NOT NULL,
    severity      text        NOT NULL DEFAULT 'error',
    error_message text        NOT NULL,
    error_detail  jsonb       NOT NULL DEFAULT '{}',
    occurred_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT session_errors_session_id_sequence_key UNIQUE (session_id, sequence),
    CONSTRAINT session_errors_error_type_check CHECK (error_type IN (
        'authentication_error', 'crawl_error', 'crawl_failure', 'database_error',
        'parsing_error', 'network_error', 'attachment_error'
    )),
    CONSTRAINT session_errors_severity_check CHECK (severity IN ('error', 'warning', 'info'))
);
COMMENT ON TABLE session_errors IS 'What went wrong in a session: exactly what was expected and is not stored, and warnings.';
COMMENT ON COLUMN session_errors.sequence IS 'Its place in the session''s errors.jsonl, from 1; so that a replay adds nothing.';

CREATE TABLE IF NOT EXISTS deleted_sessions (
    session_uuid uuid        CONSTRAINT deleted_sessions_pkey PRIMARY KEY,
    session_id   bigint      NOT NULL,
    user_id      integer     NOT NULL CONSTRAINT deleted_sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    deleted_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE deleted_sessions IS 'Sessions deleted from the database on purpose; `ims db load` leaves them out unless they are named.';

-- Issues, shared by everybody ---------------------------------------------------------------------------------------

-- A sighting of an unchanged issue only touches last_crawled_at and crawl_count. That stays a heap-only update of a
-- narrow row because neither is indexed, the wide columns live out of line, and half of each page is kept free: a
-- batch updates all rows of a page in one transaction, and their old versions cannot be reused before it ends.
CREATE TABLE IF NOT EXISTS issues (
    issue_pk         bigserial   CONSTRAINT issues_pkey PRIMARY KEY,
    first_crawled_at timestamptz NOT NULL DEFAULT now(),
    last_crawled_at  timestamptz NOT NULL DEFAULT now(),
    crawl_count      integer     NOT NULL DEFAULT 0,
    missing_since    timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    registered_date  timestamptz,
    modified_date    timestamptz,
    closed_date      timestamptz,
    issue_id         text STORAGE MAIN NOT NULL CONSTRAINT issues_issue_id_key UNIQUE,
    title            text STORAGE MAIN NOT NULL,
    description      text STORAGE EXTENDED,
    product          text STORAGE MAIN,
    version          text STORAGE MAIN,
    module           text STORAGE MAIN,
    status           text STORAGE MAIN,
    priority         text STORAGE MAIN,
    severity         text STORAGE MAIN,
    issue_type       text STORAGE MAIN,
    reporter         text STORAGE MAIN,
    owner            text STORAGE MAIN,
    handler          text STORAGE MAIN,
    manager          text STORAGE MAIN,
    project_code     text STORAGE MAIN,
    project_name     text STORAGE MAIN,
    site             text STORAGE MAIN,
    customer         text STORAGE MAIN,
    found_version    text STORAGE MAIN,
    fixed_version    text STORAGE MAIN,
    target_version   text STORAGE MAIN,
    error_code       text STORAGE MAIN,
    bug_number       text STORAGE MAIN,
    url              text STORAGE MAIN,
    content_hash     text STORAGE MAIN,
    full_data        jsonb STORAGE EXTENDED NOT NULL DEFAULT '{}',
    CONSTRAINT issues_title_check CHECK (btrim(title) <> ''),
    CONSTRAINT issues_issue_id_check CHECK (issue_id ~ '^[0-9]{1,12}$'),
    CONSTRAINT issues_crawl_count_check CHECK (crawl_count >= 0)
) WITH (fillfactor = 50, toast_tuple_target = 256);
COMMENT ON TABLE issues IS 'One row per issue, whoever crawled it; the newest content that any session saw.';
COMMENT ON COLUMN issues.full_data IS 'The whole item as its file holds it, of the first session that saw this content.';
COMMENT ON COLUMN issues.content_hash IS 'SHA-256 of the item without its crawl block: equal means nothing new.';
COMMENT ON COLUMN issues.crawl_count IS 'How many sessions saw the issue: the number of its rows in session_issues.';
COMMENT ON COLUMN issues.last_crawled_at IS 'When a session saw it last. Not indexed by a B-tree: counting must stay cheap.';
COMMENT ON COLUMN issues.missing_since IS 'When the tracker first said, after the last sighting, that it no longer has the issue.';
COMMENT ON COLUMN issues.updated_at IS 'When the present content was first seen.';

CREATE TABLE IF NOT EXISTS session_issues (
    session_issue_id  bigserial   CONSTRAINT session_issues_pkey PRIMARY KEY,
    session_id        bigint      NOT NULL CONSTRAINT session_issues_session_id_fkey REFERENCES crawl_sessions ON DELETE CASCADE,
    issue_pk          bigint      NOT NULL CONSTRAINT session_issues_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    created_at        timestamptz NOT NULL DEFAULT now(),
    crawl_order       integer,
    crawl_duration_ms integer,
    depth             integer,
    had_errors        boolean     NOT NULL DEFAULT false,
    found_by          text,
    found_from        text,
    error_message     text,
    content_hash      text,
    product           text,
    status            text,
    CONSTRAINT session_issues_session_id_issue_pk_key UNIQUE (session_id, issue_pk)
);
COMMENT ON TABLE session_issues IS 'Which session saw which issue, in which order and with which content.';
COMMENT ON COLUMN session_issues.status IS 'The issue''s status, as product its product, when the session saw it.';
COMMENT ON COLUMN session_issues.created_at IS 'When the session fetched the issue.';
COMMENT ON COLUMN session_issues.found_by IS 'search, relation or patch; found_from is the issue that pointed here.';

CREATE TABLE IF NOT EXISTS issue_comments (
    comment_id     bigserial   CONSTRAINT issue_comments_pkey PRIMARY KEY,
    issue_pk       bigint      NOT NULL CONSTRAINT issue_comments_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    comment_number bigint      NOT NULL,
    author         text,
    author_email   text,
    content        text        NOT NULL DEFAULT '',
    commented_at   timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT issue_comments_issue_pk_comment_number_key UNIQUE (issue_pk, comment_number)
);
COMMENT ON TABLE issue_comments IS 'Comments ("actions") of an issue as readable text; their HTML is in issues.full_data.';
COMMENT ON COLUMN issue_comments.comment_number IS 'The tracker''s action number.';
COMMENT ON COLUMN issue_comments.created_at IS 'When a session saw the comment first.';

CREATE TABLE IF NOT EXISTS issue_history (
    history_id       bigserial   CONSTRAINT issue_history_pkey PRIMARY KEY,
    issue_pk         bigint      NOT NULL CONSTRAINT issue_history_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    changed_by       text,
    changed_by_email text,
    changed_at       timestamptz,
    change_type      text        NOT NULL DEFAULT 'update',
    field_name       text,
    old_value        text,
    new_value        text,
    description      text        NOT NULL DEFAULT '',
    details_hash     bytea       NOT NULL DEFAULT '',
    ordinal          integer     NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT issue_history_natural_key UNIQUE NULLS NOT DISTINCT (issue_pk, changed_at, changed_by, details_hash, ordinal)
);
COMMENT ON TABLE issue_history IS 'What happened to an issue, in the tracker''s words and, where they state a change, in parts.';
COMMENT ON COLUMN issue_history.details_hash IS 'First 16 bytes of the SHA-256 of description; the tracker gives entries no number.';
COMMENT ON COLUMN issue_history.ordinal IS 'Tells entries apart that are equal in everything else, from 1.';

CREATE TABLE IF NOT EXISTS attachments (
    attachment_id  bigserial   CONSTRAINT attachments_pkey PRIMARY KEY,
    issue_pk       bigint      NOT NULL CONSTRAINT attachments_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    session_id     bigint      CONSTRAINT attachments_session_id_fkey REFERENCES crawl_sessions ON DELETE SET NULL,
    file_id        text        NOT NULL,
    kind           text        NOT NULL DEFAULT 'ISSUE',
    source         text,
    filename       text        NOT NULL,
    file_type      text,
    file_size      bigint,
    file_path      text,
    sha256         text,
    download_url   text,
    downloaded     boolean     NOT NULL DEFAULT false,
    download_error text,
    extracted_text text,
    text_extracted boolean     NOT NULL DEFAULT false,
    text_status    text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT attachments_issue_pk_file_id_kind_key UNIQUE (issue_pk, file_id, kind),
    CONSTRAINT attachments_kind_check CHECK (kind IN ('ISSUE', 'PATCH', 'INLINE')),
    CONSTRAINT attachments_file_size_check CHECK (file_size >= 0),
    CONSTRAINT attachments_text_status_check CHECK (
        text_status IN ('extracted', 'empty', 'unsupported', 'failed', 'not_downloaded')
    )
);
COMMENT ON TABLE attachments IS 'Files of an issue, also those that could not be had (download_error says why).';
COMMENT ON COLUMN attachments.session_id IS 'The session that brought this state of the file.';
COMMENT ON COLUMN attachments.file_path IS 'Relative to the data directory.';

-- Statistics and trail ----------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS analytics_daily (
    stat_id                  bigserial      CONSTRAINT analytics_daily_pkey PRIMARY KEY,
    user_id                  integer        NOT NULL CONSTRAINT analytics_daily_user_id_fkey REFERENCES users ON DELETE CASCADE,
    stat_date                date           NOT NULL,
    sessions_count           integer        NOT NULL DEFAULT 0,
    successful_sessions      integer        NOT NULL DEFAULT 0,
    failed_sessions          integer        NOT NULL DEFAULT 0,
    issues_crawled           integer        NOT NULL DEFAULT 0,
    unique_issues            integer        NOT NULL DEFAULT 0,
    new_issues               integer        NOT NULL DEFAULT 0,
    attachments_downloaded   integer        NOT NULL DEFAULT 0,
    avg_session_duration_sec numeric(14, 3),
    avg_issues_per_session   numeric(14, 3),
    product_stats            jsonb          NOT NULL DEFAULT '{}',
    top_queries              jsonb          NOT NULL DEFAULT '[]',
    created_at               timestamptz    NOT NULL DEFAULT now(),
    CONSTRAINT analytics_daily_user_id_stat_date_key UNIQUE (user_id, stat_date)
);
COMMENT ON TABLE analytics_daily IS 'Each user''s figures of one day.';

CREATE TABLE IF NOT EXISTS analytics_monthly (
    stat_id                bigserial      CONSTRAINT analytics_monthly_pkey PRIMARY KEY,
    user_id                integer        NOT NULL CONSTRAINT analytics_monthly_user_id_fkey REFERENCES users ON DELETE CASCADE,
    year                   integer        NOT NULL,
    month                  integer        NOT NULL,
    total_sessions         integer        NOT NULL DEFAULT 0,
    avg_sessions_per_day   numeric(14, 3),
    total_issues_crawled   integer        NOT NULL DEFAULT 0,
    unique_issues          integer        NOT NULL DEFAULT 0,
    keyword_trends         jsonb          NOT NULL DEFAULT '{}',
    product_distribution   jsonb          NOT NULL DEFAULT '{}',
    issue_status_breakdown jsonb          NOT NULL DEFAULT '{}',
    avg_parsing_confidence numeric(5, 4),
    synonym_expansion_rate numeric(5, 4),
    created_at             timestamptz    NOT NULL DEFAULT now(),
    CONSTRAINT analytics_monthly_user_id_year_month_key UNIQUE (user_id, year, month),
    CONSTRAINT analytics_monthly_month_check CHECK (month BETWEEN 1 AND 12)
);
COMMENT ON TABLE analytics_monthly IS 'Each user''s figures of one month.';

-- By month, so that old months can be dropped; the default partition takes what no month has been made for yet.
-- No reference to users: what somebody did stays known when they are gone.
CREATE TABLE IF NOT EXISTS audit_log (
    log_id        bigserial   NOT NULL,
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
CREATE TABLE IF NOT EXISTS audit_log_default PARTITION OF audit_log DEFAULT;
COMMENT ON TABLE audit_log IS 'Who created, changed, deleted or exported what. Written by triggers, read by admins, changed by nobody.';
COMMENT ON COLUMN audit_log.database_role IS 'The PostgreSQL role that did it; user_id is whose row it was when a crawl did.';

-- What people want again -------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS favourite_queries (
    favourite_id bigserial   CONSTRAINT favourite_queries_pkey PRIMARY KEY,
    user_id      integer     NOT NULL CONSTRAINT favourite_queries_user_id_fkey REFERENCES users ON DELETE CASCADE,
    name         text        NOT NULL,
    arguments    jsonb       NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT favourite_queries_user_id_name_key UNIQUE (user_id, name),
    CONSTRAINT favourite_queries_name_check CHECK (btrim(name) <> '')
);
COMMENT ON TABLE favourite_queries IS 'Crawls under a name of one''s own, to be run again. They outlive the sessions that they came from.';
COMMENT ON COLUMN favourite_queries.arguments IS 'The spider''s arguments.';

CREATE TABLE IF NOT EXISTS schedules (
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
COMMENT ON TABLE schedules IS 'Crawls that are to run again and again, each under its user''s name. `ims schedule run` starts what is due.';
COMMENT ON COLUMN schedules.cron IS 'Five fields as in crontab(5), on the clock of time_zone.';
COMMENT ON COLUMN schedules.next_run_at IS 'Moved on by whoever takes the run, so that it is taken once; NULL while the schedule rests.';
COMMENT ON COLUMN schedules.last_job IS 'What the last run is known by: the job of a Scrapyd, or the session.';
COMMENT ON COLUMN schedules.last_result IS 'How the last run ended or that it was handed over; NULL while it runs.';

-- By month, as the trail. Filled only as far as a crawl is told to: IMS_LOG_PAGES.
CREATE TABLE IF NOT EXISTS pages (
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
CREATE TABLE IF NOT EXISTS pages_default PARTITION OF pages DEFAULT;
COMMENT ON TABLE pages IS 'Each answer of the tracker to a session, as its pages.jsonl holds them.';
COMMENT ON COLUMN pages.found_on IS 'Where it was linked: search, or the issue''s number.';
COMMENT ON COLUMN pages.status IS 'HTTP''s; NULL when there was no answer, and error says why.';
COMMENT ON COLUMN pages.page_type IS 'What the answer was taken for: search, issue, relations, patches, attachment, login, …';
COMMENT ON COLUMN pages.created_at IS 'When it was asked for.';

-- Private: what nobody but the functions of 04 touches -----------------------------------------------------------------

DO $$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', current_schema() || '_private');
END
$$;
SELECT set_config('search_path', format('%I, %I', current_schema() || '_private', current_schema()), true);

CREATE TABLE IF NOT EXISTS statistics_pending (
    user_id   integer NOT NULL CONSTRAINT statistics_pending_user_id_fkey REFERENCES users ON DELETE CASCADE,
    stat_date date    NOT NULL
);
CREATE INDEX IF NOT EXISTS statistics_pending_user_id_idx ON statistics_pending (user_id);
COMMENT ON TABLE statistics_pending IS
    'Days whose figures have to be worked out again, once for each transaction that said so: no writer waits for another.';

-- The words of every issue: a narrow row, its vectors out of line and as they are, so that many rows are looked at in little time.
CREATE TABLE IF NOT EXISTS search_documents (
    issue_pk        bigint      CONSTRAINT search_documents_pkey PRIMARY KEY
                                CONSTRAINT search_documents_issue_pk_fkey REFERENCES issues ON DELETE CASCADE,
    registered_date timestamptz,
    language        text        NOT NULL,
    title           tsvector    STORAGE EXTERNAL NOT NULL,
    words           tsvector    STORAGE EXTERNAL NOT NULL
) WITH (toast_tuple_target = 128);
COMMENT ON TABLE search_documents IS 'What search_issues() looks into, kept by triggers; 04_create_search_words.sql says what the lexemes are.';
COMMENT ON COLUMN search_documents.words IS 'Title, description, comments, history and attachments'' texts and names.';

CREATE TABLE IF NOT EXISTS search_pending (
    pks bigint[] NOT NULL
);
COMMENT ON TABLE search_pending IS 'Issues whose words have to be worked out again before the transaction ends; empty between transactions.';

CREATE TABLE IF NOT EXISTS search_synonyms (
    origin   text    NOT NULL,
    concept  integer NOT NULL,
    language text    NOT NULL,
    term     text    NOT NULL,
    form     text    NOT NULL,
    words    text    NOT NULL
);
CREATE INDEX IF NOT EXISTS search_synonyms_form_idx ON search_synonyms (form);
CREATE INDEX IF NOT EXISTS search_synonyms_origin_concept_idx ON search_synonyms (origin, concept);
COMMENT ON TABLE search_synonyms IS 'Words for the same thing, from files (load_synonyms): packaged with the product, or one''s own.';
COMMENT ON COLUMN search_synonyms.concept IS 'The line of the file; the terms of one concept find each other.';

CREATE TABLE IF NOT EXISTS search_sources (
    origin text CONSTRAINT search_sources_pkey PRIMARY KEY,
    md5    text NOT NULL
);
COMMENT ON TABLE search_sources IS 'Which text of synonyms is loaded, so that the same one is not loaded again.';

CREATE TABLE IF NOT EXISTS job_queue (
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
    CONSTRAINT job_queue_status_check CHECK (status IN ('pending', 'running', 'finished', 'failed', 'cancelled'))
);
COMMENT ON TABLE job_queue IS 'Crawls for Scrapyd nodes that share one queue: 04_create_jobs.sql. list_jobs() shows them.';
COMMENT ON COLUMN job_queue.requests IS 'How many requests it may have under way at once.';
COMMENT ON COLUMN job_queue.attempts IS 'The number of the last attempt, and the token of whoever runs it.';
COMMENT ON COLUMN job_queue.account IS 'As whom it asks the tracker; host is the tracker.';
COMMENT ON COLUMN job_queue.session_uuid IS 'The session that the last attempt made, for the next one to go on with.';

COMMIT;
