"""Brings a database's schema into being, or up to date, without psql: once at a time, as often as one likes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from ims_spiders.exceptions import ConfigurationError, DatabaseNewer, DatabaseOutdated

SCRIPTS = (
    "02_create_database_schema.sql",
    "03_create_indexes.sql",
    "04_create_functions.sql",
    "04_create_search_words.sql",
    "04_create_search.sql",
    "04_create_jobs.sql",
    "05_create_views.sql",
    "06_create_roles.sql",
)
SAMPLES = "07_initial_data.sql"
VERSION = "4"
"""The version that the scripts make; the newest revision in migrations/versions bears the same name."""
OLDER = ("1", "2", "3")
"""The versions that revisions lead up from, oldest first."""
LOCK = 0x1D5_5C4E
"""Key of the advisory lock: two crawls that start at once must not both create the schema."""
LOCK_SECONDS = 60
RECORDS = (("alembic_version", "version_num"), ("schema_version", "version::text"))
"""Where the version is written down: now, and in version 1."""


def initialise(engine: Engine, schema: str = "ims", samples: bool = False, upgrade: bool = True) -> bool:
    """Bring the database's schema up to this version, in one transaction. Returns whether anything had to be done.

    `samples` adds invented rows to look at. With `upgrade` an older schema is brought up to date; without, it raises
    DatabaseOutdated. Raises DatabaseNewer for one of a newer program, ConfigurationError when others keep its tables
    locked, sqlalchemy.exc.OperationalError when the server is away, ProgrammingError when the account may not create.
    """
    if not samples and is_initialised(engine, schema):
        return False
    with alone(engine, schema) as connection:
        version = read_version(connection, schema)
        if version is None:
            run_scripts(connection, SCRIPTS)
            load_packaged_synonyms(connection, schema)
        elif is_outdated(version):
            if not upgrade:
                raise DatabaseOutdated(
                    f"schema {schema} is version {version}, needed is {VERSION}: run `ims db upgrade`"
                )
            from ims_spiders.db.upgrade import apply_revisions

            apply_revisions(connection, schema)
        if samples:
            run_scripts(connection, [SAMPLES])
        return samples or version != VERSION


def is_initialised(engine: Engine, schema: str = "ims") -> bool:
    """Whether the schema is there in this version. Raises DatabaseNewer for a newer one."""
    version = schema_version(engine, schema)
    return version is not None and not is_outdated(version)


def schema_version(engine: Engine, schema: str = "ims") -> str | None:
    """The version of the schema in the database, or None when it is not there."""
    with engine.connect() as connection:
        return read_version(connection, schema)


def read_version(connection: Connection, schema: str) -> str | None:
    """The same over a connection, as part of its transaction."""
    for table, column in RECORDS:
        name = f'"{schema}".{table}'
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
            version: str | None = connection.scalar(text(f"SELECT max({column}) FROM {name}"))  # noqa: S608 - checked
            if version is not None:
                return version
    return None


def is_outdated(version: str) -> bool:
    """Whether revisions lead from this version to the present one. Raises DatabaseNewer when it is none of ours."""
    if version not in (*OLDER, VERSION):
        raise DatabaseNewer(
            f"the schema is version {version}, and this program knows {VERSION}: use a newer ims_spiders; "
            "nothing was changed"
        )
    return version != VERSION


@contextmanager
def alone(engine: Engine, schema: str) -> Iterator[Connection]:
    """A transaction in which nobody else changes a schema, set up for the scripts. What fails in it is undone whole."""
    try:
        with engine.begin() as connection:
            # Tables of millions of rows take longer than a statement of the product may.
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            connection.exec_driver_sql("SELECT set_config('ims.schema', %s, true)", (schema,))
            yield connection
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != "55P03":
            raise
        message = (
            "others have been using the archive's tables for too long; end crawls and other programs, then try again"
        )
        raise ConfigurationError(message) from error


def run_scripts(connection: Connection, names: Iterable[str]) -> None:
    """Run scripts as part of the connection's transaction."""
    for name in names:
        connection.exec_driver_sql(without_transaction(script(name)), execution_options={"no_parameters": True})


def load_packaged_synonyms(connection: Connection, schema: str) -> None:
    """Have searches know the words for the same thing that the package brings; what is loaded already takes no time."""
    synonyms = (files("ims_spiders") / "search" / "synonyms.txt").read_text(encoding="utf-8")
    connection.exec_driver_sql(f"SELECT \"{schema}\".load_synonyms(%s, 'packaged')", (synonyms,))


def without_transaction(sql: str) -> str:
    """A script's text without the lines that make it a transaction of its own."""
    return re.sub(r"^(BEGIN|COMMIT);$", "", sql, flags=re.MULTILINE)


def script(name: str) -> str:
    """The text of one of the package's SQL scripts."""
    return (files("ims_spiders.db") / "sql" / name).read_text(encoding="utf-8")
