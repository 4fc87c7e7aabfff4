"""`ims serve`: the archive in a browser."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.dbsettings import database_config
from ims_spiders.cli.output import say, warn
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from ims_spiders.web.settings import WebSettings


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen; 0: a free one.")] = 8080,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Another address lets others in: needs a password.")
    ] = "127.0.0.1",
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Instead of IMS_USER.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="Its first line; instead of IMS_WEB_PASSWORD."),
    ] = None,
    public_name: Annotated[
        list[str] | None,
        typer.Option("--public-name", metavar="NAME", help="Host name of a proxy before it; may be repeated."),
    ] = None,
) -> None:
    """Serve the archive to a browser, until Ctrl-C: search, issues, files, sessions, products.

    \b
    ims serve
    ims serve --port 8123 --user kim
    ims serve --host 0.0.0.0 --password-file key --public-name ims.example.com

    It shows what the user may see: shared issues, and the sessions of that user; an admin or analyst sees everybody's.
    Nothing but its own queries is written. By default only this machine reaches it, and every account of this machine
    does so without a login. With a password, each request must bring it (HTTP basic, any user name); it travels in
    clear, so a server that others reach belongs behind a reverse proxy with TLS. /healthz needs none.
    """
    settings = _settings(host, port, user, password_file, tuple(public_name or ()))
    connect = _connector()
    _check(connect, settings)
    with suppress(KeyboardInterrupt):  # before the server has its own way to take it
        _run(settings, connect)
    say("The server has ended.")


def _settings(
    host: str, port: int, user: str | None, password_file: Path | None, names: tuple[str, ...]
) -> WebSettings:
    from ims_spiders.config import load_tracker_config
    from ims_spiders.web.settings import WebSettings, web_password

    config = load_tracker_config()
    password = web_password(password_file)
    schema = database_config().schema_name
    return WebSettings(host, port, user or config.user, password, names, config.data_dir, schema).checked()


def _connector() -> Callable[[], Engine]:
    """Makes engines for the configured server; an embedded one is started now, and by nobody else later."""
    from ims_spiders.cli.dbsettings import data_dir
    from ims_spiders.db.embedded import EmbeddedServer
    from ims_spiders.db.engine import connect, uses_embedded

    config, folder = database_config(), data_dir()
    if uses_embedded(config):
        EmbeddedServer(folder).start()
    return lambda: connect(config, folder, start_embedded=False)


def _check(connect: Callable[[], Engine], settings: WebSettings) -> None:
    """Say now what would be said on every page. Raises ConfigurationError unless waiting may mend it."""
    from ims_spiders.web.database import ArchiveDatabase
    from ims_spiders.web.problems import DatabaseAwayError, WebError

    database = ArchiveDatabase(connect, settings.user, settings.schema)
    try:
        if not database.check() and settings.user is not None:
            warn(f"Warning: the archive knows no user {settings.user!r} yet, so that there are no sessions to show.")
    except DatabaseAwayError:
        warn("Warning: the database does not answer; pages say so until it does. See `ims doctor`.")
    except WebError as error:
        raise ConfigurationError(str(error.__cause__ or error)) from error
    finally:
        database.close()


def _run(settings: WebSettings, connect: Callable[[], Engine]) -> None:
    import asyncio
    import logging
    import signal

    from ims_spiders.web.app import build_app
    from ims_spiders.web.server import serve as run

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    # It would log a traceback for each request that is none.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    password = "with the password" if settings.password else "without a login"

    def ready(address: str) -> None:
        say(f"The archive is at {address} ({password}); Ctrl-C ends it.")

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(build_app(settings, connect), settings, ready, stop)

    asyncio.run(until_stopped())
