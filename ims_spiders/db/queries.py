"""Keeps what people asked the archive itself, beside what crawls asked the tracker."""

from __future__ import annotations

import getpass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.identity import act_as_crawl
from ims_spiders.db.rows import database_safe


def record_query(engine: Engine, username: str | None, query: dict[str, Any], schema: str = "ims") -> bool:
    """Write a row of search_queries without a session for this user (None: who runs the program).

    Returns whether it was written: a login that may not, or a user who is new to the archive and may not be made by
    it, asks without leaving a trace. What a database cannot hold is replaced.
    """
    row = database_safe(query)
    columns = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    try:
        with engine.begin() as connection:
            act_as_crawl(connection)
            name = database_safe(username or getpass.getuser())
            connection.exec_driver_sql(
                f'INSERT INTO "{schema}".users (username) VALUES (%s) ON CONFLICT (username) DO NOTHING',  # noqa: S608
                (name,),
            )
            connection.exec_driver_sql(
                f'INSERT INTO "{schema}".search_queries (user_id, {columns})'  # noqa: S608 - names of our own
                f' SELECT user_id, {values} FROM "{schema}".users WHERE username = %(username)s',
                row | {"username": name},
            )
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != "42501":
            raise
        return False
    return True
