"""An archive of 100,000 issues and what belongs to them, made by the server itself within seconds."""

from __future__ import annotations

from sqlalchemy import Engine, text

from ims_spiders.db.schema import run_scripts

USERS, SESSIONS, ISSUES = 20, 20_000, 100_000

_FILL = (
    f"""INSERT INTO users (username, full_name, department, created_at)
    SELECT CASE n WHEN 7 THEN 'kim' ELSE 'user' || n END, 'User ' || n, 'Team ' || n % 4, now() - interval '400 days'
    FROM generate_series(1, {USERS}) AS n""",
    f"""INSERT INTO issues (
        issue_id, title, description, product, version, status, priority, reporter, customer, registered_date,
        modified_date, closed_date, missing_since, first_crawled_at, last_crawled_at, crawl_count, content_hash,
        full_data
    )
    SELECT n + 100000, 'TPETIME during batch w' || n % 5000,
        repeat('타임아웃 restart ', 3) || CASE WHEN n % 700 = 0 THEN 'deadlock' ELSE 'x' || n % 700 END,
        CASE WHEN n % 500 = 3 THEN 'Tibero' ELSE 'Product ' || n % 25 END, '7.' || n % 10,
        CASE WHEN n % 1000 = 0 THEN 'Reopened' WHEN n % 3 = 0 THEN 'Open' ELSE 'Closed' END,
        CASE WHEN n % 500 = 0 THEN 'Critical' WHEN n % 2 = 0 THEN 'High' ELSE 'Normal' END, 'reporter' || n % 300,
        'customer' || n % 200, now() - n % 2000 * interval '1 day', now() - n % 1500 * interval '1 day',
        CASE WHEN n % 3 <> 0 THEN now() - n % 1000 * interval '1 day' END, CASE WHEN n % 2000 = 7 THEN now() END,
        now() - interval '370 days', now() - n % 180 * interval '1 day', 2, md5(n::text),
        jsonb_build_object('issue_id', (n + 100000)::text, 'fields', jsonb_build_object('Site', 'site' || n % 3000))
    FROM generate_series(1, {ISSUES}) AS n""",
    f"""INSERT INTO crawl_sessions (
        user_id, product, original_query, parsed_query, status, started_at, completed_at, duration_seconds,
        total_issues_found, issues_crawled, data_path
    )
    SELECT 1 + n % {USERS}, 'Product ' || n % 25, 'TPETIME ' || n % 1000, '+TPETIME',
        CASE WHEN n > {SESSIONS} - 20 THEN 'running' WHEN n % 20 = 0 THEN 'failed' ELSE 'completed' END, m, m, 300, 10,
        10, 'sessions/' || n
    FROM generate_series(1, {SESSIONS}) AS n,
        LATERAL (SELECT now() - ({SESSIONS} - n) * interval '26 minutes') AS s (m)""",
    """INSERT INTO search_queries (user_id, session_id, original_query, parsing_method, parsing_confidence, queried_at)
    SELECT user_id, session_id, original_query, 'rules', 0.9, started_at FROM crawl_sessions""",
    """INSERT INTO session_errors (session_id, sequence, error_type, error_message, error_detail, occurred_at)
    SELECT session_id, 1, 'crawl_error', 'no answer', jsonb_build_object('issue_id', (100000 + session_id)::text,
        'exception', CASE WHEN session_id % 50 = 0 THEN 'IssueNotAvailable' ELSE 'TimeoutError' END), started_at
    FROM crawl_sessions""",
    """INSERT INTO pages (session_id, user_id, sequence, url, created_at)
    SELECT session_id, user_id, 1, 'https://ims.example.com/issueView.do?issueId=' || session_id, started_at
    FROM crawl_sessions""",
    f"""INSERT INTO session_issues (session_id, issue_pk, created_at, crawl_order, content_hash, product, status)
    SELECT s.session_id, 1 + (s.session_id * 10 + k) * 7919 % {ISSUES}, s.started_at, k, md5(k::text),
        'Product 1', 'Open'
    FROM crawl_sessions AS s, generate_series(1, 10) AS k""",
    f"""INSERT INTO issue_comments (issue_pk, comment_number, author, content, commented_at)
    SELECT 1 + n, n, 'author' || n % 300, repeat('재기동 ', 10), now() FROM generate_series(0, {ISSUES - 1}) AS n""",
    f"""INSERT INTO issue_history (issue_pk, changed_by, changed_at, description, details_hash)
    SELECT 1 + n, 'author' || n % 300, now() - n % 700 * interval '1 day', 'looked at', decode(md5(n::text), 'hex')
    FROM generate_series(0, {ISSUES - 1}) AS n""",
    f"""INSERT INTO attachments (issue_pk, session_id, file_id, filename, file_path, file_size, downloaded)
    SELECT 1 + n, 1 + n % {SESSIONS}, n::text, 'a.log', 'attachments/' || n || '/a.log', 10, n % 200 <> 0
    FROM generate_series(0, {ISSUES - 1}) AS n""",
    f"""INSERT INTO analytics_daily (user_id, stat_date, sessions_count, issues_crawled)
    SELECT u, current_date - d, 3, 30 FROM generate_series(1, {USERS}) AS u, generate_series(1, 360) AS d""",
    f"""INSERT INTO deleted_sessions (session_uuid, session_id, user_id)
    SELECT gen_random_uuid(), 1000000 + n, 1 + n % {USERS} FROM generate_series(1, 20000) AS n""",
    "DROP INDEX ims_private.search_documents_title_idx, ims_private.search_documents_words_idx",
    """INSERT INTO ims_private.search_documents (issue_pk, registered_date, language, title, words)
    SELECT i.issue_pk, i.registered_date, 'en', t.words || m.mark,
        t.words || to_tsvector('ims_private.search_latin', coalesce(i.description, '')) || m.mark
    FROM issues AS i, to_tsvector('ims_private.search_latin', i.title) AS t (words),
        array_to_tsvector(ARRAY['@product=' || lower(i.product)]) AS m (mark)""",
    f"""INSERT INTO audit_log (user_id, action, resource_type, resource_id, new_value, created_at, database_role)
    SELECT 1 + n % {USERS}, 'insert', 'crawl_sessions', n::text, jsonb_build_object('data_path', repeat('x', 300)),
        now() - n * interval '1 minute', 'ims_crawl'
    FROM generate_series(1, 50000) AS n""",
)


INDEXES = """
    SELECT i.relname FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid
    JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE c.relnamespace = 'ims'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.indexrelid)"""


def fill(superuser: Engine) -> None:
    """Fill an empty archive; the engine commits each statement.

    Triggers would take their time over each row, and indexes are made faster afterwards.
    """
    with superuser.connect() as connection:
        connection.execute(text("SET session_replication_role = replica; SET search_path = ims"))
        for index in connection.scalars(text(INDEXES)).all():
            connection.execute(text(f"DROP INDEX {index}"))
        for statement in _FILL:
            connection.execute(text(statement))
        run_scripts(connection, ["03_create_indexes.sql"])
        connection.execute(text("REFRESH MATERIALIZED VIEW mv_issue_trends"))
        connection.execute(text("REFRESH MATERIALIZED VIEW mv_daily_session_summary"))
        connection.execute(text("VACUUM (ANALYZE)"))
