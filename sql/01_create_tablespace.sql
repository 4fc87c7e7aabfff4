-- Optional, psql only: puts the archive's tables and indexes on a disk of their own.
--
--   psql -v tablespace_dir=/srv/fast/ims -d ims_crawler -f 01_create_tablespace.sql
--
-- Needs a superuser, and an empty directory on the server that belongs to the server's account. Run it before
-- 02_create_database_schema.sql: what is created later in this database lands there by default; what exists stays
-- where it is. Without tablespace_dir, or when the tablespace exists, it changes nothing.

\set ON_ERROR_STOP on
\if :{?tablespace_dir}
\else
\set tablespace_dir ''
\endif

SELECT format('CREATE TABLESPACE ims_data LOCATION %L', :'tablespace_dir')
WHERE :'tablespace_dir' <> '' AND NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = 'ims_data')
\gexec

SELECT format('ALTER DATABASE %I SET default_tablespace = ims_data', current_database())
WHERE EXISTS (SELECT FROM pg_tablespace WHERE spcname = 'ims_data')
  AND NOT EXISTS (
    SELECT FROM pg_db_role_setting AS s
    WHERE s.setrole = 0
      AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND 'default_tablespace=ims_data' = ANY (s.setconfig)
  )
\gexec
