-- Views for people and programs that read the archive. Running it again changes nothing. ims.schema as in 02.
--
-- A view shows its reader what the reader may see (security_invoker). Row security cannot be put on a materialized view:
-- 06 lets only those read it who may read all that is in it.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

CREATE OR REPLACE VIEW v_user_dashboard WITH (security_invoker = true) AS
SELECT s.*, u.full_name, u.department, u.role, u.is_active,
    today.sessions_count AS sessions_today, today.issues_crawled AS issues_today,
    this_month.total_sessions AS sessions_this_month, this_month.total_issues_crawled AS issues_this_month
FROM users AS u
CROSS JOIN LATERAL get_user_stats(u.user_id) AS s
LEFT JOIN analytics_daily AS today ON today.user_id = u.user_id AND today.stat_date = session_day(now())
LEFT JOIN analytics_monthly AS this_month ON this_month.user_id = u.user_id
    AND this_month.year = extract(year FROM session_day(now())) AND this_month.month = extract(month FROM session_day(now()));
COMMENT ON VIEW v_user_dashboard IS 'A row per user: figures of all time, of today and of this month.';

CREATE OR REPLACE VIEW v_session_detail WITH (security_invoker = true) AS
SELECT s.*, u.username, q.parsing_method, q.parsing_confidence,
    coalesce(i.issue_ids, '{}') AS issue_ids, coalesce(i.issue_count, 0) AS issue_count,
    e.error_count, e.warning_count
FROM crawl_sessions AS s
JOIN users AS u USING (user_id)
LEFT JOIN search_queries AS q ON q.session_id = s.session_id
LEFT JOIN LATERAL (
    SELECT array_agg(issues.issue_id ORDER BY l.crawl_order, l.session_issue_id) AS issue_ids, count(*) AS issue_count
    FROM session_issues AS l JOIN issues USING (issue_pk) WHERE l.session_id = s.session_id
) AS i ON true
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE x.severity = 'error') AS error_count,
        count(*) FILTER (WHERE x.severity = 'warning') AS warning_count
    FROM session_errors AS x WHERE x.session_id = s.session_id
) AS e ON true;
COMMENT ON VIEW v_session_detail IS 'A row per session with its user, its issues in crawl order, and the number of its errors.';

CREATE OR REPLACE VIEW v_issue_search WITH (security_invoker = true) AS
SELECT i.issue_pk, i.issue_id, i.title, i.description, i.product, i.version, i.module, i.status, i.priority, i.severity,
    i.issue_type, i.reporter, i.owner, i.handler, i.manager, i.registered_date, i.modified_date, i.closed_date,
    i.project_code, i.project_name, i.site, i.customer, i.error_code, i.bug_number, i.url, i.first_crawled_at,
    i.last_crawled_at, i.missing_since, i.crawl_count,
    (SELECT count(*) FROM session_issues AS l WHERE l.issue_pk = i.issue_pk) AS session_count,
    (SELECT count(*) FROM issue_comments AS c WHERE c.issue_pk = i.issue_pk) AS comment_count,
    (SELECT count(*) FROM issue_history AS h WHERE h.issue_pk = i.issue_pk) AS history_count,
    (SELECT count(*) FROM attachments AS a WHERE a.issue_pk = i.issue_pk) AS attachment_count
FROM issues AS i;
COMMENT ON VIEW v_issue_search IS
    'A row per issue with counts. session_count counts the sessions that the reader may see, crawl_count all of them.';

CREATE OR REPLACE VIEW v_recent_activity WITH (security_invoker = true) AS
SELECT s.started_at AS occurred_at, 'session'::text AS activity, s.user_id, u.username, s.session_id, s.product,
    s.original_query AS query, s.status, s.issues_crawled AS issues
FROM crawl_sessions AS s JOIN users AS u USING (user_id)
UNION ALL
SELECT q.queried_at, 'query', q.user_id, u.username, NULL, q.product, q.original_query, NULL, q.results_count
FROM search_queries AS q JOIN users AS u USING (user_id)
WHERE q.session_id IS NULL;
COMMENT ON VIEW v_recent_activity IS 'Sessions, and queries without one; to be ordered by occurred_at.';

CREATE OR REPLACE VIEW v_product_stats WITH (security_invoker = true) AS
SELECT coalesce(i.product, '(none)') AS product, count(*) AS issue_count,
    count(*) FILTER (WHERE i.status IS NULL OR NOT starts_with(i.status, 'Closed')) AS open_count,
    count(*) FILTER (WHERE starts_with(i.status, 'Closed')) AS closed_count,
    count(i.missing_since) AS missing_count,
    coalesce(sum(c.n), 0)::bigint AS comment_count, coalesce(sum(a.n), 0)::bigint AS attachment_count,
    min(i.registered_date) AS first_registered, max(i.registered_date) AS last_registered,
    max(i.last_crawled_at) AS last_crawled_at
FROM issues AS i
LEFT JOIN (SELECT issue_pk, count(*) AS n FROM issue_comments GROUP BY issue_pk) AS c USING (issue_pk)
LEFT JOIN (SELECT issue_pk, count(*) AS n FROM attachments GROUP BY issue_pk) AS a USING (issue_pk)
GROUP BY 1;
COMMENT ON VIEW v_product_stats IS 'A row per product of the issues: how many, open and closed, with what hangs on them.';

-- The figures of analytics_daily, of all users, from the sessions themselves. Days are those of session_day(), which is
-- not called here: a million calls would take longer than all the rest.
CREATE MATERIALIZED VIEW IF NOT EXISTS mv_daily_session_summary AS
SELECT (s.started_at AT TIME ZONE a.time_zone)::date AS stat_date, s.user_id, u.username, count(*) AS sessions_count,
    count(*) FILTER (WHERE s.status = 'completed') AS successful_sessions,
    count(*) FILTER (WHERE s.status = 'failed') AS failed_sessions,
    sum(s.issues_crawled) AS issues_crawled, sum(s.attachments_downloaded) AS attachments_downloaded,
    avg(s.duration_seconds)::numeric(14, 3) AS avg_session_duration_sec,
    avg(s.issues_crawled)::numeric(14, 3) AS avg_issues_per_session
FROM crawl_sessions AS s JOIN users AS u USING (user_id) CROSS JOIN archive_settings AS a
WHERE s.status <> 'running'
GROUP BY 1, 2, 3;
CREATE UNIQUE INDEX IF NOT EXISTS mv_daily_session_summary_key ON mv_daily_session_summary (stat_date, user_id);
COMMENT ON MATERIALIZED VIEW mv_daily_session_summary IS
    'A row per day and user with sessions that have ended. As of the last refresh_materialized_views().';

CREATE MATERIALIZED VIEW IF NOT EXISTS mv_issue_trends AS
SELECT m.month, coalesce(i.product, '(none)') AS product, count(*) FILTER (WHERE m.registered) AS registered_count,
    count(*) FILTER (WHERE NOT m.registered) AS closed_count
FROM issues AS i CROSS JOIN archive_settings AS a
CROSS JOIN LATERAL (VALUES
    (date_trunc('month', i.registered_date AT TIME ZONE a.time_zone)::date, true),
    (date_trunc('month', i.closed_date AT TIME ZONE a.time_zone)::date, false)
) AS m (month, registered)
WHERE m.month IS NOT NULL
GROUP BY 1, 2;
CREATE UNIQUE INDEX IF NOT EXISTS mv_issue_trends_key ON mv_issue_trends (month, product);
COMMENT ON MATERIALIZED VIEW mv_issue_trends IS
    'A row per month and product: issues registered and closed. As of the last refresh_materialized_views().';

COMMIT;
