"""Rows that are somebody's own: a transaction that reads and writes those of one user of the archive."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.identity import INSUFFICIENT_PRIVILEGE, act_as_crawl, become
from ims_spiders.db.rows import database_safe
from ims_spiders.db.sight import sees_everything
from ims_spiders.exceptions import ConfigurationError


@contextmanager
def own_rows(
    engine: Engine, user: str | None, schema: str = "ims", *, make: bool = False
) -> Iterator[tuple[Connection, str]]:
    """A transaction with the user's rows within reach, and the user's name; committed when the block ends well.

    Without a user it is the one whom the database's login belongs to, else the account that runs the program. `make`:
    somebody new is made known, as a crawl would. Raises ConfigurationError for somebody who is not to be seen where
    the login would have to become them, and when the login may not do what the block does.
    """
    try:
        with engine.begin() as connection:
            name, is_login = _whose(connection, user, schema)
            if make and not is_login:
                _make_known(engine, name, schema)
            if not is_login and not sees_everything(connection):
                become(connection, name, schema)
            yield connection, name
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        reason = str(error.orig).strip().splitlines()[0]
        message = f"this login of the database may not do that ({reason}); use a user's own or the owner's: ims db url"
        raise ConfigurationError(message) from error


def _whose(connection: Connection, user: str | None, schema: str) -> tuple[str, bool]:
    """The user's name, and whether the connection's login is theirs."""
    find = text(f'SELECT username FROM "{schema}".users WHERE database_role = CURRENT_USER')  # noqa: S608 - a checked name
    login: str | None = connection.scalar(find)
    name: str = database_safe(user or login or getpass.getuser())
    return name, name == login


def _make_known(engine: Engine, name: str, schema: str) -> None:
    """As a crawl of theirs would, and in a transaction of its own; a login that may not make users makes none."""
    try:
        with engine.begin() as connection:
            act_as_crawl(connection)
            connection.exec_driver_sql(
                f'INSERT INTO "{schema}".users (username) VALUES (%s) ON CONFLICT (username) DO NOTHING',  # noqa: S608
                (name,),
            )
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
