"""Whose private rows a connection sees: everybody's, its own user's, or those of the user whom it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.identity import ADMIN, READONLY, become
from ims_spiders.exceptions import ConfigurationError


def sees_everything(connection: Connection) -> bool:
    """Whether row security hides nobody's rows from this connection."""
    roles = text(
        "SELECT bool_or(pg_has_role(CURRENT_USER, name, 'USAGE')) FROM unnest(CAST(:roles AS name[])) AS r (name)"
    )
    return bool(connection.scalar(roles, {"roles": [ADMIN, READONLY]}))


@contextmanager
def looking_at(engine: Engine, user: str | None, schema: str = "ims") -> Iterator[tuple[Connection, int | None]]:
    """A transaction that sees the user's rows, and the user's number; without a user what the login may see, and None.

    A login that does not see the user's rows as itself becomes the user. Raises ConfigurationError when there is no
    such user to be seen, or the login may not become one.
    """
    with engine.begin() as connection:
        if user is None:
            yield connection, None
            return
        find = text(f'SELECT user_id, database_role = CURRENT_USER AS own FROM "{schema}".users WHERE username = :user')  # noqa: S608
        found = connection.execute(find, {"user": user}).one_or_none()
        if found is None:
            raise ConfigurationError(f"there is no user {user!r} to be seen; `ims db user list` shows who there is")
        if not found.own and not sees_everything(connection):
            become(connection, user, schema)
        yield connection, found.user_id
