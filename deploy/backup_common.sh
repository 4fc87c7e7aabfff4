# What backup.sh and restore.sh share; read by them, not run. Needs GNU coreutils and findutils, and the installed `ims`.

FORMAT=1 # of a backup's folder
LC_ALL=C
export LC_ALL
umask 077

fail() {
    printf '%s: %s\n' "$name" "$1" >&2
    exit "${2:-1}"
}

misused() {
    fail "$1; see deploy/$name --help" 2
}

say() {
    printf '%s\n' "$1"
}

# The scratch folder, gone at the end whatever happens; `clean_up` may do more.
begin() {
    scratch=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for tool in comm cp cut find flock sha256sum sort xargs; do
        command -v "$tool" >/dev/null || fail "there is no $tool; install GNU coreutils, findutils and util-linux"
    done
}

clean_up() {
    rm -rf "$scratch"
}

# Sets $ims and $python: those of --ims, of this source tree, or of the PATH.
find_program() {
    if [ -z "$ims" ] && [ -x "$here/../.venv/bin/ims" ]; then
        ims=$here/../.venv/bin/ims
    fi
    ims=$(command -v "${ims:-ims}") || fail "there is no ims here; run make setup, or name it with --ims"
    python=$(dirname "$(readlink -f "$ims")")/python
    [ -x "$python" ] || fail "there is no $python beside ims; name the ims of its environment with --ims"
}

# Sets $data, $schema, $embedded and $version as the product itself reads the environment and .env, and $newest_tools and
# $tools_16, where PostgreSQL's programs that come with it are; empty where it brings none for this machine.
read_settings() {
    settings=$("$python" -I - <<'END'
import sys
from importlib.metadata import version

from ims_spiders.config import load_database_config, load_tracker_config
from ims_spiders.db.cluster import EmbeddedServerError, binary
from ims_spiders.db.engine import uses_embedded
from ims_spiders.exceptions import ImsError


def tools(major=None):
    try:
        return binary("psql", major).parent
    except EmbeddedServerError:
        return ""


try:
    database, data_dir = load_database_config(), load_tracker_config().data_dir.absolute()
except ImsError as error:
    sys.exit(str(error))
print(data_dir, database.schema_name, "yes" if uses_embedded(database) else "", version("ims-spiders"), sep="\n")
print(tools(), tools("16"), sep="\n")
END
    ) || fail "the settings above are wrong" 2
    data=$(line 1) schema=$(line 2) embedded=$(line 3) version=$(line 4) newest_tools=$(line 5) tools_16=$(line 6)
}

line() {
    printf '%s\n' "$settings" | sed -n "$1p"
}

# Has libpq's variables as `ims db psql` sets them: no password in any argument. The embedded server is started, and used
# as its superuser, whom row security hides nothing from.
connect() {
    IMS_BACKUP_ENVIRONMENT=$scratch/environment
    export IMS_BACKUP_ENVIRONMENT
    # shellcheck disable=SC2016 # the shell that psql starts is meant
    "$ims" db psql -X -q -c '\! export -p >"$IMS_BACKUP_ENVIRONMENT"' || fail "the database does not answer"
    # shellcheck disable=SC1091
    . "$scratch/environment"
    [ -z "$embedded" ] || PGUSER=postgres
    PGOPTIONS= PGAPPNAME=$name PGCLIENTENCODING=UTF8
    export PGUSER PGOPTIONS PGAPPNAME PGCLIENTENCODING
    find_tools
}

# Sets $bin: pg_dump and its like of the wheel, version 16 for a server that is, or those of --bin.
find_tools() {
    given=$bin
    bin=${given:-$newest_tools}
    [ -x "$bin/pg_dump" ] && [ -x "$bin/pg_restore" ] ||
        fail "there is no pg_dump and pg_restore in ${bin:-ims} for this machine; name the folder of your server's with --bin" 2
    server=$(query -c 'SHOW server_version_num') || fail "the database does not answer"
    # Later ones write settings that 16 does not know.
    [ -n "$given" ] || [ "$server" -ge 170000 ] || bin=$tools_16
}

# No psqlrc, no question for a password, bare results, and the first error ends it.
query() {
    "$bin/psql" -X -w -q -A -t -v ON_ERROR_STOP=1 -v "schema=$schema" -v "database=$PGDATABASE" "$@"
}
