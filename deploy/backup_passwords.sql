-- Writes the SQL that gives the archive's users their passwords again, as verifiers and not in clear. Read by backup.sh through
-- psql -A -t, as a superuser or a member of pg_read_all_data. The owner of the new archive keeps the password of there.

SELECT format('ALTER ROLE %I PASSWORD %L;', a.rolname, a.rolpassword)
FROM pg_authid AS a
JOIN :"schema".users AS u ON u.database_role = a.rolname
WHERE a.rolpassword IS NOT NULL
ORDER BY a.rolname;
