-- Writes the psql script that makes what pg_dump leaves out: extensions, the archive's roles, who is a member of which, and
-- the rights to the database. Read by backup.sh through psql -A -t; :schema is the archive's. Each role and membership is
-- only made where it is missing. Passwords are backup_passwords.sql's.
--
-- pg_dumpall --roles-only would need a superuser, would bring the roles of everything else on the server, and would give the
-- owner of the new archive the password of the old one.

SELECT DISTINCT format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;', e.extname, s.nspname)
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_depend AS d ON d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.refclassid = 'pg_extension'::regclass
JOIN pg_extension AS e ON e.oid = d.refobjid
JOIN pg_namespace AS s ON s.oid = e.extnamespace
WHERE n.nspname IN (:'schema', :'schema' || '_private');

SELECT format('SET ROLE %I;', r.rolname)
FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner WHERE n.nspname = :'schema';

-- The groups, their members and the archive's users: not the owner, who restores, and not the users of other archives on the
-- server, whose comments say so (ims_spiders/db/accounts.py).
WITH RECURSIVE candidates (oid) AS (
    SELECT oid FROM pg_roles
    WHERE rolname IN ('ims_admin', 'ims_user', 'ims_readonly', 'ims_service', 'ims_crawl')
        OR rolname IN (SELECT database_role FROM :"schema".users)
    UNION
    SELECT m.member FROM pg_auth_members AS m JOIN candidates AS c ON c.oid = m.roleid
), owner AS (
    SELECT nspowner AS oid FROM pg_namespace WHERE nspname = :'schema'
), described AS (
    SELECT r.*, shobj_description(r.oid, 'pg_authid') AS comment,
        format(' of the archive %s.%s', current_database(), :'schema') AS ours
    FROM pg_roles AS r JOIN candidates USING (oid)
    WHERE NOT r.rolsuper AND r.oid NOT IN (SELECT oid FROM owner)
), archive AS (
    SELECT * FROM described
    WHERE comment IS NULL OR comment NOT LIKE 'user % of the archive %' OR right(comment, length(ours)) = ours
), statements (place, name, condition, statement) AS (
    SELECT 1, rolname::text, format('NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %L)', rolname),
        format('CREATE ROLE %I %s %s CONNECTION LIMIT %s%s', rolname, CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
            CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END, rolconnlimit,
            ' VALID UNTIL ' || quote_literal(rolvaliduntil))
    FROM archive
    UNION ALL
    SELECT 2, rolname, format('shobj_description(%L::regrole, ''pg_authid'') IS DISTINCT FROM %L', quote_ident(rolname), comment),
        format('COMMENT ON ROLE %I IS %L', rolname, comment)
    FROM archive WHERE comment IS NOT NULL
    UNION ALL
    -- What the owner has by having made a role comes by itself.
    SELECT 3, g.rolname || ' ' || r.rolname,
        format('NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = %L::regrole AND member = %L::regrole'
            ' AND (inherit_option OR NOT %L) AND (set_option OR NOT %L))',
            quote_ident(g.rolname), quote_ident(r.rolname), m.inherit_option, m.set_option),
        format('GRANT %I TO %I WITH ADMIN %s, INHERIT %s, SET %s', g.rolname, r.rolname,
            m.admin_option::text, m.inherit_option::text, m.set_option::text)
    FROM pg_auth_members AS m
    JOIN archive AS g ON g.oid = m.roleid
    JOIN pg_roles AS r ON r.oid = m.member
    WHERE r.oid IN (SELECT oid FROM archive) OR (r.oid IN (SELECT oid FROM owner) AND NOT m.admin_option)
)
SELECT line FROM (
    SELECT format('SELECT %L WHERE %s \gexec', statement, condition), place, name FROM statements
    UNION ALL
    -- Who may connect; nothing is said where nothing was.
    SELECT 'REVOKE ALL ON DATABASE :"database" FROM PUBLIC;', 4, ''
    FROM pg_database AS d
    WHERE d.datname = current_database() AND d.datacl IS NOT NULL
        AND NOT EXISTS (SELECT FROM aclexplode(d.datacl) AS a WHERE a.grantee = 0)
    UNION ALL
    SELECT format('GRANT %s ON DATABASE :"database" TO %I;', a.privilege_type, r.rolname), 5, r.rolname || a.privilege_type
    FROM pg_database AS d
    CROSS JOIN aclexplode(d.datacl) AS a
    JOIN archive AS r ON r.oid = a.grantee
    WHERE d.datname = current_database()
) AS lines (line, place, name)
ORDER BY place, name;
