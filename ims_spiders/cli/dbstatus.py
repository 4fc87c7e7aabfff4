"""Which database is used, whether it answers, and what is in it; starts nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect, describe, safe_message, uses_embedded
from ims_spiders.db.schema import schema_version

COUNTED = ("issues", "issue_comments", "attachments", "crawl_sessions")


def database_status(config: DatabaseConfig, data_dir: Path) -> dict[str, Any]:
    """Name and value of everything worth showing; `reachable` says whether a connection came about."""
    found: dict[str, Any] = {"database": describe(config), "reachable": False}
    if uses_embedded(config):
        server = EmbeddedServer(data_dir).status()
        found |= {"folder": str(server.folder), "running": server.running, "pid": server.pid, "port": server.port}
        if not server.running:
            return found
    engine = connect(config, data_dir, start_embedded=False)
    try:
        found |= _content(engine, config.schema_name)
    except SQLAlchemyError as error:
        found["reason"] = safe_message(error, engine)
    finally:
        engine.dispose()
    return found


def _content(engine: Engine, schema: str) -> dict[str, Any]:
    version = schema_version(engine, schema)
    with engine.connect() as connection:
        found: dict[str, Any] = {
            "reachable": True,
            "server_version": connection.scalar(text("SHOW server_version")),
            "schema": schema,
            "schema_version": version,
        }
        if version is None:
            return found
        for table in COUNTED:
            found[table] = connection.scalar(text(f'SELECT count(*) FROM "{schema}".{table}'))  # noqa: S608 - checked names
    return found
