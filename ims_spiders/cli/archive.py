"""The archive that a command of `ims db` works on: its database, and the folder of its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ims_spiders.cli.dbsettings import data_dir, database_config, open_configured
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the archive is."""

    engine: Engine
    schema: str
    data_dir: Path


@contextmanager
def open_archive() -> Iterator[Archive]:
    """The archive of the settings; its embedded server is started if need be.

    Raises ConfigurationError when there is nothing in the database yet or an older schema, DatabaseNewer for a newer.
    """
    from ims_spiders.db.schema import is_outdated, schema_version

    config = database_config()
    engine = open_configured(config)
    try:
        version = schema_version(engine, config.schema_name)
        if version is None:
            raise ConfigurationError(
                "there is no archive in the database yet: `ims db init` makes one, `ims db load` fills it"
            )
        if is_outdated(version):
            raise ConfigurationError("the archive's schema is older than this program: run `ims db upgrade`")
        yield Archive(engine, config.schema_name, data_dir())
    finally:
        engine.dispose()


def acting_user(user: str | None) -> str | None:
    """The option `--user`, else IMS_USER; None: whom the database's login or the account belongs to."""
    from ims_spiders.config import load_tracker_config

    return user or load_tracker_config().user
