"""Who acts in the database: the crawl with its own few rights, a user of the archive for one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from ims_spiders.exceptions import ConfigurationError

ADMIN, USER, READONLY, SERVICE, CRAWL = "ims_admin", "ims_user", "ims_readonly", "ims_service", "ims_crawl"
"""The roles of sql/06_create_roles.sql."""
INSUFFICIENT_PRIVILEGE = "42501"


@contextmanager
def acting_as(engine: Engine, username: str, schema: str = "ims", **options: str | bool) -> Iterator[Connection]:
    """A transaction as this user: what it reads and writes is what the user may; committed when the block ends well.

    `options` are the connection's execution options, such as an isolation level. Raises ConfigurationError for a user
    who is unknown, disabled or has no database role, and when the engine's login may not become others.
    """
    with engine.connect().execution_options(**options) as connection, connection.begin():
        become(connection, username, schema)
        yield connection


def become(connection: Connection, username: str, schema: str = "ims") -> None:
    """Be this user from now until the connection's transaction ends. Raises ConfigurationError as acting_as does."""
    found = connection.exec_driver_sql(
        f'SELECT user_id FROM "{schema}".users WHERE username = %s',  # noqa: S608 - a checked name
        (username,),
    ).one_or_none()
    if found is None:
        raise ConfigurationError(f"there is no user {username!r} to be seen; `ims db user list` shows who there is")
    try:
        connection.exec_driver_sql(f'SELECT "{schema}".set_current_user(%s)', (found.user_id,))
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        reason = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(f"cannot act as {username}: {reason}; see `ims db user list`") from error


def act_as_crawl(connection: Connection) -> None:
    """Have only the rights that a crawl needs until the connection's transaction ends.

    Raises sqlalchemy.exc.ProgrammingError when the login may not; ims_crawl itself and the schema's owner may.
    """
    connection.exec_driver_sql(f"SET LOCAL ROLE {CRAWL}")
