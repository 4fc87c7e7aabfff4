"""What the user of the web sees: everything shared, and of private rows their own, unless they may see everybody's."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.identity import become
from ims_spiders.db.sight import sees_everything
from ims_spiders.exceptions import ConfigurationError

STATEMENT_SECONDS = 15
NOBODY = -1
_BEGIN = f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"
# Without a name it is the one whom the login belongs to.
_PERSON = """
    SELECT user_id, username, database_role, is_active, database_role = CURRENT_USER AS own FROM {schema}.users
    WHERE username = :name OR (NOT :is_named AND database_role = CURRENT_USER)
    ORDER BY database_role = CURRENT_USER DESC NULLS LAST LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Sight:
    """A reading transaction. `user_id` confines private rows; None: all of them are this user's to see."""

    connection: Connection
    schema: str
    username: str
    user_id: int | None

    def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """The rows of a statement: {schema} is the schema, :user_id the user."""
        found = text(statement.replace("{schema}", f'"{self.schema}"'))
        if ":user_id" in statement:
            parameters["user_id"] = self.user_id
        return self.connection.execute(found, parameters).all()


@contextmanager
def looking(engine: Engine, user: str | None, schema: str) -> Iterator[Sight]:
    """A transaction that sees what the user sees, changes nothing and ends statements that take long.

    `user` None is whose login it is, else the account of this process. Who has a database role is that role in it, so
    that row security decides; a user without one, known from crawls, is told apart by Sight.user_id alone, and one who
    is not known has nothing private. Raises ConfigurationError for a disabled user, and when the login may not see a
    user's rows.
    """
    name = user or getpass.getuser()
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(_BEGIN)
        statement = text(_PERSON.replace("{schema}", f'"{schema}"'))
        person = connection.execute(statement, {"name": name, "is_named": user is not None}).one_or_none()
        if person is None:
            if not sees_everything(connection):
                raise ConfigurationError(
                    f"there is no user {name!r} to be seen with this login; `ims db user list` shows who there is"
                )
            yield Sight(connection, schema, name, NOBODY)
            return
        if not person.is_active:
            raise ConfigurationError(f"the user {person.username!r} is disabled; `ims db user add` lets them in again")
        becomes = not person.own and (person.database_role is not None or not sees_everything(connection))
        if becomes:
            become(connection, person.username, schema)
        everything = (becomes or person.own) and sees_everything(connection)
        yield Sight(connection, schema, person.username, None if everything else person.user_id)
