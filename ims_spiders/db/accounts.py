"""The database role of an archive user: made, given its rights, locked out. Identity follows from it."""

from __future__ import annotations

import re
import unicodedata

from psycopg2 import sql
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.identity import ADMIN, INSUFFICIENT_PRIVILEGE, READONLY, SERVICE, USER
from ims_spiders.db.passwords import verifier
from ims_spiders.exceptions import ConfigurationError

GROUPS = {"user": USER, "readonly": READONLY, "admin": ADMIN}
"""The role of users.role."""


def role_name(connection: Connection, username: str, schema: str) -> str:
    """The name of the user's role: the one that was made for this user of this archive before, or a free one."""
    row = connection.exec_driver_sql(
        "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = %s",
        (_marker(connection, username, schema),),
    ).first()
    if row is not None:
        return str(row.rolname)
    plain = unicodedata.normalize("NFKD", username).encode("ascii", "ignore").decode().lower()
    base = "ims_" + (re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "user")
    taken = {row.rolname for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles")}
    return next(name for name in _candidates(base) if name not in taken)


def ensure_role(connection: Connection, name: str, username: str, role: str, schema: str) -> bool:
    """Have a login role with the rights of `role` (user, readonly, admin). Returns whether it had to be made.

    Raises ConfigurationError when the connection's account may not make or grant roles.
    """
    try:
        made = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).first() is None
        if made:
            _run(connection, "CREATE ROLE {} LOGIN", name)
            marker = sql.Literal(_marker(connection, username, schema))
            _run(connection, "COMMENT ON ROLE {} IS {}", name, marker)
        _run(connection, "ALTER ROLE {} LOGIN", name)
        database = sql.Identifier(str(connection.exec_driver_sql("SELECT current_database()").scalar()))
        _run(connection, "GRANT CONNECT ON DATABASE {1} TO {0}", name, database)
        _grant(connection, name, role)
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        reason = str(error.orig).strip().splitlines()[0]
        message = f"cannot make a database role for {username}: {reason}; it takes the archive's owner, with CREATEROLE"
        raise ConfigurationError(message) from error
    return made


def set_password(connection: Connection, name: str, password: str) -> None:
    """Set the role's password; only its SCRAM verifier is sent."""
    secret = verifier(password, name, connection.connection.dbapi_connection)
    _run(connection, "ALTER ROLE {} PASSWORD {}", name, sql.Literal(secret))


def lock_out(connection: Connection, name: str) -> int:
    """Let the role log in no more, take its rights and end its connections; returns how many there were.

    Who logs in before this transaction is committed keeps a connection, which has no rights from then on.
    """
    _run(connection, "ALTER ROLE {} NOLOGIN", name)
    for group in _groups(connection, name):
        _run(connection, "REVOKE {1} FROM {0}", name, sql.Identifier(group))
    _run(connection, "SET LOCAL ROLE {}", name)
    ended = connection.exec_driver_sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()",
        (name,),
    ).scalar()
    connection.exec_driver_sql("RESET ROLE")
    return int(ended or 0)


def _grant(connection: Connection, name: str, role: str) -> None:
    """Membership in the group of the role and in no other. Admins cannot become admins: roles know no circles."""
    wanted = GROUPS[role]
    for group in _groups(connection, name):
        if group != wanted:
            _run(connection, "REVOKE {1} FROM {0}", name, sql.Identifier(group))
    if wanted == ADMIN:
        _run(connection, "REVOKE {} FROM {}", name, sql.Identifier(ADMIN))
        _run(connection, "GRANT {} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE", name)
    else:
        _run(connection, "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", name, sql.Identifier(ADMIN))
    _run(connection, "GRANT {1} TO {0} WITH INHERIT TRUE, SET FALSE", name, sql.Identifier(wanted))
    _run(connection, "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", name, sql.Identifier(SERVICE))


def _groups(connection: Connection, name: str) -> list[str]:
    """The groups that the role is in."""
    asked = "SELECT pg_has_role(%s, %s, 'MEMBER')"
    return [group for group in GROUPS.values() if connection.exec_driver_sql(asked, (name, group)).scalar()]


def _marker(connection: Connection, username: str, schema: str) -> str:
    """What the role's comment says, so that an archive that is made anew knows its users' roles again."""
    database = connection.exec_driver_sql("SELECT current_database()").scalar()
    return f"user {username!r} of the archive {database}.{schema}"


def _candidates(base: str) -> list[str]:
    return [base, *(f"{base}_{number}" for number in range(2, 10_000))]


def _run(connection: Connection, statement: str, name: str, *others: sql.Composable) -> None:
    composed = sql.SQL(statement).format(sql.Identifier(name), *others)
    text = composed.as_string(connection.connection.dbapi_connection)
    connection.exec_driver_sql(text, execution_options={"no_parameters": True})
