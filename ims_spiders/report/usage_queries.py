"""What is asked of the archive for `ims analytics`. Each statement follows WANTED, whose parameters may be NULL."""

# :until is the last day. Days are those of the archive's time zone.
WANTED = """
    WITH w AS (
        SELECT p.user_id, p.since, p.until, CAST(p.since AS timestamp) AT TIME ZONE a.time_zone AS begins_at,
            CAST(p.until + 1 AS timestamp) AT TIME ZONE a.time_zone AS ends_at
        FROM {schema}.archive_settings AS a, (SELECT CAST(:user_id AS integer) AS user_id,
            coalesce(CAST(:since AS date), '-infinity') AS since,
            coalesce(CAST(:until AS date), 'infinity') AS until) AS p
    )"""
ZONE = "SELECT time_zone FROM {schema}.archive_settings"
MAY_REFRESH = """
    SELECT bool_and(has_function_privilege(CAST(:schema AS text) || name, 'EXECUTE'))
    FROM (VALUES ('.refresh_statistics()'), ('.refresh_materialized_views()')) AS f (name)"""
PEOPLE = """
    SELECT d.* FROM w JOIN {schema}.v_user_dashboard AS d ON w.user_id IS NULL OR d.user_id = w.user_id
    ORDER BY d.total_sessions DESC, d.username"""
DAYS = """
    SELECT CAST(d.stat_date AS text) AS label, CAST(sum(d.sessions_count) AS integer) AS sessions,
        CAST(sum(d.successful_sessions) AS integer) AS completed, CAST(sum(d.failed_sessions) AS integer) AS failed,
        CAST(sum(d.issues_crawled) AS integer) AS issues_crawled, CAST(sum(d.new_issues) AS integer) AS new_issues,
        CAST(sum(d.attachments_downloaded) AS integer) AS attachments
    FROM w JOIN {schema}.analytics_daily AS d ON w.user_id IS NULL OR d.user_id = w.user_id
    WHERE d.stat_date BETWEEN w.since AND w.until AND d.sessions_count > 0
    GROUP BY d.stat_date ORDER BY d.stat_date"""
ASKED_PRODUCTS = """
    SELECT p.key AS product, sum(CAST(p.value ->> 'sessions' AS integer)) AS sessions
    FROM w JOIN {schema}.analytics_daily AS d ON w.user_id IS NULL OR d.user_id = w.user_id
    CROSS JOIN LATERAL jsonb_each(d.product_stats) AS p
    WHERE d.stat_date BETWEEN w.since AND w.until GROUP BY p.key"""
DURATIONS = """
    SELECT count(s.duration_seconds) AS sessions, avg(s.duration_seconds) AS average,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY s.duration_seconds) AS median,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY s.duration_seconds) AS nine_in_ten,
        max(s.duration_seconds) AS longest, sum(s.avg_issue_time_ms * s.issues_crawled)
            / nullif(sum(s.issues_crawled) FILTER (WHERE s.avg_issue_time_ms IS NOT NULL), 0) AS issue_ms
    FROM w JOIN {schema}.crawl_sessions AS s ON w.user_id IS NULL OR s.user_id = w.user_id
    WHERE s.status <> 'running' AND s.started_at >= w.begins_at AND s.started_at < w.ends_at"""
PRODUCTS = "SELECT * FROM {schema}.v_product_stats ORDER BY issue_count DESC, product"
QUERIES = """
    SELECT coalesce(btrim(q.original_query), '') AS query, count(*) AS times, avg(q.results_count) AS results,
        max(q.queried_at) AS last_at
    FROM w JOIN {schema}.search_queries AS q ON w.user_id IS NULL OR q.user_id = w.user_id
    WHERE q.queried_at >= w.begins_at AND q.queried_at < w.ends_at
    GROUP BY 1 ORDER BY times DESC, last_at DESC, query LIMIT :limit"""
ASKED_HOW = """
    SELECT q.parsing_method AS method, q.query_language AS language, count(*) AS times,
        count(q.parsing_confidence) AS with_confidence, sum(q.parsing_confidence) AS confidence
    FROM w JOIN {schema}.search_queries AS q ON w.user_id IS NULL OR q.user_id = w.user_id
    WHERE q.queried_at >= w.begins_at AND q.queried_at < w.ends_at GROUP BY 1, 2"""
WORDS = """
    SELECT k.key AS word, sum(CAST(k.value AS integer)) AS times
    FROM w JOIN {schema}.analytics_monthly AS m ON w.user_id IS NULL OR m.user_id = w.user_id
    CROSS JOIN LATERAL jsonb_each_text(m.keyword_trends) AS k
    WHERE make_date(m.year, m.month, 1) BETWEEN date_trunc('month', w.since) AND w.until
    GROUP BY k.key ORDER BY times DESC, word LIMIT :limit"""
TRENDS = """
    SELECT to_char(t.month, 'YYYY-MM') AS label, CAST(sum(t.registered_count) AS integer) AS registered,
        CAST(sum(t.closed_count) AS integer) AS closed
    FROM w JOIN {schema}.mv_issue_trends AS t ON t.month BETWEEN date_trunc('month', w.since) AND w.until
    GROUP BY t.month ORDER BY t.month"""
TRENDS_BEHIND = """
    SELECT abs(present.registered - known.registered) + abs(present.closed - known.closed) AS behind
    FROM (SELECT count(registered_date) AS registered, count(closed_date) AS closed FROM {schema}.issues) AS present,
        (SELECT CAST(coalesce(sum(registered_count), 0) AS bigint) AS registered,
            CAST(coalesce(sum(closed_count), 0) AS bigint) AS closed FROM {schema}.mv_issue_trends) AS known"""
ACTIVITY = """
    SELECT v.occurred_at, v.activity, v.username, v.product, v.query, v.status, v.issues
    FROM w JOIN {schema}.v_recent_activity AS v ON w.user_id IS NULL OR v.user_id = w.user_id
    WHERE v.occurred_at >= w.begins_at AND v.occurred_at < w.ends_at ORDER BY v.occurred_at DESC LIMIT :limit"""
