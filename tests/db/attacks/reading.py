"""Reading what is somebody else's: tables, views, functions that read, the server's own knowledge."""

from __future__ import annotations

from tests.db.attacks import MISSING_TABLE, NOT_SUPPORTED, PRIVILEGE, SEES_NOTHING, Attack

LEES = {
    "crawl_sessions": "user_id = {lee}", "search_queries": "user_id = {lee}",
    "session_errors": "error_message ~ 'secret'", "session_issues": "error_message ~ 'secret'",
    "users": "username = 'lee'", "deleted_sessions": "user_id = {lee}", "analytics_daily": "user_id = {lee}",
    "analytics_monthly": "user_id = {lee}", "v_session_detail": "user_id = {lee}",
    "v_user_dashboard": "user_id = {lee}", "v_recent_activity": "user_id = {lee}",
}  # fmt: skip

ATTACKS = [
    *(
        Attack(f"rows of {table}", f"SELECT 1 FROM ims.{table} WHERE {lees} LIMIT 1", shows=SEES_NOTHING)
        for table, lees in LEES.items()
    ),
    *(
        Attack(
            f"rows of {table} with a condition that tells them",
            f"SELECT 1 FROM ims.{table} WHERE {column}::integer = 1",
            shows=SEES_NOTHING,
            control=None,
        )
        for table, column in {"users": "nullif(username, 'kim')", "crawl_sessions": "nullif(product, 'kim')"}.items()
    ),
    *(
        Attack(
            f"division by what is hidden in {table}",
            f"SELECT 1 FROM ims.{table} WHERE 1 / (user_id - {{lee}}) > 5",
            shows=SEES_NOTHING,
            control=None,
        )
        for table in ("crawl_sessions", "users", "v_session_detail")
    ),
    Attack(
        "a cast that tells in a view",
        "SELECT 1 FROM ims.v_recent_activity WHERE nullif(query, 'kim query')::xml IS NULL AND query !~ 'kim'",
        shows=SEES_NOTHING,
        control=None,
    ),
    Attack("the daily summary", "SELECT * FROM ims.mv_daily_session_summary", PRIVILEGE, control="ann"),
    Attack("the trail", "SELECT * FROM ims.audit_log", PRIVILEGE, control="boss"),
    Attack("a part of the trail", "SELECT * FROM ims.audit_log_default", PRIVILEGE),
    Attack("the trail as an analyst", "SELECT * FROM ims.audit_log", PRIVILEGE, who="ann", control="boss"),
    Attack("the trail as a crawl", "SELECT * FROM ims.audit_log", PRIVILEGE, who="crawler", control="boss"),
    Attack("the trail as the service", "SELECT * FROM ims.audit_log", PRIVILEGE, who="service", control="boss"),
    Attack("a part of the trail as an admin", "SELECT * FROM ims.audit_log_default", PRIVILEGE, who="boss"),
    Attack("what is noted in private", "SELECT * FROM ims_private.statistics_pending", PRIVILEGE),
    Attack(
        "what is noted in private, as an admin", "SELECT * FROM ims_private.statistics_pending", PRIVILEGE, who="boss"
    ),
    Attack("sessions as the service", "SELECT * FROM ims.crawl_sessions", PRIVILEGE, who="service"),
    Attack("issues as the service", "SELECT * FROM ims.issues", PRIVILEGE, who="service"),
    Attack("addresses as the service", "SELECT email FROM ims.users", PRIVILEGE, who="service"),
    Attack("addresses as a crawl", "SELECT email FROM ims.users", PRIVILEGE, who="crawler"),
    Attack("statistics as a crawl", "SELECT * FROM ims.analytics_daily", PRIVILEGE, who="crawler"),
    Attack(
        "a join through what is shared",
        "SELECT s.product FROM ims.attachments AS a JOIN ims.crawl_sessions AS s USING (session_id)"
        " WHERE s.user_id = {lee}",
        shows=SEES_NOTHING,
    ),
    Attack(
        "an outer join",
        "SELECT count(s.product) FROM ims.attachments AS a LEFT JOIN ims.crawl_sessions AS s USING (session_id)",
        shows=[(0,)],
    ),
    Attack("an aggregate", "SELECT max(product) FROM ims.crawl_sessions WHERE product <> 'kim'", shows=[(None,)]),
    Attack(
        "counting an issue's sessions",
        "SELECT sum(session_count) FROM ims.v_issue_search WHERE issue_id::integer % 30 = 0",
        shows=[(4,)],
    ),
    Attack("another's statistics", "SELECT * FROM ims.get_user_stats({lee})", shows=SEES_NOTHING),
    Attack(
        "everybody's statistics",
        "SELECT s.username FROM generate_series(1, 9) AS n, ims.get_user_stats(n) AS s",
        shows=[("kim",)],
    ),
    Attack(
        "locking another's row", "SELECT 1 FROM ims.crawl_sessions WHERE user_id = {lee} FOR UPDATE", shows=SEES_NOTHING
    ),
    Attack(
        "words of a query",
        "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', product) FROM ims.crawl_sessions')"
        " WHERE word <> 'kim'",
        shows=SEES_NOTHING,
    ),
    Attack(
        "a cursor that is held",
        "DECLARE held CURSOR WITH HOLD FOR SELECT product FROM ims.crawl_sessions"
        " WHERE user_id = {lee}; FETCH ALL FROM held",
        shows=SEES_NOTHING,
    ),
    Attack(
        "a prepared statement",
        "PREPARE theirs AS SELECT product FROM ims.crawl_sessions WHERE user_id = $1; EXECUTE theirs({lee})",
        shows=SEES_NOTHING,
    ),
    Attack("copy to a file", "COPY ims.crawl_sessions TO '/tmp/ims_intruder'", PRIVILEGE, control=None),
    Attack("copy to a program", "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'", PRIVILEGE),
    Attack("copy from a file", "COPY ims.search_queries (user_id) FROM '/etc/passwd'", PRIVILEGE, control=None),
    Attack("copy from the client", "COPY ims.search_queries (user_id) FROM STDIN", NOT_SUPPORTED, control=None),
    Attack(
        "copy from the client as an analyst",
        "COPY ims.search_queries (user_id) FROM STDIN",
        PRIVILEGE,
        who="ann",
        control=None,
    ),
    Attack("reading a file", "SELECT pg_read_file('PG_VERSION')", PRIVILEGE),
    Attack("reading a binary file", "SELECT pg_read_binary_file('PG_VERSION')", PRIVILEGE),
    Attack("listing a folder", "SELECT pg_ls_dir('.')", PRIVILEGE),
    Attack("a file's age", "SELECT * FROM pg_stat_file('PG_VERSION')", PRIVILEGE),
    Attack("importing a file", "SELECT lo_import('/etc/passwd')", PRIVILEGE, control=None),
    Attack("exporting to a file", "SELECT lo_export(lo_create(0), '/tmp/ims_intruder')", PRIVILEGE, control=None),
    Attack("the server's folder", "SHOW data_directory", PRIVILEGE),
    Attack("the server's doors", "SELECT * FROM pg_hba_file_rules", PRIVILEGE),
    Attack("passwords", "SELECT rolpassword FROM pg_authid", PRIVILEGE),
    Attack("passwords by the old name", "SELECT passwd FROM pg_shadow", PRIVILEGE),
    Attack(
        "what others ask now",
        "SELECT 1 FROM pg_stat_activity WHERE usename <> current_user"
        " AND query NOT IN ('', '<insufficient privilege>') LIMIT 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "where others come from",
        "SELECT 1 FROM pg_stat_activity WHERE usename <> current_user AND client_port IS NOT NULL LIMIT 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "ending another's connection",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ims_owner'",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "what the planner knows",
        "SELECT most_common_vals FROM pg_stats WHERE schemaname = 'ims' AND tablename IN"
        " ('users', 'crawl_sessions', 'search_queries', 'session_errors', 'session_issues',"
        " 'mv_daily_session_summary', 'audit_log')",
        shows=SEES_NOTHING,
    ),
    Attack("what the planner knows, itself", "SELECT * FROM pg_statistic", PRIVILEGE),
    Attack("what others have asked", "SELECT query FROM pg_stat_statements", MISSING_TABLE, control=None),
    Attack(
        "the write-ahead log",
        "SELECT pg_create_logical_replication_slot('intruder', 'test_decoding')",
        PRIVILEGE,
        control=None,
    ),
    Attack("a sequence's state", "SELECT last_value FROM ims.crawl_sessions_session_id_seq", PRIVILEGE),
    Attack("a sequence that is not one's own", "SELECT nextval('ims.users_user_id_seq')", PRIVILEGE, control=None),
]
