-- Indexes beyond those that keys bring along. Running it again changes nothing. ims.schema as in 02.
--
-- A foreign key without a line here is the first column of a unique constraint: session_issues.session_id,
-- search_queries.session_id, session_errors.session_id, issue_pk of comments, history and attachments, user_id of analytics.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', quote_ident(coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')), true);

-- Sessions and queries of a user, newest first; the foreign keys to users with them. Where a private table has a user_id, every index
-- holds it, so that a reader's own condition is part of each scan: EXPLAIN then counts no row of anybody else's.
CREATE INDEX IF NOT EXISTS crawl_sessions_user_id_started_at_idx ON crawl_sessions (user_id, started_at DESC);
CREATE INDEX IF NOT EXISTS crawl_sessions_started_at_user_id_idx ON crawl_sessions (started_at DESC, user_id);
CREATE INDEX IF NOT EXISTS crawl_sessions_running_idx ON crawl_sessions (user_id, started_at) WHERE status = 'running';
CREATE INDEX IF NOT EXISTS search_queries_user_id_queried_at_idx ON search_queries (user_id, queried_at DESC);
CREATE INDEX IF NOT EXISTS audit_log_user_id_created_at_idx ON audit_log (user_id, created_at DESC);

-- Whom a deleted session belonged to.
CREATE INDEX IF NOT EXISTS deleted_sessions_user_id_idx ON deleted_sessions (user_id);

-- When an issue was missed.
CREATE INDEX IF NOT EXISTS session_errors_missing_idx ON session_errors ((error_detail ->> 'issue_id'))
    WHERE error_detail ->> 'exception' = 'IssueNotAvailable';

-- Pages of one user.
CREATE INDEX IF NOT EXISTS pages_user_id_idx ON pages (user_id);

-- Which sessions saw an issue.
CREATE INDEX IF NOT EXISTS session_issues_issue_pk_idx ON session_issues (issue_pk);

-- Filters of the issue list. crawl_count and last_crawled_at stay without one: see the table.
CREATE INDEX IF NOT EXISTS issues_status_idx ON issues (status);
CREATE INDEX IF NOT EXISTS issues_product_registered_date_idx ON issues (product, registered_date DESC);
CREATE INDEX IF NOT EXISTS issues_priority_idx ON issues (priority);
CREATE INDEX IF NOT EXISTS issues_registered_date_idx ON issues (registered_date DESC);
CREATE INDEX IF NOT EXISTS issues_modified_date_idx ON issues (modified_date DESC);
CREATE INDEX IF NOT EXISTS issues_missing_since_idx ON issues (missing_since) WHERE missing_since IS NOT NULL;
CREATE INDEX IF NOT EXISTS issues_full_data_idx ON issues USING gin (full_data jsonb_path_ops);

-- Files of a session, and those that are still to be had.
CREATE INDEX IF NOT EXISTS attachments_session_id_idx ON attachments (session_id);
CREATE INDEX IF NOT EXISTS attachments_missing_idx ON attachments (issue_pk) WHERE NOT downloaded;

-- What search_issues() looks into. Both live in the private schema.
SELECT set_config('search_path', format('%I, %I', current_schema() || '_private', current_schema()), true);
CREATE INDEX IF NOT EXISTS search_documents_title_idx ON search_documents USING gin (title);
CREATE INDEX IF NOT EXISTS search_documents_words_idx ON search_documents USING gin (words);

-- The queue of crawls: a name is in use once, the next in line, whose it was.
CREATE UNIQUE INDEX IF NOT EXISTS job_queue_active_key ON job_queue (project, job) WHERE status IN ('pending', 'running');
CREATE INDEX IF NOT EXISTS job_queue_next_idx ON job_queue (status, priority DESC, job_id);
CREATE INDEX IF NOT EXISTS job_queue_user_id_idx ON job_queue (user_id);

COMMIT;
