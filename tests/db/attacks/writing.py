"""Changing what is somebody else's, what is shared and what nobody changes; telling from errors what there is."""

from __future__ import annotations

from tests.db.attacks import MISSING_FUNCTION, MISSING_SCHEMA, PRIVILEGE, SEES_NOTHING, Attack

ERROR = "'crawl_error', ''"
SHARED = {
    "issues": "title", "issue_comments": "content", "issue_history": "description", "attachments": "file_path",
    "archive_settings": "time_zone", "alembic_version": "version_num",
}  # fmt: skip

ATTACKS = [
    Attack("a session for another", "INSERT INTO ims.crawl_sessions (user_id) VALUES ({lee})", PRIVILEGE),
    Attack(
        "a session with a number",
        "INSERT INTO ims.crawl_sessions (session_id, user_id) VALUES ({session}, {kim})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "a session with another's uuid",
        "INSERT INTO ims.crawl_sessions (session_uuid, user_id) VALUES ('{uuid}', {kim})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "a session that another has deleted",
        "INSERT INTO ims.crawl_sessions (session_uuid, user_id) VALUES ('{deleted}', {kim})",
        PRIVILEGE,
    ),
    Attack(
        "an upsert of another's session",
        "INSERT INTO ims.crawl_sessions (session_uuid, user_id) VALUES ('{uuid}', {kim})"
        " ON CONFLICT (session_uuid) DO UPDATE SET product = 'mine'",
        PRIVILEGE,
    ),
    Attack(
        "an upsert by number",
        "INSERT INTO ims.crawl_sessions (session_id, user_id) VALUES ({session}, {kim})"
        " ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id",
        PRIVILEGE,
    ),
    Attack(
        "a query in another's session",
        "INSERT INTO ims.search_queries (user_id, session_id) VALUES ({kim}, {session})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "a query in no session",
        "INSERT INTO ims.search_queries (user_id, session_id) VALUES ({kim}, 999999)",
        PRIVILEGE,
        control=None,
    ),
    Attack("a query for another", "INSERT INTO ims.search_queries (user_id) VALUES ({lee})", PRIVILEGE),
    Attack(
        "an error in another's session",
        f"INSERT INTO ims.session_errors (session_id, error_type, error_message) VALUES ({{session}}, {ERROR})",
        PRIVILEGE,
    ),
    Attack(
        "an error that is there",
        "INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message)"
        f" VALUES ({{session}}, 1, {ERROR})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "an error in no session",
        f"INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message) VALUES (999999, 1, {ERROR})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "an upsert of another's error",
        "INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message)"
        f" VALUES ({{session}}, 1, {ERROR})"
        " ON CONFLICT (session_id, sequence) DO UPDATE SET error_message = 'mine'",
        PRIVILEGE,
    ),
    Attack(
        "a link in another's session",
        "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({session}, {other_issue} - 2)",
        PRIVILEGE,
    ),
    Attack(
        "a link that is there",
        "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({session}, {issue})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "a link in no session",
        "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES (999999, {issue})",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "a link that was before",
        "INSERT INTO ims.session_issues (session_id, issue_pk, created_at)"
        " VALUES ({own_session}, {other_issue} - 2, '1999-01-01')",
        PRIVILEGE,
    ),
    Attack("a link that is put before", "UPDATE ims.session_issues SET created_at = '1999-01-01'", PRIVILEGE),
    Attack("moving a link", "UPDATE ims.session_issues SET session_id = {session}", PRIVILEGE, control=None),
    Attack("moving an error", "UPDATE ims.session_errors SET session_id = {session}", PRIVILEGE, control=None),
    Attack("moving a query", "UPDATE ims.search_queries SET session_id = {session}", PRIVILEGE, control=None),
    Attack("handing a session over", "UPDATE ims.crawl_sessions SET user_id = {lee}", PRIVILEGE),
    Attack("handing a query over", "UPDATE ims.search_queries SET user_id = {lee}", PRIVILEGE),
    Attack("taking sessions over", "UPDATE ims.crawl_sessions SET user_id = {kim} WHERE user_id = {lee}", PRIVILEGE),
    Attack(
        "changing another's session",
        "UPDATE ims.crawl_sessions SET product = 'mine' WHERE user_id = {lee} RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "changing another's error",
        "UPDATE ims.session_errors SET error_message = 'x' WHERE session_id = {session} RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "changing another's query",
        "UPDATE ims.search_queries SET product = 'x' WHERE user_id = {lee} RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "update from",
        "UPDATE ims.crawl_sessions AS s SET product = a.file_id FROM ims.attachments AS a"
        " WHERE s.session_id = a.session_id RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "delete using",
        "DELETE FROM ims.crawl_sessions AS s USING ims.attachments AS a WHERE s.session_id = a.session_id RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "deleting another's links",
        "DELETE FROM ims.session_issues WHERE session_id = {session} RETURNING 1",
        shows=SEES_NOTHING,
    ),
    Attack(
        "merge",
        "WITH given AS (SELECT {session}::bigint AS id) MERGE INTO ims.crawl_sessions AS s USING given"
        " ON s.session_id = given.id WHEN MATCHED THEN UPDATE SET product = 'mine'"
        " WHEN NOT MATCHED THEN INSERT (user_id) VALUES ({lee})",
        PRIVILEGE,
    ),
    Attack("deleting another's old sessions", "SELECT ims.delete_old_sessions({lee}, 1)", shows=[(0,)]),
    Attack("deleting old sessions as an analyst", "SELECT ims.delete_old_sessions(NULL, 1)", PRIVILEGE, who="ann"),
    Attack("deleting old sessions as a crawl", "SELECT ims.delete_old_sessions(NULL, 1)", PRIVILEGE, who="crawler"),
    Attack("one's own role", "UPDATE ims.users SET role = 'admin'", PRIVILEGE),
    Attack("one's own name", "UPDATE ims.users SET username = 'lee2'", PRIVILEGE, control=None),
    Attack("one's own database role", "UPDATE ims.users SET database_role = '{lee_role}'", PRIVILEGE, control=None),
    Attack(
        "another's database role, as an admin",
        "UPDATE ims.users SET database_role = 'ims_owner' WHERE user_id = {lee}",
        PRIVILEGE,
        who="boss",
    ),
    Attack(
        "a user who is the owner, as an admin",
        "INSERT INTO ims.users (username, database_role) VALUES ('x', 'ims_owner')",
        PRIVILEGE,
        who="boss",
    ),
    Attack("one's own activity", "UPDATE ims.users SET is_active = true", PRIVILEGE),
    Attack("one's own number", "UPDATE ims.users SET user_id = {lee}", PRIVILEGE, control=None),
    Attack(
        "another's address", "UPDATE ims.users SET email = 'x' WHERE username = 'lee' RETURNING 1", shows=SEES_NOTHING
    ),
    Attack("a user of one's own", "INSERT INTO ims.users (username, role) VALUES ('x', 'admin')", PRIVILEGE),
    Attack("deleting a user", "DELETE FROM ims.users WHERE username = 'lee'", PRIVILEGE, control=None),
    Attack(
        "an admin by a crawl", "INSERT INTO ims.users (username, role) VALUES ('x', 'admin')", PRIVILEGE, who="crawler"
    ),
    Attack(
        "a role by a crawl",
        "INSERT INTO ims.users (username, database_role) VALUES ('x', '{kim_role}_x')",
        PRIVILEGE,
        who="crawler",
    ),
    Attack("a user changed by a crawl", "UPDATE ims.users SET role = 'admin'", PRIVILEGE, who="crawler"),
    Attack("a session deleted by a crawl", "DELETE FROM ims.crawl_sessions", PRIVILEGE, who="crawler"),
    Attack("an issue deleted by a crawl", "DELETE FROM ims.issues", PRIVILEGE, who="crawler"),
    Attack("a user made by the service", "INSERT INTO ims.users (username) VALUES ('x')", PRIVILEGE, who="service"),
    Attack(
        "a session of an analyst's", "INSERT INTO ims.crawl_sessions (user_id) VALUES ({kim})", PRIVILEGE, who="ann"
    ),
    Attack("one's own figures", "UPDATE ims.analytics_daily SET sessions_count = 9", PRIVILEGE, control="boss"),
    Attack("one's own tombstone", "DELETE FROM ims.deleted_sessions", PRIVILEGE, control="boss"),
    *(
        Attack(f"what is shared in {table}", f"UPDATE ims.{table} SET {column} = {column}", PRIVILEGE)
        for table, column in SHARED.items()
    ),
    Attack("an issue that is not missing", "UPDATE ims.issues SET missing_since = now()", PRIVILEGE, control="boss"),
    Attack("an issue's count", "UPDATE ims.issues SET crawl_count = 99", PRIVILEGE, control="boss"),
    Attack("deleting issues", "DELETE FROM ims.issues", PRIVILEGE, control="boss"),
    *(
        Attack(f"truncating {table}", f"TRUNCATE ims.{table} CASCADE", PRIVILEGE, control=None)
        for table in ("crawl_sessions", "issues", "audit_log")
    ),
    Attack("truncating as an admin", "TRUNCATE ims.crawl_sessions CASCADE", PRIVILEGE, who="boss", control=None),
    Attack("an entry of the trail", "INSERT INTO ims.audit_log (action) VALUES ('x')", PRIVILEGE),
    Attack(
        "an entry of the trail, by an admin", "INSERT INTO ims.audit_log (action) VALUES ('x')", PRIVILEGE, who="boss"
    ),
    Attack("changing the trail", "UPDATE ims.audit_log SET user_id = {lee}", PRIVILEGE, control=None),
    Attack(
        "changing the trail, as an admin",
        "UPDATE ims.audit_log SET user_id = {lee}",
        PRIVILEGE,
        who="boss",
        control=None,
    ),
    Attack("emptying the trail, as an admin", "DELETE FROM ims.audit_log", PRIVILEGE, who="boss", control=None),
    Attack("silencing the trail", "ALTER TABLE ims.users DISABLE TRIGGER audit", PRIVILEGE, control="owner"),
    Attack("silencing the trail, as an admin", "ALTER TABLE ims.users DISABLE TRIGGER ALL", PRIVILEGE, who="boss"),
    Attack("dropping a month", "DROP TABLE ims.audit_log_default", PRIVILEGE, control="owner"),
    Attack(
        "detaching a month",
        "ALTER TABLE ims.audit_log DETACH PARTITION ims.audit_log_default",
        PRIVILEGE,
        control="owner",
    ),
    Attack(
        "making a month", "SELECT ims.create_monthly_partition('audit_log', '2031-01-01')", PRIVILEGE, control="boss"
    ),
    Attack(
        "dropping months", "SELECT ims.drop_monthly_partitions('audit_log', '2026-01-01')", PRIVILEGE, control="boss"
    ),
    Attack("working out a day", "SELECT ims.aggregate_daily_stats('2026-03-01')", PRIVILEGE, control="boss"),
    Attack("working out a month", "SELECT ims.aggregate_monthly_stats(2026, 3)", PRIVILEGE, control="boss"),
    Attack("working off what is noted", "SELECT ims.refresh_statistics()", PRIVILEGE, control="boss"),
    Attack("another's midnight", "SELECT ims.set_time_zone('Asia/Seoul')", PRIVILEGE, control="boss"),
    Attack("refreshing views", "SELECT ims.refresh_materialized_views()", PRIVILEGE, control="boss"),
    Attack(
        "an issue of one's own",
        'SELECT ims.upsert_issue(\'{{"issue_id": "5", "title": "x"}}\')',
        PRIVILEGE,
        control="boss",
    ),
    Attack("comments of one's own", "SELECT ims.write_comments({issue}, '[]', now())", PRIVILEGE, control="boss"),
    Attack("a private function", "SELECT ims_private.settle_statistics()", PRIVILEGE, control="owner"),
    Attack("a private function without its schema", "SELECT settle_statistics()", MISSING_FUNCTION, control=None),
    Attack("a trigger's function", "SELECT ims_private.write_audit()", PRIVILEGE, control=None),
    Attack("setting a sequence", "SELECT setval('ims.crawl_sessions_session_id_seq', 1)", PRIVILEGE, control=None),
    Attack("dropping a policy", "DROP POLICY crawl_sessions_own ON ims.crawl_sessions", PRIVILEGE, control="owner"),
    Attack(
        "dropping a policy, as an admin",
        "DROP POLICY crawl_sessions_own ON ims.crawl_sessions",
        PRIVILEGE,
        who="boss",
        control="owner",
    ),
    Attack("another policy", "CREATE POLICY mine ON ims.crawl_sessions USING (true)", PRIVILEGE, control="owner"),
    Attack(
        "row security off for all",
        "ALTER TABLE ims.crawl_sessions DISABLE ROW LEVEL SECURITY",
        PRIVILEGE,
        control="owner",
    ),
    Attack("passing rights on", "GRANT SELECT ON ims.users TO ims_service", shows=SEES_NOTHING, control=None),
    Attack(
        "passing columns on", "GRANT UPDATE (product) ON ims.crawl_sessions TO PUBLIC", shows=SEES_NOTHING, control=None
    ),
    *(
        Attack(f"making {what}", statement, PRIVILEGE)
        for what, statement in {
            "a table": "CREATE TABLE ims.intruder (x integer)",
            "a table in public": "CREATE TABLE public.intruder (x integer)",
            "a temporary table": "CREATE TEMP TABLE crawl_sessions (x integer)",
            "a temporary view": "CREATE TEMP VIEW users AS SELECT 1 AS user_id",
            "a view": "CREATE VIEW ims.intruder AS SELECT * FROM ims.crawl_sessions",
            "a view in public": "CREATE VIEW public.intruder AS SELECT * FROM ims.crawl_sessions",
            "a function": "CREATE FUNCTION ims.intruder() RETURNS void LANGUAGE sql AS ''",
            "a function in public": "CREATE FUNCTION public.current_user_id() RETURNS int LANGUAGE sql AS 'SELECT 2'",
            "an operator": "CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4ne)",
            "a schema": "CREATE SCHEMA intruder",
            "a schema of one's own": "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
            "a publication": "CREATE PUBLICATION intruder",
            "statistics": "CREATE STATISTICS ims.intruder ON user_id, product FROM ims.crawl_sessions",
            "an index": "CREATE INDEX ON ims.crawl_sessions (product)",
        }.items()
    ),
    Attack(
        "making a temporary function",
        "CREATE FUNCTION pg_temp.session_day(timestamptz) RETURNS date LANGUAGE sql AS 'SELECT NULL::date'",
        PRIVILEGE,
    ),
    Attack(
        "making a trigger",
        "CREATE TRIGGER intruder BEFORE INSERT ON ims.crawl_sessions EXECUTE FUNCTION ims.update_updated_at()",
        PRIVILEGE,
        control="owner",
    ),
    Attack(
        "making a rule",
        "CREATE RULE intruder AS ON DELETE TO ims.crawl_sessions DO INSTEAD NOTHING",
        PRIVILEGE,
        control="owner",
    ),
    Attack(
        "making an event trigger",
        "CREATE EVENT TRIGGER intruder ON ddl_command_end EXECUTE FUNCTION ims.update_updated_at()",
        PRIVILEGE,
        control=None,
    ),
    Attack(
        "replacing a function",
        "CREATE OR REPLACE FUNCTION ims.current_user_id() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        PRIVILEGE,
        control="owner",
    ),
    Attack(
        "changing a function",
        "ALTER FUNCTION ims.record_export(text, jsonb) RESET search_path",
        PRIVILEGE,
        control="owner",
    ),
    Attack("code in a language that is not trusted", "DO LANGUAGE plpython3u 'pass'", "42704", control=None),
    Attack("loading a library", "LOAD 'plpgsql'", PRIVILEGE),
    Attack("the server's settings", "ALTER SYSTEM SET log_statement = 'all'", PRIVILEGE, control=None),
    Attack("the database's settings", "ALTER DATABASE {database} SET search_path = public", PRIVILEGE, control="owner"),
    Attack("a database", "CREATE DATABASE intruder", PRIVILEGE, control=None),
    Attack("copying the archive", "CREATE DATABASE intruder TEMPLATE {database}", PRIVILEGE, control=None),
    Attack("another database's table", "SELECT * FROM postgres.ims.crawl_sessions", "0A000", control=None),
    Attack(
        "another database's connection", "SELECT dblink('dbname=postgres', 'SELECT 1')", MISSING_FUNCTION, control=None
    ),
    Attack("a schema that is not there", "CREATE TABLE intruder.x (y integer)", MISSING_SCHEMA, control=None),
]
