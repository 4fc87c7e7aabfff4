"""From the settings to a SQLAlchemy engine: which server, how to reach it, how long to wait for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import PoolResetState

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import DATABASE, OWNER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.exceptions import ConfigurationError

DRIVER = "postgresql+psycopg2"
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 120
NETWORK = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def connect(config: DatabaseConfig, data_dir: Path, start_embedded: bool = True) -> Engine:
    """An engine for the configured server; nothing is asked of that server yet, except of the embedded one.

    With no server configured this is the embedded one of `data_dir`, started when `start_embedded` says so.
    Statements see the configured schema as the one without a name. Raises ConfigurationError for settings that name
    no PostgreSQL, EmbeddedServerError when the embedded one does not start or, unasked to, does not run.
    """
    if uses_embedded(config):
        url, arguments = _embedded(EmbeddedServer(data_dir), start_embedded)
    else:
        url, arguments = configured_url(config), {}
    return open_engine(url, config, arguments)


def open_engine(url: URL, config: DatabaseConfig | None = None, arguments: dict[str, Any] | None = None) -> Engine:
    """An engine for a URL, with the pool, the timeouts and the schema of the settings.

    Who borrows a connection from the pool finds it as it was opened: no role, setting, cursor or lock of anybody's.
    """
    config = config or DatabaseConfig()
    defaults: dict[str, Any] = {
        "application_name": "ims_spiders",
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c TimeZone=UTC",
        **NETWORK,
    }
    given = {name: value for name, value in defaults.items() if name not in url.query}
    engine = create_engine(
        url,
        connect_args={**given, **(arguments or {})},
        pool_size=config.pool_size,
        max_overflow=config.max_overflow,
        pool_timeout=config.pool_timeout,
        pool_pre_ping=True,
        pool_reset_on_return=None,
        hide_parameters=True,
        execution_options={"schema_translate_map": {None: config.schema_name}},
    )
    event.listen(engine, "reset", _discard)
    return engine


def uses_embedded(config: DatabaseConfig) -> bool:
    """Whether no setting names a server."""
    named = (config.url, config.host, config.port, config.name, config.user, config.password)
    libpq = (config.pg_host, config.pg_hostaddr, config.pg_port, config.pg_database, config.pg_user, config.pg_service)
    return not any(setting is not None for setting in (*named, *libpq))


def configured_url(config: DatabaseConfig) -> URL:
    """The server that the settings name. Raises ConfigurationError when DATABASE_URL is no PostgreSQL URL."""
    if config.url is not None:
        url = parse_url(config.url.get_secret_value())
        if url.password is None and config.password is not None:
            url = url.set(password=config.password.get_secret_value())
        return url
    password = config.password or config.pg_password
    service = {} if config.pg_service is None else {"service": config.pg_service}
    options = {"hostaddr": config.pg_hostaddr, "passfile": config.pg_passfile, "sslmode": config.pg_sslmode, **service}
    return URL.create(
        DRIVER,
        username=config.user or config.pg_user,
        password=password.get_secret_value() if password else None,
        host=config.host or config.pg_host,
        port=config.port or config.pg_port,
        database=config.name or config.pg_database or (None if service else DATABASE),
        query={name: value for name, value in options.items() if value is not None},
    )


def parse_url(text: str) -> URL:
    """A user's URL with the driver used here, whichever it names. Raises ConfigurationError, without the text."""
    try:
        url = make_url(re.sub(r"^postgres(?=[:+])", "postgresql", text.strip()))
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "DATABASE_URL is not a PostgreSQL URL; it looks like postgresql://user:password@host:5432/ims_crawler, "
            "with special characters of the password written as %40 and so on"
        )
    return url.set(drivername=DRIVER)


def redact_dsn(text: str) -> str:
    """The text without the passwords of the URLs and connection strings in it."""
    text = re.sub(r"(?<=://)([^\s:/@]*):\S*(?=@)", r"\1:***", text)
    return re.sub(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", text, flags=re.IGNORECASE)


def safe_message(error: BaseException, engine: Engine | None = None) -> str:
    """An error's first line, fit for logs and rows: no statement, no data, no password."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    message = redact_dsn(lines[0])
    password = engine.url.password if engine is not None else None
    return message.replace(str(password), "***") if password else message


def describe(config: DatabaseConfig) -> str:
    """Which server the settings mean, for people; without a secret."""
    if uses_embedded(config):
        return "embedded PostgreSQL in the data directory"
    return configured_url(config).render_as_string(hide_password=True).replace(DRIVER, "postgresql", 1)


def _discard(connection: Any, _record: Any, state: PoolResetState) -> None:
    """A rollback would leave what holds beyond a transaction, such as set_config(…, false) and held cursors."""
    if state.terminate_only or connection.closed:
        return
    connection.rollback()
    autocommit, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    connection.autocommit = autocommit


def _embedded(server: EmbeddedServer, start: bool) -> tuple[URL, dict[str, Any]]:
    """The embedded server's URL; its password is passed beside it, since PGPASSWORD would go before the file."""
    if start:
        server.start()
    return parse_url(server.dsn()), {"password": server.password(OWNER)}
