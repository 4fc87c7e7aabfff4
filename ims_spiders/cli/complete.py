"""What the shell may complete a value with: names from the archive. Nothing is started, waited for or said for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

MOST_SESSIONS = 30
"""The newest ones."""
SECONDS = 2
"""How long a database that does not answer may hold up whoever pressed Tab."""
SHELL_VARIABLE = "_IMS_COMPLETE"
"""Set by the completion script: `complete_bash` and the like."""

Completer = Callable[[str], list[str]]


def _harmless(names: Callable[[], Iterable[str]]) -> Completer:
    """Those that begin with what was typed; none when they cannot be had."""

    # Not with functools.wraps: typer looks at the parameters, and would find those of `names`.
    def complete(incomplete: str) -> list[str]:
        try:
            found = [name for name in names() if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - a message would land in the middle of somebody's command line
            return []
        return [_word(name) for name in found]

    complete.__doc__ = names.__doc__
    return complete


@_harmless
def products() -> Iterable[str]:
    """The products of the archive's issues."""
    return _names("SELECT DISTINCT product AS name FROM \"{schema}\".issues WHERE product <> '' ORDER BY product")


@_harmless
def schedules() -> Iterable[str]:
    """The schedules that the login may see."""
    return _names('SELECT DISTINCT name FROM "{schema}".schedules ORDER BY name')


@_harmless
def favourites() -> Iterable[str]:
    """The favourites that the login may see."""
    return _names('SELECT DISTINCT name FROM "{schema}".favourite_queries ORDER BY name')


@_harmless
def sessions() -> Iterable[str]:
    """`last`, and the sessions that have not ended well, newest first."""
    from ims_spiders.cli.dbsettings import data_dir
    from ims_spiders.db.files import session_folders

    newest = list(session_folders(data_dir()))[::-1][:MOST_SESSIONS]
    records = [folder.read_session() for folder in newest]
    return ["last", *(record["session_uuid"][:8] for record in records if record.get("exit_code") != 0)]


def _names(statement: str) -> list[str]:
    """Raises whatever a database that is not there does."""
    from sqlalchemy import text

    from ims_spiders.cli.dbsettings import data_dir, database_config
    from ims_spiders.db.engine import configured_url, connect, open_engine, uses_embedded

    config = database_config()
    waiting: dict[str, Any] = {"connect_timeout": SECONDS, "options": f"-c statement_timeout={SECONDS}s"}
    engine = (
        connect(config, data_dir(), start_embedded=False)
        if uses_embedded(config)
        else open_engine(configured_url(config), config, waiting)
    )
    with engine.connect() as connection:
        return [row.name for row in connection.execute(text(statement.format(schema=config.schema_name)))]


def _word(name: str) -> str:
    """As one word: bash takes what it is given as it stands, other shells quote it themselves."""
    if os.environ.get(SHELL_VARIABLE, "").endswith("_bash"):
        return "".join(char if char.isalnum() or char in "_-./:@+" else f"\\{char}" for char in name)
    return name
