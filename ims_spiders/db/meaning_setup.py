"""What the search by meaning needs of a database, made on demand: the extension vector, tables and functions."""

from __future__ import annotations

from importlib.resources import files

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.cluster import SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.identity import INSUFFICIENT_PRIVILEGE
from ims_spiders.db.schema import alone
from ims_spiders.exceptions import ConfigurationError

OLDEST = (0, 8)
"""pgvector 0.8 looks further into an index when filters leave too little (hnsw.iterative_scan)."""
_INSTALLED = """
    SELECT e.extversion, quote_ident(n.nspname) AS place
    FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"""
_AVAILABLE = "SELECT FROM pg_available_extensions WHERE name = 'vector'"
_UNCHANGED = "nothing was changed, and searches go by words as before"


def prepare(engine: Engine, schema: str = "ims", server: EmbeddedServer | None = None) -> None:
    """Have the database keep vectors; what is there already stays.

    `server` is the embedded one, whose superuser makes the extension where its owner may not. Raises
    ConfigurationError when there is no extension `vector` of version 0.8 or newer to be had, or the login may not
    make tables in the archive's schema.
    """
    _have_extension(engine, server)
    try:
        with alone(engine, schema) as connection:
            script = (files("ims_spiders.db") / "meaning.sql").read_text(encoding="utf-8")
            place = connection.execute(text(_INSTALLED)).one().place
            connection.exec_driver_sql(script.replace("@vector@", place), execution_options={"no_parameters": True})
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        message = f"only the archive's owner makes and fills what the search by meaning needs; {_UNCHANGED}"
        raise ConfigurationError(message) from error


def _have_extension(engine: Engine, server: EmbeddedServer | None) -> None:
    with engine.connect() as connection:
        version = _version(connection)
        available = connection.execute(text(_AVAILABLE)).first() is not None
    if version is None and not available:
        raise ConfigurationError(
            "this PostgreSQL does not have the extension vector, which the search by meaning needs: install pgvector "
            f"0.8 or newer on its machine; {_UNCHANGED}"
        )
    if version is None:
        _create(engine, server)
        with engine.connect() as connection:
            version = _version(connection)
    if version is not None and _numbers(version) < OLDEST:
        raise ConfigurationError(
            f"the extension vector is of version {version}, and the search by meaning needs 0.8: install a newer "
            f"pgvector, then run ALTER EXTENSION vector UPDATE; {_UNCHANGED}"
        )


def _create(engine: Engine, server: EmbeddedServer | None) -> None:
    """As the login itself, and where that may not as the embedded server's superuser."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        if server is None:
            raise ConfigurationError(
                "the search by meaning needs the extension vector, and this login may not create it: have a superuser "
                f"run CREATE EXTENSION vector; in database {engine.url.database}; {_UNCHANGED}"
            ) from error
        _create_as_superuser(server, str(engine.url.database))


def _create_as_superuser(server: EmbeddedServer, database: str) -> None:
    connection = psycopg2.connect(server.dsn(SUPERUSER, database), password=server.password(SUPERUSER))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
    finally:
        connection.close()


def _version(connection: Connection) -> str | None:
    row = connection.execute(text(_INSTALLED)).one_or_none()
    return row.extversion if row else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
