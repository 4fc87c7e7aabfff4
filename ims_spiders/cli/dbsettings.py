"""What the settings say of the database, for the commands of `ims db`; imports are late, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ims_spiders.config import DatabaseConfig
    from ims_spiders.db.embedded import EmbeddedServer


def database_config() -> DatabaseConfig:
    """The database's settings. Raises ConfigurationError for wrong ones."""
    from ims_spiders.config import load_database_config

    return load_database_config()


def data_dir() -> Path:
    """IMS_DATA_DIR. Raises ConfigurationError for wrong settings."""
    from ims_spiders.config import load_tracker_config

    return load_tracker_config().data_dir


def open_configured(config: DatabaseConfig) -> Engine:
    """An engine for the configured server; the embedded one is started if need be."""
    from ims_spiders.db.engine import connect

    return connect(config, data_dir())


def embedded_server(command: str) -> EmbeddedServer:
    """The embedded server. Raises ConfigurationError when the settings name another one."""
    from ims_spiders.db.embedded import EmbeddedServer
    from ims_spiders.db.engine import describe, uses_embedded

    config = database_config()
    if not uses_embedded(config):
        raise ConfigurationError(f"`ims db {command}` is for the embedded PostgreSQL; yours is {describe(config)}")
    return EmbeddedServer(data_dir())
