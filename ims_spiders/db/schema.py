"""Applies the SQL scripts without psql: in order, once at a time, as often as one likes."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

SCRIPTS = ("02_create_database_schema.sql", "03_create_indexes.sql")
VERSION = 1
LOCK = 0x1D5_5C4E
"""Key of the advisory lock: two crawls that start at once must not both create the schema."""


def initialise(engine: Engine, schema: str = "ims") -> bool:
    """Bring the database's schema up to this version. Returns whether anything had to be done.

    Raises sqlalchemy.exc.OperationalError when the server is away, ProgrammingError when the account may not create.
    """
    if is_initialised(engine, schema):
        return False
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (LOCK,))
        try:
            connection.exec_driver_sql("SELECT set_config('ims.schema', %s, false)", (schema,))
            for name in SCRIPTS:
                connection.exec_driver_sql(script(name), execution_options={"no_parameters": True})
        finally:
            # The settings and the lock end with the connection; it must not go back into the pool with them.
            connection.invalidate()
    return True


def is_initialised(engine: Engine, schema: str = "ims") -> bool:
    """Whether the schema is there in this version or a newer one."""
    return (schema_version(engine, schema) or 0) >= VERSION


def schema_version(engine: Engine, schema: str = "ims") -> int | None:
    """The version of the schema in the database, or None when it is not there."""
    statement = text(f'SELECT max(version) FROM "{schema}".schema_version')  # noqa: S608 - a checked name
    try:
        with engine.connect() as connection:
            version: int | None = connection.scalar(statement)
            return version
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) in {"42P01", "3F000"}:
            return None
        raise


def script(name: str) -> str:
    """The text of one of the package's SQL scripts."""
    return (files("ims_spiders.db") / "sql" / name).read_text(encoding="utf-8")
