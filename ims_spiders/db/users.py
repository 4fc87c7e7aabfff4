"""The people who use the archive: made known, listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ims_spiders.db.models import User
from ims_spiders.exceptions import ConfigurationError

Role = Literal["user", "admin", "readonly"]


def add_user(
    engine: Engine,
    username: str,
    email: str | None = None,
    full_name: str | None = None,
    department: str | None = None,
    role: Role = "user",
) -> User:
    """Make a user known, or bring what is given up to date for one who is. Returns the user.

    Raises ConfigurationError for a name of nothing but blanks.
    """
    username = username.strip()
    if not username:
        raise ConfigurationError("a user needs a name, for example `ims db user add kim`")
    given = {"email": email, "full_name": full_name, "department": department}
    values = {name: value for name, value in given.items() if value is not None}
    statement = insert(User).values(username=username, role=role, **values)
    changes = {name: statement.excluded[name] for name in (*values, "role")}
    upsert = statement.on_conflict_do_update(index_elements=[User.username], set_=changes).returning(User)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return session.scalars(upsert).one()


def list_users(engine: Engine) -> Sequence[User]:
    """All users by name."""
    with Session(engine) as session:
        return session.scalars(select(User).order_by(User.username)).all()
