"""Questions under a name of one's own, to be asked again."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.db.history import Question
from ims_spiders.db.own import own_rows
from ims_spiders.exceptions import ConfigurationError

COMMAND = "_command"
"""In the arguments of a search; the spider leaves alone what begins so."""

_ADD = """
    INSERT INTO {schema}.favourite_queries (user_id, name, arguments)
    SELECT user_id, :name, CAST(:arguments AS jsonb) FROM {schema}.users WHERE username = :username
    ON CONFLICT (user_id, name) DO NOTHING RETURNING favourite_id"""
_LIST = """
    SELECT f.name, f.arguments, f.created_at FROM {schema}.favourite_queries AS f
    JOIN {schema}.users AS u USING (user_id)
    WHERE u.username = :username AND (CAST(:name AS text) IS NULL OR f.name = :name) ORDER BY f.name"""
_FORGET = """
    DELETE FROM {schema}.favourite_queries AS f USING {schema}.users AS u
    WHERE u.user_id = f.user_id AND u.username = :username AND f.name = :name"""


def add_favourite(engine: Engine, user: str | None, name: str, what: Question, schema: str = "ims") -> None:
    """Keep it under this name. Raises ConfigurationError for a name that is taken, blank, or a number."""
    name = name.strip()
    if not name or name.isdecimal():
        raise ConfigurationError("a favourite needs a name that is no number; numbers are those of `ims history`")
    kept = what.arguments | ({COMMAND: "search"} if what.searched else {})
    with own_rows(engine, user, schema) as (connection, username):
        values = {"username": username, "name": name, "arguments": json.dumps(kept)}
        if connection.execute(_sql(_ADD, schema), values).first() is None:
            raise ConfigurationError(
                f"{username} has a favourite {name!r} already; `ims history forget` makes room, or take another name"
            )


def list_favourites(engine: Engine, user: str | None = None, schema: str = "ims") -> list[dict[str, Any]]:
    """The user's favourites by name: name, searched, arguments, created_at."""
    return _favourites(engine, user, None, schema)[1]


def find_favourite(engine: Engine, user: str | None, name: str, schema: str = "ims") -> Question:
    """What this user keeps under the name. Raises ConfigurationError when that is nothing."""
    username, found = _favourites(engine, user, name.strip(), schema)
    if not found:
        raise _unknown(username, name)
    return Question(found[0]["searched"], found[0]["arguments"])


def forget_favourite(engine: Engine, user: str | None, name: str, schema: str = "ims") -> None:
    """Keep it no more. Raises ConfigurationError when there is none of this name."""
    with own_rows(engine, user, schema) as (connection, username):
        if not connection.execute(_sql(_FORGET, schema), {"username": username, "name": name.strip()}).rowcount:
            raise _unknown(username, name)


def _favourites(engine: Engine, user: str | None, name: str | None, schema: str) -> tuple[str, list[dict[str, Any]]]:
    with own_rows(engine, user, schema) as (connection, username):
        found = connection.execute(_sql(_LIST, schema), {"username": username, "name": name})
        rows = [dict(row) for row in found.mappings()]
    for row in rows:
        row["arguments"] = dict(row["arguments"])
        row["searched"] = row["arguments"].pop(COMMAND, None) == "search"
    return username, rows


def _unknown(username: str, name: str) -> ConfigurationError:
    return ConfigurationError(f"{username} has no favourite {name!r}; `ims history --favourites` shows them")


def _sql(statement: str, schema: str) -> Any:
    return text(statement.format(schema=f'"{schema}"'))
