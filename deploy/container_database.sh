#!/bin/sh
# The database container's first start: the archive's owner and its database, and an account for backups. Read by the
# postgres image's entrypoint as its superuser, who afterwards has no password and gets in by the container's socket only.
set -eu

psql -X -q -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'END'
\set password `cat /run/secrets/database_password`
CREATE ROLE ims_owner LOGIN CREATEDB CREATEROLE PASSWORD :'password';
-- Row security must not hide anything from a backup; it may read everything, and change nothing.
CREATE ROLE ims_backup LOGIN BYPASSRLS PASSWORD :'password';
GRANT pg_read_all_data TO ims_backup;
CREATE DATABASE ims_crawler OWNER ims_owner ENCODING 'UTF8' TEMPLATE template0;
GRANT CONNECT ON DATABASE ims_crawler TO ims_backup;
ALTER ROLE postgres PASSWORD NULL;
END
