#!/bin/sh
# Brings a backup of backup.sh back, to a machine that has no archive yet.
#
# The database comes first and in one transaction, then the files; then `ims db load` brings in what the files say beyond the
# database, because they were copied after it, and `ims db check` compares every row and every byte.
set -eu

name=restore.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/backup_common.sh"

usage() {
    cat <<'END'
Usage: deploy/restore.sh [OPTION]... BACKUP
Bring the archive back from BACKUP, a folder that backup.sh made: files, database, roles and rights.

  --files-only     leave the database out
  --database-only  leave the files out: they are still there
  --ims PATH       the ims that is to have the archive (default: .venv/bin/ims beside deploy, or the PATH's)
  --bin DIR        PostgreSQL's programs of the server's version (default: those that come with ims)
  --dry-run        only check the backup's checksums and that the place for it is free
  --help           show this

Where to: the environment and the .env of the current folder say, as for ims. Nothing is written over: neither sessions nor
attachments may be there, nor the schema in the database. On a server of your own the database must exist, and the account
must be the archive's owner, by the name it had, with CREATEROLE; or a superuser.
Exit code: 0 done, files and database agree; 1 it could not be done; 2 wrong option or setting, or the place is not free.
END
}

backup=
files_only=
database_only=
ims=
bin=
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
        --ims | --bin) [ $# -ge 2 ] && [ -n "$2" ] || misused "$1 needs a value" ;;
    esac
    case $1 in
        --files-only) files_only=yes ;;
        --database-only) database_only=yes ;;
        --ims) ims=$2; shift ;;
        --bin) bin=$2; shift ;;
        --dry-run) dry_run=yes ;;
        --help) usage; exit 0 ;;
        -*) misused "there is no option $1" ;;
        *) [ -z "$backup" ] || misused "one backup, not two: $backup and $1"; backup=$1 ;;
    esac
    shift
done
[ -n "$backup" ] || misused "it needs the backup to bring back"
[ -z "$files_only" ] || [ -z "$database_only" ] || misused "--files-only and --database-only exclude each other"

# What MANIFEST says of $1.
stated() {
    sed -n "s/^$1=//p" "$backup/MANIFEST"
}

check_backup() {
    [ -f "$backup/MANIFEST" ] || fail "$backup is not a backup: it has no MANIFEST" 2
    [ "$(stated format)" = "$FORMAT" ] || fail "$backup has the format $(stated format); use the restore.sh of the program that made it" 2
    [ -z "$database_only" ] || [ -f "$backup/database.dump" ] || fail "$backup has no database: it was made with --files-only" 2
    if [ -n "$files_only" ] || [ ! -f "$backup/database.dump" ]; then
        files_only=yes
    fi
    (cd "$backup" && sha256sum --check --strict --quiet SHA256SUMS >&2) || fail "$backup is damaged: see the files above; take an older one"
    counted=$(find "$backup" -type f ! -name SHA256SUMS | wc -l)
    [ "$counted" -eq "$(wc -l <"$backup/SHA256SUMS")" ] || fail "$backup holds files that are not of the backup"
    say "$backup is whole: $(stated files) files, database: $(stated database)"
}

check_files() {
    for path in "$backup/files"/*; do
        target=$data/${path##*/}
        [ ! -e "$target" ] || [ -z "$(find -H "$target" -type f | head -n 1)" ] ||
            fail "$target is there already; move it away, or set IMS_DATA_DIR to another folder" 2
    done
}

check_database() {
    there=$(query -f - <<'END'
SELECT count(*) FROM pg_namespace WHERE nspname IN (:'schema', :'schema' || '_private')
END
    )
    [ "$there" = 0 ] || fail "the schema $schema is there already in the database $PGDATABASE; give another database, or drop it" 2
    owner=$(stated owner)
    may=$(query -v "owner=$owner" -f - <<'END'
SELECT coalesce(pg_has_role(oid, 'SET'), false) FROM pg_roles WHERE rolname = :'owner'
END
    )
    [ "$may" = t ] || fail "the account $PGUSER is not $owner, whose archive it was, nor may it act for that role; have an administrator
run CREATE ROLE $owner LOGIN CREATEROLE; \\password $owner; ALTER DATABASE $PGDATABASE OWNER TO $owner; and use it in DATABASE_URL" 2
}

restore_database() {
    query -o /dev/null -f "$backup/roles.sql" || fail "stopped at the error above; put it right and run this again"
    [ ! -f "$backup/passwords.sql" ] || { say "SET ROLE \"$owner\";" && cat "$backup/passwords.sql"; } | query -o /dev/null -f - ||
        fail "the passwords of users could not be set"
    # Row security comes with the last part of the dump; without the option pg_restore could not fill the materialized views.
    "$bin/pg_restore" -w --dbname="$PGDATABASE" --role="$owner" --no-owner --single-transaction --exit-on-error \
        --enable-row-security "$backup/database.dump" || fail "the database stays empty for the error above; put it right and run this again"
    say "the database is back"
}

restore_files() {
    mkdir -p "$data"
    cp -a "$backup/files/." "$data/" || fail "not all files could be copied to $data; make room, remove what is there of them, and run it again with --files-only"
    [ ! -d "$data/state" ] || chmod -R go-rwx "$data/state"
    sync -f "$data"
    say "the files are back"
}

# The database as far as the files, and whether the two agree. Crawls that were under way when the backup was made are
# interrupted ones: nobody writes them here.
compare() {
    "$python" -I - "$data" <<'END' || fail "sessions that were under way could not be marked as interrupted"
import sys
from pathlib import Path

from ims_spiders.db.abandoned import interrupt_abandoned

for folder in interrupt_abandoned(Path(sys.argv[1])):
    print(f"{folder.path.name} was under way; to go on: ims crawl --resume {folder.read_session()['session_uuid']}")
END
    "$ims" db upgrade >&2 || fail "ims db upgrade says why not"
    "$ims" db load >&2 || fail "not every file could be loaded: see above; ims db load tries again"
    "$ims" db check >&2 || fail "files and database do not agree: see above; each finding says how to mend it"
}

begin
find_program
read_settings
check_backup
[ -n "$database_only" ] || check_files
if [ -n "$dry_run" ]; then
    say "The place for the files is free. Nothing was changed."
    exit 0
fi
if [ -z "$files_only" ]; then
    [ "$schema" = "$(stated schema)" ] || fail "the backup is of the schema $(stated schema); set DATABASE_SCHEMA to that" 2
    connect
    check_database
    restore_database
fi
[ -n "$database_only" ] || restore_files
if [ -n "$files_only" ]; then
    say "Done. The database: ims db load"
    exit 0
fi
compare
[ "$(stated secrets)" = yes ] ||
    say "Saved logins and passwords were not in the backup: ims db user add NAME --new-password gives a user one."
say "The archive is back."
