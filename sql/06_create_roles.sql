-- Roles, grants and row security. Running it again changes nothing. ims.schema as in 02.
--
-- Needs CREATEROLE where the roles do not exist yet. They are the server's, shared by all archives on it; whom they let
-- in is decided per database (CONNECT) and per user (06 grants nothing to a login). No account of an archive is a member of
-- a role that may bypass row security, and the owner is held by it as well: it sees private rows only as member of ims_admin.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- The roles ---------------------------------------------------------------------------------------------------------

--   ims_admin     everything but changing the audit trail
--   ims_user      reads what is shared, reads and writes its own
--   ims_readonly  reads everything but the audit trail, writes nothing
--   ims_service   sees nothing private; becomes a user for one transaction
--   ims_crawl     writes what a crawl brings
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ims_admin', 'ims_user', 'ims_readonly', 'ims_service', 'ims_crawl'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- another archive of this server was faster
        END;
    END LOOP;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN
        RAISE WARNING 'the archive will belong to the superuser %; row security does not hold for superusers', CURRENT_USER
            USING HINT = 'Better run the scripts as an account with CREATEDB and CREATEROLE only.';
        RETURN;
    END IF;
    FOREACH name IN ARRAY ARRAY['ims_admin', 'ims_service', 'ims_crawl'] LOOP
        IF NOT pg_has_role(CURRENT_USER, name, 'SET') OR (name = 'ims_admin' AND NOT pg_has_role(CURRENT_USER, name, 'USAGE')) THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I WITH INHERIT %s, SET TRUE', name, CURRENT_USER, upper((name = 'ims_admin')::text));
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE EXCEPTION '% is not a member of the role %, which somebody else made', CURRENT_USER, name
                    USING HINT = format('Have its maker run: GRANT %I TO %I WITH ADMIN TRUE, INHERIT %s, SET TRUE;',
                        name, CURRENT_USER, upper((name = 'ims_admin')::text));
            END;
        END IF;
    END LOOP;
END
$$;

-- What is nobody's by default. Temporary objects could stand in the way of a function's own; who may connect is said per user.
DO $$
BEGIN
    IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO ims_service, ims_crawl', current_database());
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), CURRENT_USER);
    ELSE
        RAISE WARNING 'the database belongs to somebody else, so PUBLIC keeps its rights on it'
            USING HINT = format('Have its owner run: REVOKE ALL ON DATABASE %I FROM PUBLIC;', current_database());
    END IF;
    EXECUTE format('REVOKE ALL ON SCHEMA %I, %I FROM PUBLIC', current_schema(), current_schema() || '_private');
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO ims_admin, ims_user, ims_readonly, ims_service, ims_crawl', current_schema());
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I, %I FROM PUBLIC', current_schema(), current_schema() || '_private');
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO ims_admin, ims_crawl', current_schema());
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO ims_admin', current_schema());
END
$$;

-- What is shared by everybody -----------------------------------------------------------------------------------------

GRANT SELECT ON alembic_version, archive_settings TO ims_admin, ims_user, ims_readonly, ims_service, ims_crawl;
GRANT SELECT ON issues, issue_comments, issue_history, attachments TO ims_admin, ims_user, ims_readonly, ims_crawl;
GRANT INSERT, UPDATE, DELETE ON issues, issue_comments, issue_history, attachments TO ims_admin;
-- A crawl deletes what an issue no longer has, never an issue.
GRANT INSERT, UPDATE ON issues TO ims_crawl;
GRANT INSERT, UPDATE, DELETE ON issue_comments, issue_history, attachments TO ims_crawl;
GRANT SELECT ON mv_issue_trends TO ims_admin, ims_user, ims_readonly;
GRANT SELECT ON v_user_dashboard, v_session_detail, v_issue_search, v_recent_activity, v_product_stats
    TO ims_admin, ims_user, ims_readonly;
GRANT SELECT ON mv_daily_session_summary TO ims_admin, ims_readonly;

-- Functions. aggregate_*, delete_old_sessions(NULL), set_time_zone and the partitions are for ims_admin alone.
GRANT EXECUTE ON FUNCTION current_user_id(), session_day(timestamptz) TO ims_user, ims_readonly, ims_service, ims_crawl;
GRANT EXECUTE ON FUNCTION get_user_stats(integer) TO ims_user, ims_readonly;
GRANT EXECUTE ON FUNCTION search_issues(text, text, integer), search_similar(text, integer), search_explain(text),
    search_facets(text, text[], text[], timestamptz, timestamptz), search_ranked(text, integer, text[], text[], timestamptz, timestamptz) TO ims_user, ims_readonly;
GRANT EXECUTE ON FUNCTION record_export(text, jsonb) TO ims_user, ims_readonly, ims_service;
GRANT EXECUTE ON FUNCTION delete_old_sessions(integer, integer) TO ims_user;
GRANT EXECUTE ON FUNCTION set_current_user(integer) TO ims_service;
GRANT EXECUTE ON FUNCTION refresh_statistics(), upsert_issue(jsonb, uuid), write_comments(bigint, jsonb, timestamptz),
    write_history(bigint, jsonb, timestamptz), write_attachments(bigint, jsonb, timestamptz, bigint), given_comments(jsonb),
    given_history(jsonb), given_attachments(jsonb), note_older_copy(bigint, jsonb, timestamptz, bigint), note_missing(bigint),
    forget_sighting(bigint, timestamptz) TO ims_crawl;
-- The queue: a node is one who crawls. list_jobs() shows users their own.
GRANT EXECUTE ON FUNCTION add_job(text, text, text, jsonb, double precision, integer, integer, text),
    take_job(text[], text, text, text, interval, integer, integer), renew_job(bigint, integer, interval, uuid),
    hold_job(bigint, integer), end_job(bigint, integer, text, integer, text, interval), expire_jobs(interval),
    cancel_job(text, text, integer), forget_jobs(integer) TO ims_crawl;
GRANT EXECUTE ON FUNCTION list_jobs(text[], integer) TO ims_user, ims_readonly, ims_crawl;

-- What belongs to somebody ----------------------------------------------------------------------------------------------

-- Row security on all of it, forced; the admin's policy is the same everywhere, as is the analyst's.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'crawl_sessions', 'search_queries', 'session_errors', 'session_issues',
        'analytics_daily', 'analytics_monthly', 'deleted_sessions', 'favourite_queries', 'schedules', 'pages', 'audit_log',
        'statistics_pending', 'job_queue'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        IF name NOT IN ('audit_log', 'statistics_pending', 'job_queue') THEN
            EXECUTE format('GRANT SELECT, DELETE ON %I TO ims_admin', name);
            IF name <> 'users' THEN
                EXECUTE format('GRANT INSERT, UPDATE ON %I TO ims_admin', name);
            END IF;
            EXECUTE format('GRANT SELECT ON %I TO ims_readonly', name);
            EXECUTE format('DROP POLICY IF EXISTS %I ON %I', name || '_admin', name);
            EXECUTE format('CREATE POLICY %I ON %I TO ims_admin USING (true) WITH CHECK (true)', name || '_admin', name);
            EXECUTE format('DROP POLICY IF EXISTS %I ON %I', name || '_readonly', name);
            EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO ims_readonly USING (true)', name || '_readonly', name);
        END IF;
    END LOOP;
END
$$;

-- Keys are the server's to give, and whose a row is does not change: INSERT without what the server gives, UPDATE without
-- either. A duplicate key would tell a user that somebody else's row exists, an old date would make somebody else's sighting
-- of an issue look as if it had not been the first.
DO $$
DECLARE
    owned record;
    given text;
    changeable text;
BEGIN
    FOR owned IN SELECT * FROM (VALUES
        ('crawl_sessions', ARRAY['session_id'], ARRAY['session_uuid', 'user_id', 'created_at']),
        ('search_queries', ARRAY['query_id'], ARRAY['session_id', 'user_id']),
        ('session_errors', ARRAY['error_id'], ARRAY['session_id']),
        ('session_issues', ARRAY['session_issue_id', 'created_at'], ARRAY['session_id', 'issue_pk']),
        ('favourite_queries', ARRAY['favourite_id', 'created_at'], ARRAY['user_id']),
        ('schedules', ARRAY['schedule_id', 'created_at'], ARRAY['user_id'])
    ) AS tables (name, servers, fixed) LOOP
        SELECT string_agg(quote_ident(a.attname), ', '),
            string_agg(quote_ident(a.attname), ', ') FILTER (WHERE a.attname <> ALL (owned.fixed))
        INTO given, changeable
        FROM pg_attribute AS a
        WHERE a.attrelid = owned.name::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (owned.servers);
        EXECUTE format('GRANT SELECT, DELETE, INSERT (%s), UPDATE (%s) ON %I TO ims_user', given, changeable, owned.name);
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO ims_user', pg_get_serial_sequence(owned.name, owned.servers[1]));
    END LOOP;
END
$$;

-- users: one sees and describes oneself. Neither the name, the role nor whether one may come in is one's own to change.
GRANT SELECT, UPDATE (email, full_name, department, preferences) ON users TO ims_user;
-- Which role somebody is, is for the owner to say, who makes them: an admin could make the service become the owner.
GRANT INSERT (username, email, full_name, department, role, is_active, preferences, created_at, updated_at, last_login_at),
    UPDATE (username, email, full_name, department, role, is_active, preferences, created_at, updated_at, last_login_at)
    ON users TO ims_admin;
GRANT SELECT (user_id, username, role, is_active, database_role) ON users TO ims_service;
GRANT SELECT (user_id, username), INSERT (username, created_at, updated_at) ON users TO ims_crawl;
DROP POLICY IF EXISTS users_own ON users;
CREATE POLICY users_own ON users TO ims_user
    USING (database_role = CURRENT_USER::text AND is_active)
    WITH CHECK (database_role = CURRENT_USER::text AND is_active);
DROP POLICY IF EXISTS users_service ON users;
CREATE POLICY users_service ON users FOR SELECT TO ims_service USING (true);
DROP POLICY IF EXISTS users_crawl_select ON users;
CREATE POLICY users_crawl_select ON users FOR SELECT TO ims_crawl USING (true);
DROP POLICY IF EXISTS users_crawl_insert ON users;
CREATE POLICY users_crawl_insert ON users FOR INSERT TO ims_crawl
    WITH CHECK (role = 'user' AND is_active AND database_role IS NULL);

-- Sessions and what hangs on them. To say twice whose a row is makes the planner compare the two answers before it reads
-- any row. Else who one is would be found out when a row has met the reader's own cheap conditions, and EXPLAIN ANALYZE
-- tells when that never was: so that there is no such row, of anybody.
GRANT SELECT, INSERT, UPDATE ON crawl_sessions, search_queries, session_issues TO ims_crawl;
GRANT SELECT, INSERT ON session_errors TO ims_crawl;
GRANT SELECT ON deleted_sessions TO ims_crawl, ims_user;
DROP POLICY IF EXISTS crawl_sessions_own ON crawl_sessions;
CREATE POLICY crawl_sessions_own ON crawl_sessions TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()))
    WITH CHECK (user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS crawl_sessions_crawl ON crawl_sessions;
CREATE POLICY crawl_sessions_crawl ON crawl_sessions TO ims_crawl USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS search_queries_own ON search_queries;
CREATE POLICY search_queries_own ON search_queries TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()))
    WITH CHECK (user_id = (SELECT current_user_id()) AND (session_id IS NULL OR EXISTS (
        SELECT FROM crawl_sessions AS s
        WHERE s.session_id = search_queries.session_id AND s.user_id = (SELECT current_user_id()))));
DROP POLICY IF EXISTS search_queries_crawl ON search_queries;
CREATE POLICY search_queries_crawl ON search_queries TO ims_crawl USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS session_errors_own ON session_errors;
CREATE POLICY session_errors_own ON session_errors TO ims_user
    USING (EXISTS (SELECT FROM crawl_sessions AS s
        WHERE s.session_id = session_errors.session_id AND s.user_id = (SELECT current_user_id())))
    WITH CHECK (EXISTS (SELECT FROM crawl_sessions AS s
        WHERE s.session_id = session_errors.session_id AND s.user_id = (SELECT current_user_id())));
DROP POLICY IF EXISTS session_errors_crawl ON session_errors;
CREATE POLICY session_errors_crawl ON session_errors TO ims_crawl USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS session_issues_own ON session_issues;
CREATE POLICY session_issues_own ON session_issues TO ims_user
    USING (EXISTS (SELECT FROM crawl_sessions AS s
        WHERE s.session_id = session_issues.session_id AND s.user_id = (SELECT current_user_id())))
    WITH CHECK (EXISTS (SELECT FROM crawl_sessions AS s
        WHERE s.session_id = session_issues.session_id AND s.user_id = (SELECT current_user_id())));
DROP POLICY IF EXISTS session_issues_crawl ON session_issues;
CREATE POLICY session_issues_crawl ON session_issues TO ims_crawl USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS deleted_sessions_own ON deleted_sessions;
CREATE POLICY deleted_sessions_own ON deleted_sessions FOR SELECT TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS deleted_sessions_crawl ON deleted_sessions;
CREATE POLICY deleted_sessions_crawl ON deleted_sessions FOR SELECT TO ims_crawl USING (true);

-- What one wants again, and when.
DROP POLICY IF EXISTS favourite_queries_own ON favourite_queries;
CREATE POLICY favourite_queries_own ON favourite_queries TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()))
    WITH CHECK (user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS schedules_own ON schedules;
CREATE POLICY schedules_own ON schedules TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()))
    WITH CHECK (user_id = (SELECT current_user_id()));

-- Pages: brought by crawls. A partition that is asked by its own name shows no row to anybody.
GRANT SELECT, INSERT ON pages TO ims_crawl;
GRANT SELECT ON pages TO ims_user;
DROP POLICY IF EXISTS pages_own ON pages;
CREATE POLICY pages_own ON pages FOR SELECT TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS pages_crawl ON pages;
CREATE POLICY pages_crawl ON pages TO ims_crawl USING (true) WITH CHECK (true);
ALTER TABLE pages_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE pages_default FORCE ROW LEVEL SECURITY;

-- Statistics: written by triggers and aggregate_*, as the owner.
GRANT SELECT ON analytics_daily, analytics_monthly TO ims_user;
DROP POLICY IF EXISTS analytics_daily_own ON analytics_daily;
CREATE POLICY analytics_daily_own ON analytics_daily FOR SELECT TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS analytics_monthly_own ON analytics_monthly;
CREATE POLICY analytics_monthly_own ON analytics_monthly FOR SELECT TO ims_user
    USING (user_id = (SELECT current_user_id()) AND user_id = (SELECT current_user_id()));
DROP POLICY IF EXISTS statistics_pending_owner ON statistics_pending;
CREATE POLICY statistics_pending_owner ON statistics_pending TO CURRENT_USER USING (true) WITH CHECK (true);

-- The queue: its functions act as the owner.
DROP POLICY IF EXISTS job_queue_owner ON job_queue;
CREATE POLICY job_queue_owner ON job_queue TO CURRENT_USER USING (true) WITH CHECK (true);

-- The trail: admins read it, its triggers add to it as the owner, and there is no policy and no grant to change it. A
-- partition that is asked by its own name has no policy, so shows no row to anybody.
GRANT SELECT ON audit_log TO ims_admin;
DROP POLICY IF EXISTS audit_log_admin ON audit_log;
CREATE POLICY audit_log_admin ON audit_log FOR SELECT TO ims_admin USING (true);
DROP POLICY IF EXISTS audit_log_owner ON audit_log;
CREATE POLICY audit_log_owner ON audit_log FOR INSERT TO CURRENT_USER WITH CHECK (true);
ALTER TABLE audit_log_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log_default FORCE ROW LEVEL SECURITY;

-- The planner's estimates come from samples of all rows, whoever reads: none are kept of private columns, nor of what an
-- index works out from one. How many links a session and an issue have is worth a sample (of a session's: one bucket), or
-- their joins are planned blindly; of an issue everybody may know it.
DO $$
DECLARE
    hidden record;
BEGIN
    FOR hidden IN
        SELECT a.attrelid::regclass AS name, quote_ident(a.attname) AS attribute FROM pg_attribute AS a
        WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN ('users'::regclass, 'crawl_sessions'::regclass,
            'search_queries'::regclass, 'session_errors'::regclass, 'session_issues'::regclass,
            'analytics_daily'::regclass, 'analytics_monthly'::regclass, 'deleted_sessions'::regclass,
            'favourite_queries'::regclass, 'schedules'::regclass, 'pages'::regclass)
          AND NOT (a.attrelid = 'session_issues'::regclass AND a.attname IN ('session_id', 'issue_pk'))
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS 0', hidden.name, hidden.attribute);
    END LOOP;
END
$$;
ALTER TABLE session_issues ALTER COLUMN session_id SET STATISTICS 1;
ALTER INDEX session_errors_missing_idx ALTER COLUMN 1 SET STATISTICS 0;

-- This month's and the next one's partitions; from now on they come into being by themselves.
DO $$
BEGIN
    PERFORM ensure_partitions();
END
$$;

DELETE FROM alembic_version WHERE version_num <> '4';
INSERT INTO alembic_version (version_num) VALUES ('4') ON CONFLICT DO NOTHING;

COMMIT;
