"""The people who use the archive: made known with a database role of their own, listed, disabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ims_spiders.db.accounts import ensure_role, lock_out, role_name, set_password
from ims_spiders.db.models import CrawlSession, User
from ims_spiders.db.passwords import Passwords
from ims_spiders.exceptions import ConfigurationError

Role = Literal["user", "admin", "readonly"]


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user and how many sessions there are."""

    user: User
    sessions: int


def add_user(
    engine: Engine,
    username: str,
    passwords: Passwords,
    role: Role = "user",
    *,
    schema: str = "ims",
    new_password: bool = False,
    **details: str | None,
) -> User:
    """Make a user known, with a login role; or bring what is given up to date for one who is, and let them in again.

    `details` are email, full_name and department. The role's password is made with the role, or anew on demand.
    Raises ConfigurationError for a name of nothing but blanks, and when the account may not make roles.
    """
    username = username.strip()
    if not username:
        raise ConfigurationError("a user needs a name, for example `ims db user add kim`")
    values = {name: value for name, value in details.items() if value is not None}
    statement = insert(User).values(username=username, role=role, **values)
    changes = {name: statement.excluded[name] for name in (*values, "role")} | {"is_active": True}
    upsert = statement.on_conflict_do_update(index_elements=[User.username], set_=changes).returning(User)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        user = session.scalars(upsert).one()
        connection = session.connection()
        name = user.database_role or role_name(connection, username, schema)
        made = ensure_role(connection, name, username, role, schema)
        if made or new_password:
            set_password(connection, name, passwords.make(name))
        user.database_role = name
    return user


def disable_user(engine: Engine, username: str) -> int:
    """Let a user in no more; what is theirs stays. Returns how many of their connections were ended.

    Raises ConfigurationError when there is no such user.
    """
    with Session(engine) as session, session.begin():
        change = update(User).where(User.username == username).values(is_active=False).returning(User.database_role)
        row = session.execute(change).one_or_none()
        if row is None:
            raise _unknown(username)
        return lock_out(session.connection(), row.database_role) if row.database_role else 0


def find_user(engine: Engine, username: str) -> User:
    """The user of this name. Raises ConfigurationError when there is none."""
    with Session(engine) as session:
        user = session.scalars(select(User).where(User.username == username)).one_or_none()
    if user is None:
        raise _unknown(username)
    return user


def list_users(engine: Engine) -> Sequence[ListedUser]:
    """All users by name."""
    counted = select(CrawlSession.user_id, func.count().label("n")).group_by(CrawlSession.user_id).subquery()
    query: Any = select(User, func.coalesce(counted.c.n, 0)).outerjoin(counted, counted.c.user_id == User.user_id)
    with Session(engine) as session:
        return [ListedUser(user, sessions) for user, sessions in session.execute(query.order_by(User.username))]


def _unknown(username: str) -> ConfigurationError:
    return ConfigurationError(f"there is no user {username!r}; `ims db user list` shows who there is")
