-- One queue of crawls for many Scrapyd nodes: taking, renewing, ending and cancelling jobs. Running it again changes nothing.
-- ims.schema as in 02.
--
-- Who takes a job gets a lease on it, and a token: the number of the attempt. The lease is renewed while the job runs; when it is
-- not, because its machine is gone, somebody else takes the job with the next token, and whoever comes with the older one is refused.
-- These functions act as the owner, so that a node reads and changes the queue in these ways only. Times are the server's.

BEGIN;
SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', format('%I, %I, pg_temp', name || '_private', name), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- How long a job waits that has failed so often: twice as long each time, a day at most.
CREATE OR REPLACE FUNCTION job_wait(attempts integer, first_wait interval) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
RETURN least(first_wait * power(2, least(attempts, 20) - 1), interval '1 day');

SELECT set_config('search_path', format('%I, %I, pg_temp', name, name || '_private'), true)
FROM (SELECT coalesce(nullif(current_setting('ims.schema', true), ''), 'ims')) AS setting (name);

-- Returns NULL when a job of this name waits or runs already. Makes the user known, as the crawl itself would.
CREATE OR REPLACE FUNCTION add_job(
    project text, spider text, job text, arguments jsonb, priority double precision, requests integer, max_attempts integer, username text
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    made bigint;
BEGIN
    INSERT INTO users (username) VALUES (add_job.username) ON CONFLICT DO NOTHING;
    INSERT INTO job_queue AS q (project, spider, job, arguments, priority, requests, max_attempts, user_id)
    SELECT add_job.project, add_job.spider, add_job.job, add_job.arguments, add_job.priority, add_job.requests,
        add_job.max_attempts, u.user_id
    FROM users AS u WHERE u.username = add_job.username
    ON CONFLICT (project, job) WHERE status IN ('pending', 'running') DO NOTHING
    RETURNING q.job_id INTO made;
    RETURN made;
END
$$;

-- The next job for a node, or no row. What is first in the line waits until there is room for it, and what is behind it waits with
-- it: else small jobs would keep a large one out for ever. One that is larger than all the room runs when nothing else does.
CREATE OR REPLACE FUNCTION take_job(
    projects text[], node text, account text, host text, lease interval, jobs_per_account integer, requests_per_host integer
) RETURNS TABLE (job_id bigint, project text, spider text, job text, arguments jsonb, token integer, session_uuid uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    of_account integer;
    of_host    integer;
    next_id    bigint;
    wanted     integer;
BEGIN
    -- One at a time for each tracker: two who count at once would both find room.
    PERFORM pg_advisory_xact_lock(hashtextextended('job_queue ' || take_job.host, 0));
    SELECT count(*) FILTER (WHERE q.account = take_job.account), coalesce(sum(q.requests), 0) INTO of_account, of_host
    FROM job_queue AS q WHERE q.status = 'running' AND q.host = take_job.host;
    IF of_account >= jobs_per_account THEN
        RETURN;
    END IF;
    SELECT q.job_id, q.requests INTO next_id, wanted FROM job_queue AS q
    WHERE q.status = 'pending' AND q.due_at <= clock_timestamp() AND q.project = ANY (projects)
    ORDER BY q.priority DESC, q.job_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF next_id IS NULL OR (of_host > 0 AND of_host + wanted > requests_per_host) THEN
        RETURN;
    END IF;
    RETURN QUERY
    UPDATE job_queue AS q SET status = 'running', attempts = q.attempts + 1, node = take_job.node, account = take_job.account,
        host = take_job.host, started_at = clock_timestamp(), lease_until = clock_timestamp() + lease, ended_at = NULL,
        exit_code = NULL, reason = NULL
    WHERE q.job_id = next_id
    RETURNING q.job_id, q.project, q.spider, q.job, q.arguments, q.attempts, q.session_uuid;
END
$$;

-- How often the job was cancelled, or NULL when the lease is somebody else's, or nobody's.
CREATE OR REPLACE FUNCTION renew_job(job_id bigint, token integer, lease interval, session_uuid uuid) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    UPDATE job_queue AS q SET lease_until = clock_timestamp() + renew_job.lease,
        session_uuid = coalesce(renew_job.session_uuid, q.session_uuid)
    WHERE q.job_id = renew_job.job_id AND q.attempts = renew_job.token AND q.status = 'running'
    RETURNING q.cancels;
END;

-- Whether the lease holds, and will until the transaction ends: expire_jobs() passes by a job that is held so, renew_job() and
-- cancel_job() need not wait. A transaction of a machine that was switched off would hold it for hours.
CREATE OR REPLACE FUNCTION hold_job(job_id bigint, token integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM set_config('idle_in_transaction_session_timeout', '60s', true);
    PERFORM FROM job_queue AS q
    WHERE q.job_id = hold_job.job_id AND q.attempts = hold_job.token AND q.status = 'running' FOR KEY SHARE;
    RETURN FOUND;
END
$$;

-- Ends an attempt as `finished`, `failed`, or `again` after a wait while attempts are left. Returns what the job is now, or NULL when
-- the lease is not the caller's any more. What was cancelled does not run again. Without an exit code its process was killed, and its
-- session with it.
CREATE OR REPLACE FUNCTION end_job(job_id bigint, token integer, outcome text, exit_code integer, reason text, first_wait interval) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    WITH left_behind AS (
        UPDATE crawl_sessions AS s SET status = 'interrupted', close_reason = 'killed'
        FROM job_queue AS q
        WHERE q.job_id = end_job.job_id AND q.attempts = end_job.token AND q.status = 'running' AND end_job.exit_code IS NULL
          AND s.session_uuid = q.session_uuid AND s.status = 'running'
    )
    UPDATE job_queue AS q SET
        status = CASE
            WHEN end_job.outcome = 'finished' THEN 'finished'
            WHEN q.cancels > 0 THEN 'cancelled'
            WHEN end_job.outcome = 'again' AND q.attempts < q.max_attempts THEN 'pending'
            ELSE 'failed' END,
        due_at = clock_timestamp() + job_wait(q.attempts, end_job.first_wait),
        ended_at = clock_timestamp(), lease_until = NULL, exit_code = end_job.exit_code, reason = end_job.reason
    WHERE q.job_id = end_job.job_id AND q.attempts = end_job.token AND q.status = 'running'
    RETURNING q.status;
END;

-- Gives the jobs of nodes that are gone to others, those of them that are cancelled or were tried often enough to nobody. What the
-- session has stored stays.
CREATE OR REPLACE FUNCTION expire_jobs(first_wait interval) RETURNS TABLE (job text, token integer, node text, status text)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    WITH gone AS (
        SELECT q.job_id, q.session_uuid FROM job_queue AS q
        WHERE q.status = 'running' AND q.lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED
    ), left_behind AS (
        UPDATE crawl_sessions AS s SET status = 'interrupted', close_reason = 'killed'
        FROM gone WHERE s.session_uuid = gone.session_uuid AND s.status = 'running'
    )
    UPDATE job_queue AS q SET
        status = CASE
            WHEN q.cancels > 0 THEN 'cancelled'
            WHEN q.attempts < q.max_attempts THEN 'pending'
            ELSE 'failed' END,
        due_at = clock_timestamp() + job_wait(q.attempts, expire_jobs.first_wait),
        ended_at = clock_timestamp(), lease_until = NULL, reason = 'its node ' || q.node || ' is gone'
    FROM gone WHERE q.job_id = gone.job_id
    RETURNING q.job, q.attempts, q.node, q.status;
END;

-- What the job was doing: `pending`, and it never starts; `running`, and it hears of it when it renews its lease; or NULL.
CREATE OR REPLACE FUNCTION cancel_job(project text, job text, times integer) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    WITH found AS (
        SELECT q.job_id, q.status FROM job_queue AS q
        WHERE q.project = cancel_job.project AND q.job = cancel_job.job AND q.status IN ('pending', 'running') FOR NO KEY UPDATE
    )
    UPDATE job_queue AS q SET
        cancels = q.cancels + cancel_job.times,
        status = CASE found.status WHEN 'pending' THEN 'cancelled' ELSE 'running' END,
        ended_at = CASE found.status WHEN 'pending' THEN clock_timestamp() END
    FROM found WHERE q.job_id = found.job_id
    RETURNING found.status;
END;

-- Jobs in these states, in the order in which they run or, when they have ended, the latest first. A user sees their own.
CREATE OR REPLACE FUNCTION list_jobs(states text[], most integer) RETURNS TABLE (
    job_id bigint, project text, spider text, job text, status text, priority double precision, arguments jsonb, username text, node text,
    attempts integer, cancels integer, session_uuid uuid, exit_code integer, reason text, created_at timestamptz, due_at timestamptz,
    started_at timestamptz, ended_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT q.job_id, q.project, q.spider, q.job, q.status, q.priority, q.arguments, u.username, q.node, q.attempts, q.cancels,
        q.session_uuid, q.exit_code, q.reason, q.created_at, q.due_at, q.started_at, q.ended_at
    FROM job_queue AS q JOIN users AS u USING (user_id)
    WHERE q.status = ANY (list_jobs.states)
      AND ((u.database_role = acting_role() AND u.is_active) OR EXISTS (
        SELECT FROM unnest(ARRAY['ims_admin', 'ims_readonly', 'ims_crawl']) AS r (name) WHERE pg_has_role(acting_role(), r.name, 'USAGE')))
    ORDER BY CASE WHEN q.status NOT IN ('pending', 'running') THEN q.ended_at END DESC NULLS FIRST, q.priority DESC, q.job_id
    LIMIT list_jobs.most;
END;
COMMENT ON FUNCTION list_jobs(text[], integer) IS
    'Jobs in these states (pending, running, finished, failed, cancelled), at most so many (NULL: all); a user sees their own.';

-- Forgets jobs that have ended, but for the latest.
CREATE OR REPLACE FUNCTION forget_jobs(keep integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
BEGIN ATOMIC
    DELETE FROM job_queue AS q WHERE q.job_id IN (
        SELECT e.job_id FROM job_queue AS e WHERE e.status NOT IN ('pending', 'running')
        ORDER BY e.ended_at DESC, e.job_id DESC OFFSET forget_jobs.keep
    );
END;

COMMIT;
