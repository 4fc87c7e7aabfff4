-- Samples, only where they are asked for: three users, a session, an issue. Running it again changes nothing. ims.schema as in 02.
--
-- They are marked: users are called sample_…, what they asked for and found is called "Sample: …", and the issue's number
-- is one that no tracker has reached. Nobody can log in as one of them. To be rid of them:
--   DELETE FROM ims.crawl_sessions WHERE metadata @> '{"sample": true}';
--   DELETE FROM ims.issues WHERE issue_id = '999999999999';
--   DELETE FROM ims.users WHERE username LIKE 'sample\_%' AND preferences @> '{"sample": true}';

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', quote_ident(coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')), true);

INSERT INTO users (username, full_name, department, role, preferences)
SELECT s.username, s.full_name, 'Samples', s.role, '{"sample": true}'
FROM (VALUES
    ('sample_admin', 'Sample: an admin', 'admin'),
    ('sample_user', 'Sample: a user', 'user'),
    ('sample_analyst', 'Sample: an analyst, who only reads', 'readonly')
) AS s (username, full_name, role)
WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.username = s.username);

DO $$
DECLARE
    sample_uuid constant uuid := '5a3b1e00-0000-4000-8000-000000000001';
    sample_session bigint;
    person integer := (SELECT user_id FROM users WHERE username = 'sample_user');
BEGIN
    IF EXISTS (SELECT FROM crawl_sessions WHERE session_uuid = sample_uuid) THEN
        RETURN;
    END IF;
    -- As a crawl does it: the session runs, brings its issue, and ends; so that the statistics count it.
    INSERT INTO crawl_sessions (
        session_uuid, user_id, product, original_query, parsed_query, query_language, max_results, refresh, status, started_at,
        metadata, created_at
    ) VALUES (
        sample_uuid, person, 'Sample', 'Sample: sign-in fails', '+''sign-in fails''', 'en', 100, 'all', 'running',
        '2026-01-15 09:00+00', '{"sample": true}', '2026-01-15 09:00+00'
    ) RETURNING session_id INTO sample_session;
    INSERT INTO search_queries (
        user_id, session_id, original_query, parsed_query, query_language, product, results_count, parsing_method,
        parsing_confidence, queried_at
    ) VALUES (
        person, sample_session, 'Sample: sign-in fails', '+''sign-in fails''', 'en', 'Sample', 2, 'rules', 0.9,
        '2026-01-15 09:00+00'
    );
    PERFORM upsert_issue('{
        "schema": 1,
        "issue_id": "999999999999",
        "title": "Sample: sign-in fails after the password was changed",
        "description": "An invented issue. After a change of the password the first sign-in is refused, the second one works.",
        "product": "Sample",
        "version": "1.0",
        "status": "Assigned",
        "priority": "Medium",
        "issue_type": "Defect",
        "reporter": "sample_user",
        "handler": "sample_admin",
        "registered_date": "2026-01-14T08:30:00Z",
        "fields": {"Subject": "Sample: sign-in fails after the password was changed"},
        "comments": [{
            "comment_number": 1,
            "author": "sample_admin",
            "commented_at": "2026-01-14T09:15:00Z",
            "content": "Sample: seen here as well. The old ticket is kept for a minute.",
            "content_html": "<p>Sample: seen here as well. The old ticket is kept for a minute.</p>"
        }],
        "history": [
            {
                "changed_at": "2026-01-14T08:30:00Z", "changed_by": "sample_user", "change_type": "update",
                "description": "Sample: registered"
            },
            {
                "changed_at": "2026-01-14T09:00:00Z", "changed_by": "sample_admin", "change_type": "status_change",
                "field_name": "Status", "old_value": "New", "new_value": "Assigned",
                "description": "Status : New → Assigned"
            }
        ],
        "attachments": [],
        "related": [],
        "crawl": {"crawl_order": 1, "crawled_at": "2026-01-15T09:00:10Z", "depth": 0, "found_by": "search", "duration_ms": 120}
    }', sample_uuid);
    INSERT INTO session_errors (session_id, sequence, error_type, error_message, error_detail, occurred_at)
    VALUES (
        sample_session, 1, 'network_error', 'Sample: issue 999999999998 did not come: no answer in 60 seconds',
        '{"issue_id": "999999999998", "sample": true}', '2026-01-15 09:01:30+00'
    );
    UPDATE crawl_sessions SET
        status = 'completed', completed_at = '2026-01-15 09:02+00', duration_seconds = 120, exit_code = 5,
        close_reason = 'finished', total_issues_found = 2, issues_crawled = 1, failed_issues = 1, search_time_ms = 400,
        crawl_time_ms = 119000, avg_issue_time_ms = 120, parallel_workers = 8, updated_at = '2026-01-15 09:02+00'
    WHERE session_id = sample_session;
END
$$;

COMMIT;
