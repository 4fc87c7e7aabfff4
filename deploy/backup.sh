#!/bin/sh
# Copies the archive, files and database, into a folder of its own; unchanged files are links to the backup before.
#
# The database first, the files after it: what a crawl stores meanwhile is then in the files and not yet in the dump, which
# `ims db load` mends at the restore. The other way round there would be rows whose files are nowhere. Sessions go before
# attachments for the same reason: an attachment is on the disk before the issue that names it.
set -eu

name=backup.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/backup_common.sh"

usage() {
    cat <<'END'
Usage: deploy/backup.sh [OPTION]... FOLDER
Put a backup of the archive into FOLDER, as FOLDER/<UTC time>. Crawls may go on meanwhile.

  --keep N         afterwards remove all but the newest N backups in FOLDER (default: keep all)
  --files-only     leave the database out; `ims db load` can make its issues and sessions from the files, but neither
                   users, roles, what was asked, the audit trail nor old statistics
  --with-secrets   also saved logins and passwords (state/, and the roles' password verifiers)
  --ims PATH       the ims whose archive it is (default: .venv/bin/ims beside deploy, or the PATH's)
  --bin DIR        PostgreSQL's programs of the server's version (default: those that come with ims)
  --dry-run        look at everything, say what would be done, write nothing
  --help           show this

Which archive: the environment and the .env of the current folder say, as for ims. On a server of your own the account must
be one that row security hides nothing from. FOLDER must be on a file system with hard links.
Exit code: 0 done, 1 it could not be done and FOLDER is as before, 2 wrong option or setting.
END
}

folder=
keep=
files_only=
secrets=
ims=
bin=
dry_run=
work=

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
        --keep | --ims | --bin) [ $# -ge 2 ] && [ -n "$2" ] || misused "$1 needs a value" ;;
    esac
    case $1 in
        --keep) keep=$2; shift ;;
        --files-only) files_only=yes ;;
        --with-secrets) secrets=yes ;;
        --ims) ims=$2; shift ;;
        --bin) bin=$2; shift ;;
        --dry-run) dry_run=yes ;;
        --help) usage; exit 0 ;;
        -*) misused "there is no option $1" ;;
        *) [ -z "$folder" ] || misused "one folder, not two: $folder and $1"; folder=$1 ;;
    esac
    shift
done
[ -n "$folder" ] || misused "it needs the folder that backups go to"
case ${keep:-1} in
    *[!0-9]* | 0*) misused "--keep must be a number of 1 or more, not $keep" ;;
esac

clean_up() {
    rm -rf "$scratch"
    [ -z "$work" ] || rm -rf "$work"
}

# The finished backups, oldest first.
finished() {
    find "$folder" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*T[0-9]*Z' ! -name '*[!0-9TZ]*' 2>/dev/null | sort
}

# Whoever is held by row security would dump a part and not notice; pg_dump would stop, but not say what to do.
check_account() {
    sees_all=$(query -c 'SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = CURRENT_USER')
    [ "$sees_all" = t ] || fail "row security hides rows from the account $PGUSER. Have an administrator run, once:
  CREATE ROLE ims_backup LOGIN BYPASSRLS; GRANT pg_read_all_data TO ims_backup;
  GRANT CONNECT ON DATABASE $PGDATABASE TO ims_backup; \\password ims_backup
and make backups with its name and password in DATABASE_URL"
    there=$(query -f - <<'END'
SELECT to_regclass(format('%I.alembic_version', :'schema')) IS NOT NULL
END
    )
    [ "$there" = t ] || fail "there is no archive in the schema $schema of that database; ims db status shows which it is"
}

# Size, time and path of all files below an entry of the data folder, but for temporary ones and locks.
list() {
    (cd "$data" && find -H "./$1" -type f ! -name '.*' -printf '%s %T@ %p\n') >"$scratch/found" ||
        fail "not everything in $data/$1 could be listed"
    sort "$scratch/found"
}

# What belongs to the archive, sessions first. The database is dumped, Scrapyd's eggs and logs and the demo can be had again.
entries() {
    say sessions
    for path in "$data"/*; do
        case ${path##*/} in
            postgres | scrapyd | demo | sessions) ;;
            state) [ -z "$secrets" ] || say state ;;
            *) say "${path##*/}" ;;
        esac
    done
}

# Which files of the named entry are as in the backup before ($scratch/same), and which are not ($scratch/new).
compare() {
    list "$1" >"$scratch/now"
    comm -12 "$scratch/now" "$scratch/before" | cut -d ' ' -f 3- | cut -c 3- >"$scratch/same"
    comm -23 "$scratch/now" "$scratch/before" | cut -d ' ' -f 3- | cut -c 3- >"$scratch/new"
}

copy() {
    compare "$1"
    [ ! -s "$scratch/same" ] || (cd "$previous/files" && xargs -d '\n' cp -l --parents -t "$work/files" --) <"$scratch/same" ||
        fail "files could not be linked to those of $previous"
    (cd "$data" && xargs -r -d '\n' cp -p --parents -t "$work/files" --) <"$scratch/new" ||
        fail "files could not be copied; put right what is said above and run it again"
    cat "$scratch/now" >>"$work/files.list"
    [ ! -s "$scratch/same" ] || awk 'NR == FNR { same["files/" $0]; next } substr($0, 67) in same' \
        "$scratch/same" "$previous/SHA256SUMS" >>"$work/SHA256SUMS"
    sed 's|^|files/|' "$scratch/new" | (cd "$work" && xargs -r -d '\n' sha256sum --) >>"$work/SHA256SUMS"
}

dump() {
    "$bin/pg_dump" -w --format=custom --no-owner --schema="\"$schema\"" --schema="\"${schema}_private\"" \
        --file="$work/database.dump" || fail "the database could not be dumped"
    # Together: roles.sql is what pg_dump leaves out.
    query -f "$here/backup_roles.sql" >"$work/roles.sql" || fail "the roles could not be written down"
    [ -z "$secrets" ] || query -f "$here/backup_passwords.sql" >"$work/passwords.sql" ||
        fail "the roles' password verifiers could not be read; that takes pg_read_all_data (or leave out --with-secrets)"
}

write_manifest() {
    {
        say "format=$FORMAT"
        say "program=$version"
        say "secrets=${secrets:-no}"
        say "database=$([ -n "$files_only" ] && say no || say "$PGDATABASE")"
        [ -n "$files_only" ] || query -f - <<'END'
SELECT format(E'schema=%s\nschema_version=%s\nowner=%s\nserver=%s', :'schema',
    (SELECT max(version_num) FROM :"schema".alembic_version), n.nspowner::regrole, current_setting('server_version_num'))
FROM pg_namespace AS n WHERE n.nspname = :'schema';
END
        say "files=$(wc -l <"$work/files.list")"
    } >"$work/MANIFEST"
}

# Everything has its checksum; only then is the backup one, and everything on the disk before it has its name.
finish() {
    sort -o "$work/files.list" "$work/files.list"
    write_manifest
    (cd "$work" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | xargs -d '\n' sha256sum --) >>"$work/SHA256SUMS"
    expected=$(find "$work" -type f ! -name SHA256SUMS | wc -l)
    [ "$(wc -l <"$work/SHA256SUMS")" -eq "$expected" ] || fail "not every file has its checksum: a file's name holds a line break?"
    sync -f "$work"
    mv "$work" "$folder/$stamp"
    work=
    sync -f "$folder"
}

remove_old() {
    finished | head -n "-$keep" >"$scratch/old"
    while IFS= read -r old; do
        rm -rf "$old"
        say "removed $old"
    done <"$scratch/old"
}

begin
find_program
read_settings
[ -d "$data/sessions" ] || fail "there are no sessions in $data; is IMS_DATA_DIR right?" 2
if [ -z "$files_only" ]; then
    [ -z "$embedded" ] || [ -e "$data/postgres/cluster/PG_VERSION" ] ||
        fail "there is no database in $data/postgres; --files-only leaves it out, DATABASE_URL names another" 2
    connect
    check_account
fi
entries >"$scratch/entries"
if [ -z "$dry_run" ]; then
    mkdir -p "$folder"
    exec 9>"$folder/.lock"
    flock -n 9 || fail "another backup into $folder is under way"
fi
[ ! -d "$folder" ] || folder=$(CDPATH='' cd -- "$folder" && pwd)
previous=$(finished | tail -n 1)
: >"$scratch/before"
[ -z "$previous" ] || cp "$previous/files.list" "$scratch/before"
if [ -n "$dry_run" ]; then
    while IFS= read -r entry; do
        compare "$entry"
        say "would copy $(wc -l <"$scratch/new") files of $entry, and link $(wc -l <"$scratch/same") to the backup before"
    done <"$scratch/entries"
    [ -n "$files_only" ] || say "would dump the schema $schema of the database $PGDATABASE as $PGUSER"
    say "Nothing was written."
    exit 0
fi

rm -rf "$folder"/.new-*
stamp=$(date -u +%Y%m%dT%H%M%SZ)
[ ! -e "$folder/$stamp" ] || fail "$folder/$stamp is there already; wait a second"
work=$folder/.new-$stamp
mkdir -p "$work/files"
: >"$work/files.list"
[ -n "$files_only" ] || dump
while IFS= read -r entry; do
    copy "$entry"
done <"$scratch/entries"
finish
say "$folder/$stamp: $(sed -n 's/^files=//p' "$folder/$stamp/MANIFEST") files$([ -n "$files_only" ] || say ' and the database')"
[ -z "$keep" ] || remove_old
