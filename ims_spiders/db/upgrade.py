"""`ims db upgrade`: leads an older schema to the present version by Alembic's revisions, in one transaction.

Revisions change tables and rows. Functions, triggers, views, roles and policies are what the scripts say: those run
again after the last revision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.schema import (
    SCRIPTS,
    VERSION,
    alone,
    is_outdated,
    load_packaged_synonyms,
    read_version,
    run_scripts,
    schema_version,
)
from ims_spiders.exceptions import ConfigurationError

WITHOUT_SEARCH = ("1", "2")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which version a schema was, or is to be, led to which."""

    before: str
    after: str = VERSION

    @property
    def needed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.after


def pending_upgrade(engine: Engine, schema: str = "ims") -> Upgrade:
    """What an upgrade would do; changes nothing.

    Raises ConfigurationError when there is no schema, DatabaseNewer when it is of a newer program.
    """
    return _checked(schema_version(engine, schema), schema)


def upgrade(engine: Engine, schema: str = "ims") -> Upgrade:
    """Lead the schema to the present version; what fails leaves it whole as it was. Raises as pending_upgrade does."""
    with alone(engine, schema) as connection:
        found = _checked(read_version(connection, schema), schema)
        if found.needed:
            apply_revisions(connection, schema)
        return found


def apply_revisions(connection: Connection, schema: str) -> None:
    """Apply what is missing of the revisions, then the scripts, in the connection's transaction (see schema.alone).

    The words of issues that came before there was a search are worked out here: some milliseconds an issue.
    """
    before = read_version(connection, schema)
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": schema})
    with alembic_config(connection, schema) as config:
        command.upgrade(config, VERSION)
    run_scripts(connection, SCRIPTS)
    load_packaged_synonyms(connection, schema)
    # Revisions only note the days whose figures are due: the functions that work them out are the scripts'. Without
    # knowing what was just rewritten the server would plan them so badly that a day takes 276 ms instead of 16.
    connection.execute(text("ANALYZE users, crawl_sessions, search_queries, session_issues, issues"))
    connection.execute(text("SELECT refresh_statistics()"))
    if before in WITHOUT_SEARCH:
        connection.execute(text("SELECT refresh_search()"))


@contextmanager
def alembic_config(connection: Connection, schema: str) -> Iterator[Config]:
    """Alembic's settings for this connection; migrations/env.py reads them. No file is involved."""
    with _folder(files("ims_spiders.db") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes.update(connection=connection, schema=schema)
        yield config


@contextmanager
def _folder(packaged: Traversable) -> Iterator[Path]:
    """A folder of the package as Alembic needs it; out of a zipped egg it is unpacked for as long as it is needed."""
    if isinstance(packaged, Path):
        yield packaged
        return
    with tempfile.TemporaryDirectory() as unpacked:
        _unpack(packaged, Path(unpacked))
        yield Path(unpacked)


def _unpack(packaged: Traversable, folder: Path) -> None:
    for entry in packaged.iterdir():
        place = folder / entry.name
        if entry.is_dir():
            place.mkdir()
            _unpack(entry, place)
        else:
            place.write_bytes(entry.read_bytes())


def _checked(version: str | None, schema: str) -> Upgrade:
    if version is None:
        raise ConfigurationError(f"there is no schema {schema} to upgrade; make it with `ims db init`")
    is_outdated(version)
    return Upgrade(version)
