"""The psql that comes with the package, told by environment variables where to connect: no password in any argument."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sqlalchemy.engine import URL

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import configured_url, parse_url, uses_embedded
from ims_spiders.exceptions import ConfigurationError

VARIABLES = {
    "application_name": "PGAPPNAME",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "gssencmode": "PGGSSENCMODE",
    "hostaddr": "PGHOSTADDR",
    "passfile": "PGPASSFILE",
    "require_auth": "PGREQUIREAUTH",
    "service": "PGSERVICE",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""The parameters of a DSN and the variables that libpq reads for them."""


def run_psql(config: DatabaseConfig, data_dir: Path, arguments: Sequence[str]) -> NoReturn:
    """Become psql. Starts the embedded server if that is the one. Raises ConfigurationError, EmbeddedServerError."""
    server = EmbeddedServer(data_dir)
    embedded = uses_embedded(config)
    if embedded:
        server.start()
    url = parse_url(server.dsn()) if embedded else configured_url(config)
    # Another account's password would go before the embedded server's password file.
    kept = {name: value for name, value in os.environ.items() if not (embedded and name.startswith("PG"))}
    path = str(server.psql_path())
    os.execve(path, [path, *arguments], {**kept, **connection_variables(url, config.schema_name)})  # noqa: S606


def connection_variables(url: URL, schema: str) -> dict[str, str]:
    """libpq's variables for a URL; the archive's schema comes first in the search path.

    Raises ConfigurationError for a parameter that has no variable.
    """
    unknown = sorted(set(url.query) - set(VARIABLES) - {"options"})
    if unknown:
        raise ConfigurationError(f"DATABASE_URL has {', '.join(unknown)}, which `ims db psql` cannot pass on")
    query = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    parts = {"PGHOST": url.host, "PGUSER": url.username, "PGPASSWORD": url.password, "PGDATABASE": url.database}
    given = {name: str(value) for name, value in parts.items() if value is not None}
    if url.port is not None:
        given["PGPORT"] = str(url.port)
    options = f"{query.pop('options', '')} -c search_path={schema},public".strip()
    return given | {VARIABLES[name]: value for name, value in query.items()} | {"PGOPTIONS": options}
