#!/bin/sh
# Makes the archive's database and its schema with psql: sql/01 to 07 in order. Running it again changes nothing.
#
# `ims db init` does the same without psql, and `ims db upgrade` brings an older schema up to date.
set -eu

VERSION=4     # of the schema that the scripts make
LOCK=30760014 # the advisory lock that `ims` takes as well: one at a time
OLDEST=16     # PostgreSQL
LC_ALL=C
export LC_ALL

usage() {
    cat <<'END'
Usage: deploy/setup_database.sh [OPTION]...
Make the archive's database, if it is missing, and its schema. Running it again changes nothing.

  --host HOST            the server (default: PGHOST, or the local socket)
  --port PORT            its port (default: PGPORT, or 5432)
  --user USER            who connects and will own what is made (default: PGUSER, or your account's name)
  --database NAME        the database (default: PGDATABASE, or ims_crawler)
  --schema NAME          the schema in it (default: ims)
  --tablespace-dir DIR   put the data into DIR, an empty directory on the server; USER must be a superuser
  --skip-tablespace      leave the data where the server puts it (the same without --tablespace-dir, without a message)
  --with-samples         add invented users, a session and an issue to look at
  --dry-run              run everything in one transaction and roll it back: errors show, nothing changes
  --help                 show this

The password comes from PGPASSWORD or from ~/.pgpass. USER needs CREATEDB where the database is missing, and CREATEROLE.
Exit code: 0 done, 1 it could not be done, 2 wrong option.
END
}

fail() {
    printf 'setup_database.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

misused() {
    fail "$1; see deploy/setup_database.sh --help" 2
}

say() {
    printf '%s\n' "$1"
}

schema=ims
tablespace_dir=
skip_tablespace=
samples=
dry_run=

while [ $# -gt 0 ]; do
    case $1 in
        --*=*)
            option=${1%%=*}
            value=${1#*=}
            shift
            set -- "$option" "$value" "$@"
            ;;
    esac
    case $1 in
        --host | --port | --user | --database | --schema | --tablespace-dir)
            [ $# -ge 2 ] && [ -n "$2" ] || misused "$1 needs a value"
            ;;
    esac
    case $1 in
        --host) export PGHOST="$2"; shift ;;
        --port) export PGPORT="$2"; shift ;;
        --user) export PGUSER="$2"; shift ;;
        --database) export PGDATABASE="$2"; shift ;;
        --schema) schema=$2; shift ;;
        --tablespace-dir) tablespace_dir=$2; shift ;;
        --skip-tablespace) skip_tablespace=yes ;;
        --with-samples) samples=yes ;;
        --dry-run) dry_run=yes ;;
        --help) usage; exit 0 ;;
        *) misused "there is no option $1" ;;
    esac
    shift
done

case ${PGPORT:-5432} in
    *[!0-9]*) misused "--port must be a number, not $PGPORT" ;;
esac
case $schema in
    [!A-Za-z_]* | *[!A-Za-z0-9_]*) misused "--schema must consist of letters, digits and _, and not begin with a digit" ;;
esac
[ ${#schema} -le 55 ] || misused "--schema may have 55 letters at most"
[ -z "$skip_tablespace" ] || [ -z "$tablespace_dir" ] || misused "--skip-tablespace and --tablespace-dir exclude each other"

database=${PGDATABASE:-ims_crawler}
export PGDATABASE="$database" PGCLIENTENCODING=UTF8 PGAPPNAME=setup_database.sh
export PGOPTIONS="${PGOPTIONS:-} -c ims.schema=$schema"
sql=$(CDPATH='' cd -- "$(dirname -- "$0")/../sql" && pwd) || fail "the folder sql is not where deploy is"
export SYNONYMS="$sql/../ims_spiders/search/synonyms.txt"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# No psqlrc, no question for a password, bare results, and the first error ends it.
run() {
    psql -X -w -q -A -t -v ON_ERROR_STOP=1 -v "database=$database" -v "schema=$schema" \
        -v "tablespace_dir=$tablespace_dir" "$@"
}

# Answers the query on stdin, asked in the database $1.
ask() {
    PGDATABASE=$1 run -f -
}

# Through which database the server can be asked: the archive's own, or one that every server has.
find_entrance() {
    for entrance in "$database" postgres template1; do
        if server=$(echo 'SHOW server_version_num' | ask "$entrance" 2>>"$scratch/refusals"); then
            return
        fi
    done
    sed 1q "$scratch/refusals" >&2
    fail "cannot connect; look at --host, --port and --user, and have the password in PGPASSWORD or in ~/.pgpass"
}

# The version of the schema that is there, or nothing.
present_version() {
    ask "$database" <<'END'
SELECT to_regclass(format('%I.alembic_version', :'schema')) IS NOT NULL AS has_record,
    to_regclass(format('%I.schema_version', :'schema')) IS NOT NULL AS is_first \gset
\if :has_record
    SELECT version_num FROM :"schema".alembic_version;
\elif :is_first
    SELECT 1;
\endif
END
}

# What the account lacks of the rights for this run, a line for each.
missing_rights() {
    ask "$entrance" <<'END'
SELECT 'CREATEDB, to make the database' FROM pg_roles
WHERE rolname = CURRENT_USER AND NOT (rolcreatedb OR rolsuper)
    AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
UNION ALL
SELECT 'CREATEROLE, to make the roles of sql/06' FROM pg_roles
WHERE rolname = CURRENT_USER AND NOT (rolcreaterole OR rolsuper)
    AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ims_admin')
UNION ALL
SELECT 'SUPERUSER, to make the tablespace (or use --skip-tablespace)' FROM pg_roles
WHERE rolname = CURRENT_USER AND NOT rolsuper AND :'tablespace_dir' <> ''
    AND NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = 'ims_data')
END
}

check_server() {
    [ "$server" -ge "${OLDEST}0000" ] || fail "the server is PostgreSQL $((server / 10000)); needed is $OLDEST or newer"
    missing=$(missing_rights) || fail "the server does not say what this account may do"
    [ -z "$missing" ] || fail "this account lacks $missing"
    known=$(echo "SELECT 1 FROM pg_database WHERE datname = :'database'" | ask "$entrance")
}

create_database() {
    say "creating the database $database"
    ask "$entrance" <<'END' || fail "the database could not be created"
CREATE DATABASE :"database" ENCODING 'UTF8' TEMPLATE template0;
END
}

check_database() {
    encoding=$(echo 'SHOW server_encoding' | ask "$database") || fail "cannot connect to the database $database"
    [ "$encoding" = UTF8 ] || fail "the database $database has the encoding $encoding; make one with ENCODING 'UTF8'"
    version=$(present_version) || fail "cannot read the version of the schema $schema"
    if [ -n "$version" ] && [ "$version" -lt "$VERSION" ]; then
        fail "the schema $schema is version $version, these scripts make $VERSION; bring it up to date: ims db upgrade"
    elif [ -n "$version" ] && [ "$version" -gt "$VERSION" ]; then
        fail "the schema $schema is version $version, these scripts make $VERSION; use those of the newer ims_spiders"
    fi
}

# A tablespace cannot be made in a transaction: its directory is looked at instead.
check_tablespace() {
    ask "$database" <<'END' || fail "the tablespace could not be made there; it needs an empty directory of the server's account"
SELECT count(*) FROM pg_tablespace WHERE spcname = 'ims_data' \gset
\if :count
\else
SELECT 1 / (count(*) = 0)::int FROM pg_ls_dir(:'tablespace_dir') \g /dev/null
\endif
END
    say "would make the tablespace ims_data in $tablespace_dir"
}

# Where new sessions put what they make.
make_tablespace() {
    say "01_create_tablespace.sql"
    run -f "$sql/01_create_tablespace.sql" || fail "stopped at the error above; --skip-tablespace does without"
}

# What loads the words for the same thing; with psql's own means, as the file is no SQL.
write_synonyms() {
    cat >"$scratch/synonyms.sql" <<'END'
\set synonyms `cat "$SYNONYMS"`
SELECT :"schema".load_synonyms(:'synonyms', 'packaged');
END
}

# One session for all scripts, so that the lock holds from the first to the last; the results of queries are not shown.
run_scripts() {
    set -- -o /dev/null -c "SELECT pg_advisory_lock($LOCK)"
    for file in $files; do
        set -- "$@" -c "\\echo $file" -f "$sql/$file"
    done
    set -- "$@" -c "\\echo synonyms.txt" -f "$scratch/synonyms.sql"
    run "$@" || fail "stopped at the error above; put it right and run this again"
}

# The same scripts without their own BEGIN and COMMIT, in a transaction that comes to nothing.
rehearse_scripts() {
    set -- -o /dev/null -c BEGIN -c "SELECT pg_advisory_xact_lock($LOCK)"
    for file in $files; do
        sed -e 's/^BEGIN;$//' -e 's/^COMMIT;$//' "$sql/$file" >"$scratch/$file"
        set -- "$@" -c "\\echo $file" -f "$scratch/$file"
    done
    set -- "$@" -c "\\echo synonyms.txt" -f "$scratch/synonyms.sql"
    run "$@" -c ROLLBACK || fail "this run would have stopped at the error above; nothing was changed"
}

command -v psql >/dev/null || fail "there is no psql on the PATH; install PostgreSQL's client (Debian, Ubuntu: \
postgresql-client, Fedora: postgresql, macOS: libpq), or use \`ims db init\`, which needs none"

files="02_create_database_schema.sql 03_create_indexes.sql 04_create_functions.sql 04_create_search_words.sql \
04_create_search.sql 04_create_jobs.sql 05_create_views.sql 06_create_roles.sql"
[ -z "$samples" ] || files="$files 07_initial_data.sql"

write_synonyms
find_entrance
check_server
if [ -z "$known" ]; then
    if [ -n "$dry_run" ]; then
        say "would create the database $database and run in it: $files"
        say "The account has the rights for it. The scripts can be tried once the database exists. Nothing was changed."
        exit 0
    fi
    create_database
fi
check_database
if [ -n "$dry_run" ]; then
    [ -z "$tablespace_dir" ] || check_tablespace
    rehearse_scripts
    say "All of it works. Nothing was changed."
    exit 0
fi
if [ -n "$tablespace_dir" ]; then
    make_tablespace
elif [ -z "$skip_tablespace" ]; then
    say "01_create_tablespace.sql left out: no --tablespace-dir"
fi
run_scripts
say "The schema $schema in the database $database is ready."
