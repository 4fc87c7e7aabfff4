-- Functions and triggers. Running it again changes nothing. ims.schema as in 02.
--
-- Every function has its search_path pinned, with temporary objects last, and PUBLIC may execute none: 06 says who may.
-- What is SECURITY DEFINER acts as the owner of the schema. What no user calls lies in the private schema.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name || '_private', name), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- Private: the trail ------------------------------------------------------------------------------------------------

-- Who acts: the role that was set, or else the login. In a SECURITY DEFINER function CURRENT_USER is the owner.
CREATE OR REPLACE FUNCTION acting_role() RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT
RETURN CASE current_setting('role') WHEN 'none' THEN SESSION_USER::text ELSE current_setting('role') END;

CREATE OR REPLACE FUNCTION acting_user_id() RETURNS integer
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT u.user_id FROM users AS u WHERE u.database_role = acting_role();
END;

-- Writes the row that was changed, of an update what is different. The argument is the key's column.
CREATE OR REPLACE FUNCTION write_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    whole  jsonb := coalesce(after, before);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value) INTO before, after
        FROM jsonb_each(before) AS o JOIN jsonb_each(after) AS n USING (key)
        WHERE o.value IS DISTINCT FROM n.value AND o.key <> 'updated_at';
        IF before IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO audit_log (
        user_id, action, resource_type, resource_id, old_value, new_value, ip_address, user_agent, database_role
    ) VALUES (
        coalesce(acting_user_id(), CASE WHEN acting_role() = 'ims_crawl' THEN (whole ->> 'user_id')::integer END),
        lower(TG_OP), TG_TABLE_NAME, whole ->> TG_ARGV[0], before, after,
        inet_client_addr(), left(current_setting('application_name'), 200), acting_role()
    );
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Private: statistics -----------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION moment_of(day date) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT day::timestamp AT TIME ZONE a.time_zone FROM archive_settings AS a;
END;

-- Which of these sessions' sightings were an issue's first ever, whoever made it.
CREATE OR REPLACE FUNCTION count_new_issues(sessions bigint[]) RETURNS integer
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT count(DISTINCT l.issue_pk)::integer
    FROM session_issues AS l JOIN issues AS i USING (issue_pk)
    WHERE l.session_id = ANY (sessions) AND i.first_crawled_at >= l.created_at
      AND NOT EXISTS (
        SELECT FROM session_issues AS e
        WHERE e.issue_pk = l.issue_pk AND (e.created_at, e.session_issue_id) < (l.created_at, l.session_issue_id)
      );
END;

-- Sessions of a user that have ended, by the start, and the queries that count with them.
CREATE OR REPLACE FUNCTION ended_sessions(person integer, since timestamptz, until timestamptz) RETURNS SETOF crawl_sessions
LANGUAGE sql STABLE ROWS 30 SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT s.* FROM crawl_sessions AS s
    WHERE s.user_id = person AND s.started_at >= since AND s.started_at < until AND s.status <> 'running';
END;

CREATE OR REPLACE FUNCTION counted_queries(person integer, since timestamptz, until timestamptz) RETURNS SETOF search_queries
LANGUAGE sql STABLE ROWS 30 SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT q.* FROM ended_sessions(person, since, until) AS s JOIN search_queries AS q ON q.session_id = s.session_id
    UNION ALL
    SELECT q.* FROM search_queries AS q
    WHERE q.user_id = person AND q.session_id IS NULL AND q.queried_at >= since AND q.queried_at < until;
END;

CREATE OR REPLACE FUNCTION query_words(query text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT DISTINCT w FROM regexp_split_to_table(lower(query), '[\s+''"(),;]+') AS words (w) WHERE w <> '';
END;

-- A user may write any figure into a session of theirs; what no column holds must not keep others' figures from being right.
CREATE OR REPLACE FUNCTION compute_day(person integer, day date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    since timestamptz := moment_of(day);
    until timestamptz := moment_of(day + 1);
    ids bigint[] := ARRAY(SELECT s.session_id FROM ended_sessions(person, since, until) AS s);
BEGIN
    IF ids = '{}' AND NOT EXISTS (SELECT FROM counted_queries(person, since, until)) THEN
        DELETE FROM analytics_daily AS a WHERE a.user_id = person AND a.stat_date = day;
        RETURN;
    END IF;
    INSERT INTO analytics_daily AS a (
        user_id, stat_date, sessions_count, successful_sessions, failed_sessions, issues_crawled, unique_issues,
        new_issues, attachments_downloaded, avg_session_duration_sec, avg_issues_per_session, product_stats, top_queries
    )
    SELECT
        person, day, count(*), count(*) FILTER (WHERE s.status = 'completed'), count(*) FILTER (WHERE s.status = 'failed'),
        least(coalesce(sum(s.issues_crawled), 0), 2147483647),
        (SELECT count(DISTINCT l.issue_pk) FROM session_issues AS l WHERE l.session_id = ANY (ids)),
        count_new_issues(ids), least(coalesce(sum(s.attachments_downloaded), 0), 2147483647), avg(s.duration_seconds),
        avg(s.issues_crawled),
        (
            SELECT coalesce(jsonb_object_agg(p.name, jsonb_build_object('sessions', p.sessions, 'issues', p.issues)), '{}')
            FROM (
                SELECT coalesce(nullif(e.product, ''), '(all)') AS name, count(*) AS sessions, sum(e.issues_crawled) AS issues
                FROM ended_sessions(person, since, until) AS e GROUP BY 1
            ) AS p
        ),
        (
            SELECT coalesce(jsonb_agg(jsonb_build_object('query', t.query, 'count', t.n) ORDER BY t.n DESC, t.query), '[]')
            FROM (
                SELECT q.original_query COLLATE "C" AS query, count(*) AS n FROM counted_queries(person, since, until) AS q
                WHERE btrim(q.original_query) <> '' GROUP BY 1 ORDER BY n DESC, query LIMIT 10
            ) AS t
        )
    FROM ended_sessions(person, since, until) AS s
    ON CONFLICT (user_id, stat_date) DO UPDATE SET
        sessions_count = excluded.sessions_count, successful_sessions = excluded.successful_sessions,
        failed_sessions = excluded.failed_sessions, issues_crawled = excluded.issues_crawled,
        unique_issues = excluded.unique_issues, new_issues = excluded.new_issues,
        attachments_downloaded = excluded.attachments_downloaded,
        avg_session_duration_sec = excluded.avg_session_duration_sec,
        avg_issues_per_session = excluded.avg_issues_per_session,
        product_stats = excluded.product_stats, top_queries = excluded.top_queries;
END
$$;

CREATE OR REPLACE FUNCTION compute_month(person integer, first_day date) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    next_first date := (first_day + interval '1 month')::date;
    since timestamptz := moment_of(first_day);
    until timestamptz := moment_of(next_first);
    ids bigint[] := ARRAY(SELECT s.session_id FROM ended_sessions(person, since, until) AS s);
BEGIN
    IF ids = '{}' AND NOT EXISTS (SELECT FROM counted_queries(person, since, until)) THEN
        DELETE FROM analytics_monthly AS a
        WHERE a.user_id = person AND (a.year, a.month) = (extract(year FROM first_day), extract(month FROM first_day));
        RETURN;
    END IF;
    INSERT INTO analytics_monthly AS a (
        user_id, year, month, total_sessions, avg_sessions_per_day, total_issues_crawled, unique_issues, keyword_trends,
        product_distribution, issue_status_breakdown, avg_parsing_confidence, synonym_expansion_rate
    )
    WITH sessions AS (
        SELECT count(*) AS n, coalesce(sum(s.issues_crawled), 0) AS issues FROM ended_sessions(person, since, until) AS s
    ), last_seen AS (
        -- The newest time by a hash, so that hardly anything has to be sorted: a third less for a month of 5,000 sessions.
        SELECT DISTINCT ON (l.issue_pk) coalesce(l.product, '(none)') AS product, coalesce(l.status, '(none)') AS status
        FROM session_issues AS l JOIN (
            SELECT n.issue_pk, max(n.created_at) AS created_at FROM session_issues AS n
            WHERE n.session_id = ANY (ids) GROUP BY n.issue_pk
        ) AS newest USING (issue_pk, created_at)
        WHERE l.session_id = ANY (ids) ORDER BY l.issue_pk, l.session_issue_id DESC
    ), queries AS MATERIALIZED (
        SELECT coalesce(q.parsed_query, q.original_query) AS query, q.parsing_confidence, q.synonym_expanded
        FROM counted_queries(person, since, until) AS q
    ), words AS (
        SELECT w COLLATE "C" AS word, sum(asked.times)::bigint AS n
        FROM (SELECT query, count(*) AS times FROM queries GROUP BY query) AS asked, query_words(asked.query) AS w
        GROUP BY 1 ORDER BY n DESC, word LIMIT 50
    )
    SELECT
        person, extract(year FROM first_day), extract(month FROM first_day), sessions.n,
        sessions.n::numeric / (next_first - first_day), least(sessions.issues, 2147483647), (SELECT count(*) FROM last_seen),
        (SELECT coalesce(jsonb_object_agg(word, n), '{}') FROM words),
        (SELECT coalesce(jsonb_object_agg(p.product, p.n), '{}') FROM (
            SELECT product, count(*) AS n FROM last_seen GROUP BY product) AS p),
        (SELECT coalesce(jsonb_object_agg(p.status, p.n), '{}') FROM (
            SELECT status, count(*) AS n FROM last_seen GROUP BY status) AS p),
        (SELECT avg(parsing_confidence) FROM queries), (SELECT avg(synonym_expanded::integer) FROM queries)
    FROM sessions
    ON CONFLICT (user_id, year, month) DO UPDATE SET
        total_sessions = excluded.total_sessions, avg_sessions_per_day = excluded.avg_sessions_per_day,
        total_issues_crawled = excluded.total_issues_crawled, unique_issues = excluded.unique_issues,
        keyword_trends = excluded.keyword_trends, product_distribution = excluded.product_distribution,
        issue_status_breakdown = excluded.issue_status_breakdown,
        avg_parsing_confidence = excluded.avg_parsing_confidence, synonym_expansion_rate = excluded.synonym_expansion_rate;
END
$$;

-- Works off what is pending, of these people or of everybody. The user's row is locked so that two sessions that end at
-- once see each other.
CREATE OR REPLACE FUNCTION settle_statistics(people integer[] DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    person integer;
    days date[];
    day date;
    done integer := 0;
BEGIN
    FOR person IN
        SELECT DISTINCT p.user_id FROM statistics_pending AS p
        WHERE settle_statistics.people IS NULL OR p.user_id = ANY (settle_statistics.people) ORDER BY p.user_id
    LOOP
        PERFORM FROM users AS u WHERE u.user_id = person FOR NO KEY UPDATE;
        WITH taken AS (DELETE FROM statistics_pending AS p WHERE p.user_id = person RETURNING p.stat_date)
        SELECT array_agg(DISTINCT taken.stat_date ORDER BY taken.stat_date) INTO days FROM taken;
        FOREACH day IN ARRAY coalesce(days, '{}') LOOP
            PERFORM compute_day(person, day);
            done := done + 1;
        END LOOP;
        FOR day IN SELECT DISTINCT date_trunc('month', d)::date FROM unnest(days) AS d LOOP
            PERFORM compute_month(person, day);
        END LOOP;
    END LOOP;
    RETURN done;
END
$$;

-- Days are only ever added: who works them off cannot take away the mark of a transaction that it does not see yet. While
-- a mark is on its way the time zone stays (set_time_zone).
CREATE OR REPLACE FUNCTION mark_days(people integer[], moments timestamptz[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared('archive_settings'::regclass::oid::bigint);
    INSERT INTO statistics_pending (user_id, stat_date)
    SELECT DISTINCT m.person, (m.moment AT TIME ZONE a.time_zone)::date
    FROM unnest(people, moments) AS m (person, moment), archive_settings AS a;
END
$$;

-- Marks the days of those of these sessions that have ended; returns whose they are. One that is running may be about to
-- end in a transaction that cannot see what is written here: its row is locked, so that one of the two waits.
CREATE OR REPLACE FUNCTION mark_sessions(sessions bigint[]) RETURNS integer[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    people integer[];
    moments timestamptz[];
BEGIN
    PERFORM FROM crawl_sessions AS s WHERE s.session_id = ANY (sessions) AND s.status = 'running'
    ORDER BY s.session_id FOR SHARE;
    SELECT array_agg(s.user_id), array_agg(s.started_at) INTO people, moments
    FROM crawl_sessions AS s WHERE s.session_id = ANY (sessions) AND s.status <> 'running';
    IF people IS NOT NULL THEN
        PERFORM mark_days(people, moments);
    END IF;
    RETURN people;
END
$$;

-- A crawl may come with sessions that ended long ago and bring their issues after them: it asks for the figures itself
-- when it is done. What anybody else writes counts at once.
CREATE OR REPLACE FUNCTION settle_unless_crawl(people integer[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    IF people IS NOT NULL AND acting_role() <> 'ims_crawl' THEN
        PERFORM settle_statistics(people);
    END IF;
END
$$;

-- A user may choose the uuid of a new session, but none that is or was another session's: the one's row would keep the
-- other's from being loaded.
CREATE OR REPLACE FUNCTION sessions_claimed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT pg_has_role(acting_role(), 'ims_admin', 'USAGE') AND (
        EXISTS (SELECT FROM crawl_sessions AS s WHERE s.session_uuid = NEW.session_uuid)
        OR EXISTS (
            SELECT FROM deleted_sessions AS d WHERE d.session_uuid = NEW.session_uuid AND d.user_id <> NEW.user_id)
    ) THEN
        RAISE EXCEPTION 'session_uuid is taken' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- Triggers of statements on crawl_sessions: what has ended, or had, changes its day.
CREATE OR REPLACE FUNCTION sessions_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    DELETE FROM deleted_sessions AS d USING new_rows AS n WHERE d.session_uuid = n.session_uuid;
    PERFORM settle_unless_crawl(mark_sessions(ARRAY(SELECT n.session_id FROM new_rows AS n)));
    PERFORM ensure_partitions();
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION sessions_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    people integer[];
    moments timestamptz[];
BEGIN
    SELECT array_agg(r.user_id), array_agg(r.started_at) INTO people, moments
    FROM (SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows) AS r WHERE r.status <> 'running';
    IF people IS NOT NULL THEN
        PERFORM mark_days(people, moments);
        PERFORM settle_statistics(people);
    END IF;
    RETURN NULL;
END
$$;

-- The sessions' links are gone by now, and have marked the days of others.
CREATE OR REPLACE FUNCTION sessions_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO deleted_sessions (session_uuid, session_id, user_id)
    SELECT o.session_uuid, o.session_id, o.user_id FROM old_rows AS o
    ON CONFLICT (session_uuid) DO UPDATE SET session_id = excluded.session_id, user_id = excluded.user_id, deleted_at = now();
    PERFORM mark_days(array_agg(o.user_id), array_agg(o.started_at)) FROM old_rows AS o WHERE o.status <> 'running';
    PERFORM settle_statistics();
    RETURN NULL;
END
$$;

-- Triggers of statements on search_queries. A query counts with its session, or else for itself.
CREATE OR REPLACE FUNCTION mark_queries(people integer[], sessions bigint[], moments timestamptz[]) RETURNS integer[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    askers integer[];
BEGIN
    SELECT array_agg(q.person) INTO askers FROM unnest(people, sessions) AS q (person, session) WHERE q.session IS NULL;
    PERFORM mark_days(array_agg(q.person), array_agg(q.moment))
    FROM unnest(people, sessions, moments) AS q (person, session, moment) WHERE q.session IS NULL HAVING count(*) > 0;
    RETURN nullif(askers || mark_sessions(sessions), '{}');
END
$$;

CREATE OR REPLACE FUNCTION queries_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM settle_unless_crawl(mark_queries(array_agg(q.user_id), array_agg(q.session_id), array_agg(q.queried_at)))
    FROM changed_rows AS q;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION queries_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM settle_unless_crawl(mark_queries(array_agg(q.user_id), array_agg(q.session_id), array_agg(q.queried_at)))
    FROM (SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows) AS q;
    RETURN NULL;
END
$$;

-- Trigger: a link that does not say how the issue was seen saw it as it is.
CREATE OR REPLACE FUNCTION links_as_seen() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    SELECT i.product, i.status INTO NEW.product, NEW.status FROM issues AS i WHERE i.issue_pk = NEW.issue_pk;
    RETURN NEW;
END
$$;

-- Triggers of statements on session_issues: crawl_count is the number of links, and links that come or go change the
-- figures of their session's day, and of the day on which the issue was taken for new until now. A crawl counts its own
-- sightings, in the same statement that writes them, and keeps last_crawled_at.
CREATE OR REPLACE FUNCTION links_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    by_crawl boolean := acting_role() = 'ims_crawl';
BEGIN
    IF NOT by_crawl THEN
        UPDATE issues AS i SET crawl_count = i.crawl_count + n.added
        FROM (SELECT issue_pk, count(*) AS added FROM new_rows GROUP BY issue_pk) AS n
        WHERE i.issue_pk = n.issue_pk;
    END IF;
    PERFORM settle_unless_crawl(mark_sessions(ARRAY(
        SELECT n.session_id FROM new_rows AS n
        UNION
        SELECT later.session_id
        FROM new_rows AS n
        JOIN issues AS i ON i.issue_pk = n.issue_pk AND (i.last_crawled_at > n.created_at OR NOT by_crawl)
        JOIN session_issues AS later ON later.issue_pk = n.issue_pk
            AND (later.created_at, later.session_issue_id) > (n.created_at, n.session_issue_id)
    )));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION links_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE issues AS i SET crawl_count = greatest(i.crawl_count + m.moved, 0)
    FROM (
        SELECT r.issue_pk, sum(r.n) AS moved FROM (
            SELECT issue_pk, 1 AS n FROM new_rows UNION ALL SELECT issue_pk, -1 FROM old_rows
        ) AS r GROUP BY r.issue_pk HAVING sum(r.n) <> 0
    ) AS m
    WHERE i.issue_pk = m.issue_pk;
    PERFORM settle_unless_crawl(mark_sessions(ARRAY(
        SELECT o.session_id FROM old_rows AS o
        UNION
        SELECT l.session_id FROM session_issues AS l WHERE l.issue_pk IN (
            SELECT n.issue_pk FROM new_rows AS n UNION SELECT o.issue_pk FROM old_rows AS o)
    )));
    RETURN NULL;
END
$$;

-- Of sightings at the same moment the next one is the first now. Where the links go with their session or their issue, the
-- trigger of that settles.
CREATE OR REPLACE FUNCTION links_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    people integer[];
BEGIN
    UPDATE issues AS i SET crawl_count = greatest(i.crawl_count - o.gone, 0)
    FROM (SELECT issue_pk, count(*) AS gone FROM old_rows GROUP BY issue_pk) AS o
    WHERE i.issue_pk = o.issue_pk;
    people := mark_sessions(ARRAY(
        SELECT o.session_id FROM old_rows AS o
        UNION
        SELECT l.session_id
        FROM old_rows AS o
        JOIN issues AS i ON i.issue_pk = o.issue_pk AND i.first_crawled_at >= o.created_at
        JOIN session_issues AS l ON l.issue_pk = o.issue_pk AND l.created_at <= i.first_crawled_at
    ));
    IF people IS NOT NULL AND pg_trigger_depth() = 1 THEN
        PERFORM settle_statistics(people);
    END IF;
    RETURN NULL;
END
$$;

-- Triggers on issues: a deleted one has taken its links along; an earlier time of the first sighting makes it known, not
-- new, to those who have it (a crawl's own comes with a link that says so already).
CREATE OR REPLACE FUNCTION issues_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM settle_statistics();
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION first_sighting_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM settle_unless_crawl(mark_sessions(ARRAY(
        SELECT l.session_id FROM session_issues AS l WHERE l.issue_pk = NEW.issue_pk)));
    RETURN NULL;
END
$$;

-- Private: partitions -----------------------------------------------------------------------------------------------

-- The partition of each month that is needed soon; called where rows come in. Who cannot get the locks at once leaves it
-- to the next: the default partition takes what comes meanwhile.
CREATE OR REPLACE FUNCTION ensure_partitions() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '500ms'
AS $$
DECLARE
    month date;
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['audit_log', 'pages'] LOOP
        FOREACH month IN ARRAY ARRAY[current_date, (current_date + interval '1 month')::date] LOOP
            IF to_regclass(partition_name(parent, month)) IS NULL THEN
                PERFORM create_monthly_partition(parent, month);
            END IF;
        END LOOP;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    NULL;
END
$$;

CREATE OR REPLACE FUNCTION partition_name(table_name text, month date) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
RETURN format('%I', table_name || to_char(month, '_"y"YYYY"m"MM'));

-- Public from here on -----------------------------------------------------------------------------------------------

SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- Types of rows that functions return: an argument and a column of the same name cannot both be declared.
DO $$
BEGIN
    IF to_regtype('user_stats') IS NULL THEN
        CREATE TYPE user_stats AS (
            user_id integer, username text, total_sessions bigint, completed_sessions bigint, failed_sessions bigint,
            running_sessions bigint, issues_crawled bigint, unique_issues bigint, new_issues bigint,
            attachments_downloaded bigint, avg_session_duration_sec numeric(14, 3), avg_issues_per_session numeric(14, 3),
            last_session_at timestamptz, favourite_product text, total_queries bigint
        );
    END IF;
    IF to_regtype('search_hit') IS NULL THEN
        CREATE TYPE search_hit AS (
            issue_id text, title text, product text, status text, registered_date timestamptz, score real
        );
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION current_user_id() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT u.user_id FROM users AS u WHERE u.database_role = CURRENT_USER::text AND u.is_active;
END;
COMMENT ON FUNCTION current_user_id() IS
    'The archive user whose database role is the current one; NULL when there is none or it is disabled.';

-- Not SECURITY DEFINER: whether the role may be taken is for PostgreSQL to decide, by the membership of the login.
CREATE OR REPLACE FUNCTION set_current_user(user_id integer) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    person record;
BEGIN
    SELECT u.username, u.database_role, u.is_active INTO person FROM users AS u WHERE u.user_id = set_current_user.user_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no user %', set_current_user.user_id USING ERRCODE = 'no_data_found';
    ELSIF NOT person.is_active THEN
        RAISE EXCEPTION 'user % is disabled', person.username USING ERRCODE = 'insufficient_privilege';
    ELSIF person.database_role IS NULL THEN
        RAISE EXCEPTION 'user % has no database role', person.username
            USING ERRCODE = 'insufficient_privilege', HINT = 'ims db user add makes one.';
    END IF;
    EXECUTE format('SET LOCAL ROLE %I', person.database_role);
    RETURN person.database_role;
END
$$;
COMMENT ON FUNCTION set_current_user(integer) IS
    'Become this user until the transaction ends; returns the role. For ims_service and ims_admin.';

CREATE OR REPLACE FUNCTION update_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION update_updated_at() IS 'Trigger: updated_at is now, unless the statement says otherwise.';

CREATE OR REPLACE FUNCTION record_export(resource_type text, details jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF octet_length(details::text) > 10000 OR octet_length(resource_type) > 100 THEN
        RAISE EXCEPTION 'the record of an export holds 10 kB at most' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    INSERT INTO audit_log (user_id, action, resource_type, new_value, ip_address, user_agent, database_role)
    VALUES (
        acting_user_id(), 'export', record_export.resource_type, details, inet_client_addr(),
        left(current_setting('application_name'), 200), acting_role()
    );
END
$$;
COMMENT ON FUNCTION record_export(text, jsonb) IS 'Writes into the audit trail that the current role exported something.';

CREATE OR REPLACE FUNCTION session_day(moment timestamptz) RETURNS date
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT (moment AT TIME ZONE a.time_zone)::date FROM archive_settings AS a;
END;
COMMENT ON FUNCTION session_day(timestamptz) IS 'The day on which statistics count this moment.';

CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN settle_statistics();
END
$$;
COMMENT ON FUNCTION refresh_statistics() IS
    'Works out again the figures of all days on which something came in late; returns how many there were.';

CREATE OR REPLACE FUNCTION aggregate_daily_stats(day date DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    chosen date := coalesce(day, session_day(now()) - 1);
    rows integer;
BEGIN
    PERFORM FROM users AS u ORDER BY u.user_id FOR NO KEY UPDATE;
    PERFORM compute_day(u.user_id, chosen) FROM users AS u;
    SELECT count(*) INTO rows FROM analytics_daily AS a WHERE a.stat_date = chosen;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION aggregate_daily_stats(date) IS
    'Works out one day of analytics_daily again, yesterday without an argument; returns the number of its rows.';

CREATE OR REPLACE FUNCTION aggregate_monthly_stats(year integer, month integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    first_day date := make_date(year, month, 1);
    rows integer;
BEGIN
    PERFORM FROM users AS u ORDER BY u.user_id FOR NO KEY UPDATE;
    PERFORM compute_month(u.user_id, first_day) FROM users AS u;
    SELECT count(*) INTO rows FROM analytics_monthly AS a
    WHERE a.year = aggregate_monthly_stats.year AND a.month = aggregate_monthly_stats.month;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION aggregate_monthly_stats(integer, integer) IS
    'Works out one month of analytics_monthly again; returns the number of its rows.';

CREATE OR REPLACE FUNCTION set_time_zone(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = set_time_zone.name) THEN
        RAISE EXCEPTION 'there is no time zone %', name
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A name such as Asia/Seoul, see pg_timezone_names.';
    END IF;
    -- Whoever has marked a day in the old zone is done before, and whoever marks one next knows the new one.
    PERFORM pg_advisory_xact_lock('archive_settings'::regclass::oid::bigint);
    UPDATE archive_settings SET time_zone = name WHERE time_zone <> name;
    IF FOUND THEN
        PERFORM FROM users AS u ORDER BY u.user_id FOR NO KEY UPDATE;
        DELETE FROM analytics_daily;
        DELETE FROM analytics_monthly;
        PERFORM mark_days(array_agg(s.user_id), array_agg(s.started_at)) FROM crawl_sessions AS s WHERE s.status <> 'running';
        PERFORM mark_days(array_agg(q.user_id), array_agg(q.queried_at)) FROM search_queries AS q WHERE q.session_id IS NULL;
        PERFORM settle_statistics();
    END IF;
END
$$;
COMMENT ON FUNCTION set_time_zone(text) IS 'Whose midnight ends a day; works out all statistics again when it changes.';

CREATE OR REPLACE FUNCTION get_user_stats(user_id integer) RETURNS SETOF user_stats
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT
        u.user_id, u.username, count(s.session_id), count(*) FILTER (WHERE s.status = 'completed'),
        count(*) FILTER (WHERE s.status = 'failed'), count(*) FILTER (WHERE s.status = 'running'),
        coalesce(sum(s.issues_crawled), 0), (
            SELECT count(DISTINCT l.issue_pk) FROM session_issues AS l JOIN crawl_sessions AS c USING (session_id)
            WHERE c.user_id = u.user_id
        ),
        (SELECT coalesce(sum(a.new_issues), 0) FROM analytics_daily AS a WHERE a.user_id = u.user_id),
        coalesce(sum(s.attachments_downloaded), 0), avg(s.duration_seconds), avg(s.issues_crawled), max(s.started_at),
        mode() WITHIN GROUP (ORDER BY nullif(s.product, '')),
        (SELECT count(*) FROM search_queries AS q WHERE q.user_id = u.user_id)
    FROM users AS u LEFT JOIN crawl_sessions AS s USING (user_id)
    WHERE u.user_id = $1 GROUP BY u.user_id;
END;
COMMENT ON FUNCTION get_user_stats(integer) IS 'One row of a user''s figures; none for a user who is not to be seen.';

CREATE OR REPLACE FUNCTION delete_old_sessions(user_id integer, days integer) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    deleted integer;
BEGIN
    IF days < 1 OR days IS NULL THEN
        RAISE EXCEPTION 'days must be 1 or more, not %', days USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM crawl_sessions AS s
    WHERE (delete_old_sessions.user_id IS NULL OR s.user_id = delete_old_sessions.user_id)
      AND s.started_at < now() - make_interval(days => days) AND s.status <> 'running';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;
COMMENT ON FUNCTION delete_old_sessions(integer, integer) IS
    'Deletes the sessions of a user (NULL: of everybody) that ended and began more than so many days ago; never an issue.';

CREATE OR REPLACE FUNCTION create_monthly_partition(table_name text, month date DEFAULT current_date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC'
AS $$
DECLARE
    parent regclass;
    rest regclass;
    name text := partition_name(table_name, month);
    since timestamptz := date_trunc('month', month);
    until timestamptz := date_trunc('month', month) + interval '1 month';
    hidden text;
BEGIN
    SELECT p.partrelid, p.partdefid INTO parent, rest
    FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = table_name;
    IF parent IS NULL THEN
        RAISE EXCEPTION '% is not partitioned by month', table_name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(name, parent::oid::bigint));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name, parent);
        -- Rows of this month that came before it: moved past the guards against changes, which are back in the same transaction.
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY', rest);
        EXECUTE format(
            'WITH moved AS (DELETE FROM %s WHERE created_at >= %L AND created_at < %L RETURNING *) INSERT INTO %s SELECT * FROM moved',
            rest, since, until, name);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER, FORCE ROW LEVEL SECURITY', rest);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        IF table_name = 'audit_log' THEN
            EXECUTE format(
                'CREATE TRIGGER refuse_truncation BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        END IF;
        -- Columns of which no samples are kept (06): a partition does not take that over from its parent.
        FOR hidden IN
            SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = parent AND a.attnum > 0 AND a.attstattarget = 0
        LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', name, hidden);
        END LOOP;
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, name, since, until);
    END IF;
    RETURN name;
END
$$;
COMMENT ON FUNCTION create_monthly_partition(text, date) IS
    'Has a partition of the table for the month (in UTC) of the day; returns its name. Both months ahead are made by themselves.';

CREATE OR REPLACE FUNCTION drop_monthly_partitions(table_name text, before date) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC'
AS $$
DECLARE
    name text;
BEGIN
    IF before > date_trunc('month', now()) THEN
        RAISE EXCEPTION 'months that have not ended are not dropped' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR name IN
        SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid JOIN pg_class AS p ON p.oid = h.inhparent
        WHERE p.relnamespace = quote_ident(current_schema())::regnamespace AND p.relname = table_name AND c.relname ~ '_y\d{4}m\d{2}$'
          AND to_date(right(c.relname, 8), '"y"YYYY"m"MM') + interval '1 month' <= before
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        INSERT INTO audit_log (user_id, action, resource_type, resource_id, ip_address, user_agent, database_role)
        VALUES (
            acting_user_id(), 'delete', table_name, name, inet_client_addr(), left(current_setting('application_name'), 200),
            acting_role()
        );
        RETURN NEXT name;
    END LOOP;
END
$$;
COMMENT ON FUNCTION drop_monthly_partitions(text, date) IS
    'Drops the months that ended before the day, for good; returns their names.';

CREATE OR REPLACE FUNCTION refresh_materialized_views() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY mv_daily_session_summary;
    REFRESH MATERIALIZED VIEW CONCURRENTLY mv_issue_trends;
END
$$;
COMMENT ON FUNCTION refresh_materialized_views() IS 'Brings the mv_* up to date; who reads them meanwhile is not locked out.';

-- Issues ------------------------------------------------------------------------------------------------------------

-- One issue, whole, from a document as the issue's file holds it. The crawl itself writes batches (ims_spiders/db); this
-- gives the same rows for one. What a document holds comes as rows first: one of each key, in its order.
CREATE OR REPLACE FUNCTION given_comments(entries jsonb) RETURNS SETOF issue_comments
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT DISTINCT ON (r.comment_number) r.comment_id, r.issue_pk, r.comment_number, r.author, r.author_email,
        coalesce(r.content, ''), r.commented_at, r.created_at
    FROM jsonb_array_elements(coalesce(nullif(entries, 'null'), '[]')) WITH ORDINALITY AS e (entry, place),
        jsonb_populate_record(NULL::issue_comments, e.entry) AS r
    ORDER BY r.comment_number, e.place;
END;

CREATE OR REPLACE FUNCTION given_history(entries jsonb) RETURNS SETOF issue_history
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT r.history_id, r.issue_pk, r.changed_by, r.changed_by_email, r.changed_at, coalesce(r.change_type, 'update'),
        r.field_name, r.old_value, r.new_value, coalesce(r.description, ''), h.hash,
        row_number() OVER (PARTITION BY r.changed_at, r.changed_by, h.hash ORDER BY e.place)::integer, r.created_at
    FROM jsonb_array_elements(coalesce(nullif(entries, 'null'), '[]')) WITH ORDINALITY AS e (entry, place),
        jsonb_populate_record(NULL::issue_history, e.entry) AS r,
        substring(sha256(convert_to(coalesce(r.description, ''), 'UTF8')) FOR 16) AS h (hash);
END;

-- Of a file that hangs in two places, the place where it could be had.
CREATE OR REPLACE FUNCTION given_attachments(entries jsonb) RETURNS SETOF attachments
LANGUAGE sql STABLE SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT DISTINCT ON (r.file_id, coalesce(r.kind, 'ISSUE')) r.attachment_id, r.issue_pk, r.session_id, r.file_id,
        coalesce(r.kind, 'ISSUE'), r.source, r.filename, r.file_type, r.file_size, r.file_path, r.sha256, r.download_url,
        coalesce(r.downloaded, false), r.download_error, r.extracted_text, coalesce(r.text_extracted, false),
        r.text_status, r.created_at
    FROM jsonb_array_elements(coalesce(nullif(entries, 'null'), '[]')) WITH ORDINALITY AS e (entry, place),
        jsonb_populate_record(NULL::attachments, e.entry) AS r
    ORDER BY r.file_id, coalesce(r.kind, 'ISSUE'), coalesce(r.downloaded, false) DESC, e.place;
END;

CREATE OR REPLACE FUNCTION write_comments(pk bigint, entries jsonb, seen_at timestamptz) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
BEGIN ATOMIC
    DELETE FROM issue_comments AS t WHERE t.issue_pk = pk
        AND NOT EXISTS (SELECT FROM given_comments(entries) AS r WHERE r.comment_number = t.comment_number);
    INSERT INTO issue_comments AS t (issue_pk, comment_number, author, author_email, content, commented_at, created_at)
    SELECT pk, r.comment_number, r.author, r.author_email, r.content, r.commented_at, seen_at
    FROM given_comments(entries) AS r
    ON CONFLICT (issue_pk, comment_number) DO UPDATE SET author = excluded.author, author_email = excluded.author_email,
        content = excluded.content, commented_at = excluded.commented_at
    WHERE (t.author, t.author_email, t.content, t.commented_at)
        IS DISTINCT FROM (excluded.author, excluded.author_email, excluded.content, excluded.commented_at);
END;

CREATE OR REPLACE FUNCTION write_history(pk bigint, entries jsonb, seen_at timestamptz) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
BEGIN ATOMIC
    DELETE FROM issue_history AS t WHERE t.issue_pk = pk AND NOT EXISTS (
        SELECT FROM given_history(entries) AS r
        WHERE r.details_hash = t.details_hash AND r.ordinal = t.ordinal
          AND r.changed_at IS NOT DISTINCT FROM t.changed_at AND r.changed_by IS NOT DISTINCT FROM t.changed_by);
    INSERT INTO issue_history AS t (
        issue_pk, changed_by, changed_by_email, changed_at, change_type, field_name, old_value, new_value, description,
        details_hash, ordinal, created_at
    )
    SELECT pk, r.changed_by, r.changed_by_email, r.changed_at, r.change_type, r.field_name, r.old_value, r.new_value,
        r.description, r.details_hash, r.ordinal, seen_at
    FROM given_history(entries) AS r
    ON CONFLICT (issue_pk, changed_at, changed_by, details_hash, ordinal) DO UPDATE SET
        changed_by_email = excluded.changed_by_email, change_type = excluded.change_type, field_name = excluded.field_name,
        old_value = excluded.old_value, new_value = excluded.new_value
    WHERE (t.changed_by_email, t.change_type, t.field_name, t.old_value, t.new_value) IS DISTINCT FROM
        (excluded.changed_by_email, excluded.change_type, excluded.field_name, excluded.old_value, excluded.new_value);
END;

CREATE OR REPLACE FUNCTION write_attachments(pk bigint, entries jsonb, seen_at timestamptz, session bigint) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
BEGIN ATOMIC
    DELETE FROM attachments AS t WHERE t.issue_pk = pk
        AND NOT EXISTS (SELECT FROM given_attachments(entries) AS r WHERE r.file_id = t.file_id AND r.kind = t.kind);
    INSERT INTO attachments AS t (
        issue_pk, session_id, file_id, kind, source, filename, file_type, file_size, file_path, sha256, download_url,
        downloaded, download_error, extracted_text, text_extracted, text_status, created_at
    )
    SELECT pk, session, r.file_id, r.kind, r.source, r.filename, r.file_type, r.file_size, r.file_path, r.sha256,
        r.download_url, r.downloaded, r.download_error, r.extracted_text, r.text_extracted, r.text_status, seen_at
    FROM given_attachments(entries) AS r
    ON CONFLICT (issue_pk, file_id, kind) DO UPDATE SET
        session_id = excluded.session_id, source = excluded.source, filename = excluded.filename,
        file_type = excluded.file_type, file_size = excluded.file_size, file_path = excluded.file_path,
        sha256 = excluded.sha256, download_url = excluded.download_url, downloaded = excluded.downloaded,
        download_error = excluded.download_error, extracted_text = excluded.extracted_text,
        text_extracted = excluded.text_extracted, text_status = excluded.text_status
    WHERE (t.source, t.filename, t.file_type, t.file_size, t.file_path, t.sha256, t.download_url, t.downloaded,
            t.download_error, t.extracted_text, t.text_extracted, t.text_status)
        IS DISTINCT FROM (excluded.source, excluded.filename, excluded.file_type, excluded.file_size, excluded.file_path,
            excluded.sha256, excluded.download_url, excluded.downloaded, excluded.download_error, excluded.extracted_text,
            excluded.text_extracted, excluded.text_status);
END;

-- An older copy than the one that is there: what both have was there earlier than was known, and the present content
-- counts from its first sighting after the last one of any other content.
CREATE OR REPLACE FUNCTION note_older_copy(pk bigint, document jsonb, seen_at timestamptz, session bigint) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    first timestamptz;
    start timestamptz;
BEGIN
    UPDATE issue_comments AS t SET created_at = seen_at
    FROM given_comments(document -> 'comments') AS r
    WHERE t.issue_pk = pk AND t.comment_number = r.comment_number AND t.created_at > seen_at;
    UPDATE issue_history AS t SET created_at = seen_at
    FROM given_history(document -> 'history') AS r
    WHERE t.issue_pk = pk AND t.details_hash = r.details_hash AND t.ordinal = r.ordinal
      AND t.changed_at IS NOT DISTINCT FROM r.changed_at AND t.changed_by IS NOT DISTINCT FROM r.changed_by
      AND t.created_at > seen_at;
    UPDATE attachments AS t SET created_at = least(t.created_at, seen_at),
        session_id = CASE WHEN r.same THEN session ELSE t.session_id END
    FROM (
        SELECT a.attachment_id, (a.source, a.filename, a.file_type, a.file_size, a.file_path, a.sha256, a.download_url,
                a.downloaded, a.download_error, a.extracted_text, a.text_extracted, a.text_status)
            IS NOT DISTINCT FROM (g.source, g.filename, g.file_type, g.file_size, g.file_path, g.sha256, g.download_url,
                g.downloaded, g.download_error, g.extracted_text, g.text_extracted, g.text_status) AS same
        FROM given_attachments(document -> 'attachments') AS g
        JOIN attachments AS a ON a.issue_pk = pk AND a.file_id = g.file_id AND a.kind = g.kind
    ) AS r
    WHERE t.attachment_id = r.attachment_id AND (t.created_at > seen_at OR r.same AND EXISTS (
        SELECT FROM session_issues AS l
        WHERE l.issue_pk = pk AND l.session_id = t.session_id AND l.created_at > seen_at));
    WITH seen AS (
        SELECT l.created_at, l.content_hash = i.content_hash AS same
        FROM session_issues AS l JOIN issues AS i USING (issue_pk) WHERE i.issue_pk = pk
    )
    SELECT (SELECT min(f.created_at) FROM seen AS f), min(s.created_at) INTO first, start
    FROM seen AS s
    WHERE s.same AND s.created_at > coalesce((SELECT max(o.created_at) FROM seen AS o WHERE NOT o.same), '-infinity');
    IF start = seen_at THEN
        UPDATE issues AS i SET full_data = document WHERE i.issue_pk = pk;
    END IF;
    -- In a statement of its own, as at the end of upsert_issue().
    IF start IS NOT NULL THEN
        UPDATE issues AS i SET first_crawled_at = least(i.first_crawled_at, first),
            created_at = least(i.created_at, first), updated_at = start
        WHERE i.issue_pk = pk;
    END IF;
END
$$;

-- After a session fetched an issue once more: what was first seen then is first seen at the next sighting, because the
-- session's file holds the later copy only.
CREATE OR REPLACE FUNCTION forget_sighting(pk bigint, seen_before timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    next timestamptz;
    start timestamptz;
BEGIN
    SELECT min(l.created_at) INTO next FROM session_issues AS l WHERE l.issue_pk = pk AND l.created_at >= seen_before;
    UPDATE issue_comments AS t SET created_at = next WHERE t.issue_pk = pk AND t.created_at = seen_before;
    UPDATE issue_history AS t SET created_at = next WHERE t.issue_pk = pk AND t.created_at = seen_before;
    UPDATE attachments AS t SET created_at = next WHERE t.issue_pk = pk AND t.created_at = seen_before;
    UPDATE issues AS i SET first_crawled_at = next, created_at = next WHERE i.issue_pk = pk AND i.first_crawled_at = seen_before;
    WITH seen AS (
        SELECT l.created_at, l.content_hash = i.content_hash AS same
        FROM session_issues AS l JOIN issues AS i USING (issue_pk) WHERE i.issue_pk = pk
    )
    SELECT min(s.created_at) INTO start FROM seen AS s
    WHERE s.same AND s.created_at > coalesce((SELECT max(o.created_at) FROM seen AS o WHERE NOT o.same), '-infinity');
    UPDATE issues AS i SET updated_at = start WHERE i.issue_pk = pk AND start IS NOT NULL;
END
$$;

-- Of all times at which the tracker said that it does not have the issue, the first after the last sighting.
CREATE OR REPLACE FUNCTION note_missing(pk bigint) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
BEGIN ATOMIC
    UPDATE issues AS i SET missing_since = m.moment
    FROM (
        SELECT min(e.occurred_at) AS moment
        FROM issues AS k JOIN session_errors AS e ON e.error_detail ->> 'issue_id' = k.issue_id
        WHERE k.issue_pk = pk AND e.error_detail ->> 'exception' = 'IssueNotAvailable' AND e.occurred_at > k.last_crawled_at
    ) AS m
    WHERE i.issue_pk = pk AND (i.missing_since > m.moment OR i.missing_since IS NULL AND m.moment IS NOT NULL);
END;

CREATE OR REPLACE FUNCTION upsert_issue(document jsonb, session_uuid uuid DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    seen_at timestamptz := coalesce((document #>> '{crawl,crawled_at}')::timestamptz, now());
    hash text := coalesce(
        nullif(document #>> '{crawl,content_hash}', ''), encode(sha256(convert_to((document - 'crawl')::text, 'UTF8')), 'hex'));
    given issues := jsonb_populate_record(NULL::issues, document);
    stored issues;
    session bigint;
    seen_before timestamptz;
    is_new boolean := false;
    is_older boolean;
    is_changed boolean;
    added boolean;
BEGIN
    IF session_uuid IS NOT NULL THEN
        SELECT s.session_id INTO session FROM crawl_sessions AS s WHERE s.session_uuid = upsert_issue.session_uuid;
        IF session IS NULL THEN
            RAISE EXCEPTION 'there is no session %', session_uuid USING ERRCODE = 'no_data_found';
        END IF;
    END IF;
    SELECT i.* INTO stored FROM issues AS i WHERE i.issue_id = given.issue_id FOR NO KEY UPDATE;
    IF stored.issue_pk IS NULL THEN
        INSERT INTO issues AS i (issue_id, title, full_data, first_crawled_at, last_crawled_at, created_at, updated_at)
        VALUES (given.issue_id, given.title, document, seen_at, seen_at, seen_at, seen_at)
        ON CONFLICT (issue_id) DO NOTHING RETURNING i.* INTO stored;
        is_new := stored.issue_pk IS NOT NULL;
        IF NOT is_new THEN
            SELECT i.* INTO STRICT stored FROM issues AS i WHERE i.issue_id = given.issue_id FOR NO KEY UPDATE;
        END IF;
    END IF;
    is_older := seen_at < stored.last_crawled_at;
    SELECT l.created_at INTO seen_before FROM session_issues AS l
    WHERE l.session_id = session AND l.issue_pk = stored.issue_pk AND l.created_at < seen_at;
    is_changed := NOT is_older AND (stored.content_hash IS DISTINCT FROM hash OR coalesce(seen_before = stored.updated_at, false));
    IF is_changed THEN
        UPDATE issues AS i SET
            title = given.title, description = given.description, product = given.product, version = given.version,
            module = given.module, status = given.status, priority = given.priority, severity = given.severity,
            issue_type = given.issue_type, reporter = given.reporter, owner = given.owner, handler = given.handler,
            manager = given.manager, registered_date = given.registered_date, modified_date = given.modified_date,
            closed_date = given.closed_date, project_code = given.project_code, project_name = given.project_name,
            site = given.site, customer = given.customer, found_version = given.found_version,
            fixed_version = given.fixed_version, target_version = given.target_version, error_code = given.error_code,
            bug_number = given.bug_number, url = given.url, content_hash = hash, full_data = document, updated_at = seen_at
        WHERE i.issue_pk = stored.issue_pk;
        PERFORM write_comments(stored.issue_pk, document -> 'comments', seen_at);
        PERFORM write_history(stored.issue_pk, document -> 'history', seen_at);
        PERFORM write_attachments(stored.issue_pk, document -> 'attachments', seen_at, session);
    END IF;
    IF session IS NOT NULL THEN
        -- A link that was there already is brought up to date and not counted again (xmax = 0: it was inserted).
        INSERT INTO session_issues AS l (
            session_id, issue_pk, created_at, crawl_order, crawl_duration_ms, depth, had_errors, found_by, found_from,
            error_message, content_hash, product, status
        )
        SELECT session, stored.issue_pk, seen_at, c.crawl_order, c.duration_ms, c.depth, coalesce(c.had_errors, false),
            c.found_by, c.found_from, c.error_message, hash, given.product, given.status
        FROM jsonb_to_record(coalesce(nullif(document -> 'crawl', 'null'), '{}')) AS c (
            crawl_order integer, duration_ms integer, depth integer, had_errors boolean, found_by text, found_from text,
            error_message text
        )
        ON CONFLICT (session_id, issue_pk) DO UPDATE SET created_at = excluded.created_at,
            crawl_order = excluded.crawl_order, crawl_duration_ms = excluded.crawl_duration_ms, depth = excluded.depth,
            had_errors = excluded.had_errors, found_by = excluded.found_by, found_from = excluded.found_from,
            error_message = excluded.error_message, content_hash = excluded.content_hash, product = excluded.product,
            status = excluded.status
        WHERE excluded.created_at >= l.created_at AND (l.created_at, l.crawl_order, l.crawl_duration_ms, l.depth,
                l.had_errors, l.found_by, l.found_from, l.error_message, l.content_hash, l.product, l.status)
            IS DISTINCT FROM (excluded.created_at, excluded.crawl_order, excluded.crawl_duration_ms, excluded.depth,
                excluded.had_errors, excluded.found_by, excluded.found_from, excluded.error_message,
                excluded.content_hash, excluded.product, excluded.status)
        RETURNING l.xmax = 0 INTO added;
    END IF;
    -- In a statement of its own: updated_at is the time of the content's first sighting, not that of this call.
    IF is_changed OR added IS NOT NULL OR session IS NULL THEN
        UPDATE issues AS i SET
            crawl_count = i.crawl_count + (added IS TRUE AND CURRENT_USER = 'ims_crawl')::integer,
            last_crawled_at = greatest(i.last_crawled_at, seen_at),
            first_crawled_at = CASE WHEN session IS NULL THEN least(i.first_crawled_at, seen_at) ELSE i.first_crawled_at END,
            updated_at = CASE WHEN is_changed THEN seen_at ELSE i.updated_at END,
            missing_since = CASE WHEN i.missing_since > seen_at THEN i.missing_since END
        WHERE i.issue_pk = stored.issue_pk;
    END IF;
    IF seen_before IS NOT NULL THEN
        PERFORM forget_sighting(stored.issue_pk, seen_before);
    END IF;
    IF is_older AND added IS NOT NULL THEN
        PERFORM note_older_copy(stored.issue_pk, document, seen_at, session);
    END IF;
    IF is_new OR stored.missing_since IS NOT NULL THEN
        PERFORM note_missing(stored.issue_pk);
    END IF;
    RETURN stored.issue_pk;
END
$$;
COMMENT ON FUNCTION upsert_issue(jsonb, uuid) IS
    'Writes an issue with all that hangs on it, from a document as its file holds it, as seen by a session; returns issue_pk.';

-- Triggers ----------------------------------------------------------------------------------------------------------

-- The crawl writes the times that its files hold, so that loading them again gives the same rows. Counting a sighting
-- does not change an issue.
CREATE OR REPLACE TRIGGER update_updated_at BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION update_updated_at();
CREATE OR REPLACE TRIGGER update_updated_at BEFORE UPDATE ON favourite_queries
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION update_updated_at();
CREATE OR REPLACE TRIGGER update_updated_at BEFORE UPDATE OF name, cron, time_zone, arguments, is_active ON schedules
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION update_updated_at();
CREATE OR REPLACE TRIGGER update_updated_at BEFORE UPDATE ON crawl_sessions
    FOR EACH ROW WHEN (CURRENT_USER <> 'ims_crawl' AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION update_updated_at();
CREATE OR REPLACE TRIGGER update_updated_at BEFORE UPDATE OF
    issue_id, title, description, product, version, module, status, priority, severity, issue_type, reporter, owner, handler,
    manager, registered_date, modified_date, closed_date, project_code, project_name, site, customer, found_version,
    fixed_version, target_version, error_code, bug_number, url, full_data ON issues
    FOR EACH ROW WHEN (CURRENT_USER <> 'ims_crawl' AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION update_updated_at();

CREATE OR REPLACE TRIGGER sessions_claimed BEFORE INSERT ON crawl_sessions
    FOR EACH ROW WHEN (CURRENT_USER <> 'ims_crawl') EXECUTE FUNCTION sessions_claimed();
CREATE OR REPLACE TRIGGER sessions_inserted AFTER INSERT ON crawl_sessions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sessions_inserted();
CREATE OR REPLACE TRIGGER sessions_updated AFTER UPDATE ON crawl_sessions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sessions_updated();
CREATE OR REPLACE TRIGGER sessions_deleted AFTER DELETE ON crawl_sessions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION sessions_deleted();
CREATE OR REPLACE TRIGGER queries_inserted AFTER INSERT ON search_queries
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION queries_changed();
CREATE OR REPLACE TRIGGER queries_updated AFTER UPDATE ON search_queries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION queries_updated();
CREATE OR REPLACE TRIGGER queries_deleted AFTER DELETE ON search_queries
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION queries_changed();
CREATE OR REPLACE TRIGGER links_as_seen BEFORE INSERT ON session_issues
    FOR EACH ROW WHEN (
        CURRENT_USER <> 'ims_crawl' AND NEW.content_hash IS NULL AND NEW.product IS NULL AND NEW.status IS NULL)
    EXECUTE FUNCTION links_as_seen();
CREATE OR REPLACE TRIGGER links_inserted AFTER INSERT ON session_issues
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION links_inserted();
CREATE OR REPLACE TRIGGER links_updated AFTER UPDATE ON session_issues
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION links_updated();
CREATE OR REPLACE TRIGGER links_deleted AFTER DELETE ON session_issues
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION links_deleted();
CREATE OR REPLACE TRIGGER issues_deleted AFTER DELETE ON issues FOR EACH STATEMENT EXECUTE FUNCTION issues_deleted();
CREATE OR REPLACE TRIGGER first_sighting_changed AFTER UPDATE OF first_crawled_at ON issues
    FOR EACH ROW WHEN (CURRENT_USER <> 'ims_crawl' AND OLD.first_crawled_at IS DISTINCT FROM NEW.first_crawled_at)
    EXECUTE FUNCTION first_sighting_changed();

-- The audit trail. What a crawl brings is told by its session; what anybody else does to shared rows is written down row
-- by row, and not what follows from it (pg_trigger_depth() is 0 for what a statement says itself).
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION write_audit('user_id');
CREATE OR REPLACE TRIGGER audit AFTER UPDATE ON archive_settings
    FOR EACH ROW EXECUTE FUNCTION write_audit('only_row');
-- What a schedule says, not when it ran: that, its sessions tell.
CREATE OR REPLACE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF name, cron, time_zone, arguments, is_active ON schedules
    FOR EACH ROW EXECUTE FUNCTION write_audit('schedule_id');
CREATE OR REPLACE TRIGGER audit_created_and_deleted AFTER INSERT OR DELETE ON crawl_sessions
    FOR EACH ROW EXECUTE FUNCTION write_audit('session_id');
CREATE OR REPLACE TRIGGER audit_changed AFTER UPDATE ON crawl_sessions
    FOR EACH ROW WHEN (CURRENT_USER <> 'ims_crawl' OR (OLD.status, OLD.user_id) IS DISTINCT FROM (NEW.status, NEW.user_id))
    EXECUTE FUNCTION write_audit('session_id');
DO $$
DECLARE
    audited record;
BEGIN
    FOR audited IN SELECT * FROM (VALUES
        ('search_queries', 'query_id'), ('session_errors', 'error_id'), ('session_issues', 'session_issue_id'),
        ('issues', 'issue_id'), ('issue_comments', 'comment_id'), ('issue_history', 'history_id'),
        ('attachments', 'attachment_id')
    ) AS tables (name, key) LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW
             WHEN (CURRENT_USER <> ''ims_crawl'' AND pg_trigger_depth() = 0) EXECUTE FUNCTION write_audit(%L)',
            audited.name, audited.key);
    END LOOP;
END
$$;
CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER refuse_truncation BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER refuse_truncation BEFORE TRUNCATE ON audit_log_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

COMMIT;
