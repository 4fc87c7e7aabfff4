"""`ims db`: the database of the archive, made, started, looked at, filled from the files."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ims_spiders.cli.output import AsJson, print_json, print_table, progress, say
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ims_spiders.config import DatabaseConfig
    from ims_spiders.db.embedded import EmbeddedServer

app = typer.Typer(help="The archive's database.", no_args_is_help=True, rich_markup_mode=None)
users = typer.Typer(help="The people who use the archive.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users, name="user")


class Role(StrEnum):
    """What a user of the archive may do."""

    USER = "user"
    ADMIN = "admin"
    READONLY = "readonly"


@app.command()
def init() -> None:
    """Create the tables and indexes that are missing."""
    from ims_spiders.db.schema import initialise

    config = _config()
    done = initialise(_engine(config), config.schema_name)
    say(f"Schema {config.schema_name} " + ("is ready." if done else "was there already."))


@app.command()
def start() -> None:
    """Start the embedded PostgreSQL; it runs until `ims db stop`."""
    status = _embedded("start").start()
    say(f"PostgreSQL {status.version} runs on 127.0.0.1:{status.port}. To end it: ims db stop")


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL; its data stays."""
    say("Stopped." if _embedded("stop").stop() else "It was not running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show which database is used and what is in it.

    Starts nothing. Exit code 1 when it cannot be reached.
    """
    from ims_spiders.cli.dbstatus import database_status

    found = database_status(_config(), _data_dir())
    if as_json:
        print_json(found)
    else:
        print_table([(name.replace("_", " "), value) for name, value in found.items()])
    if not found["reachable"]:
        raise typer.Exit(1)


@app.command()
def url(
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="That user's own, not the owner's.")
    ] = None,
) -> None:
    """Print the owner's DSN, for psql and other programs.

    Starts the embedded server if need be. Its DSN names a password file; that of a server of yours holds what
    the settings hold.
    """
    if user is not None:
        message = "users of the archive have no database accounts of their own yet; `ims db url` prints the owner's DSN"
        raise ConfigurationError(message)
    from ims_spiders.db.engine import configured_url, uses_embedded

    config = _config()
    if uses_embedded(config):
        server = _embedded("url")
        server.start()
        dsn = server.dsn()
    else:
        dsn = configured_url(config).set(drivername="postgresql").render_as_string(hide_password=False)
    sys.stdout.write(f"{dsn}\n")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Run the bundled psql, connected to the archive.

    What follows is for psql, such as -c or -f.
    """
    from ims_spiders.cli.psql import run_psql

    run_psql(_config(), _data_dir(), context.args)


@app.command()
def load(
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]...", help="uuid, folder name or `last`; none: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database up to what the files say.

    Any number of times with the same outcome. Exit code 1 when some files could not be read or stored.
    """
    from ims_spiders.db.load import load as load_files

    config = _config()
    result = load_files(_engine(config), _data_dir(), sessions or (), progress, config.schema_name)
    counts: dict[str, Any] = {
        "sessions": result.sessions,
        "new": result.issues.new,
        "changed": result.issues.changed,
        "unchanged": result.issues.unchanged,
        "errors": result.errors,
    }
    if as_json:
        print_json(counts | {"broken": {str(path): reason for path, reason in result.broken.items()}})
    else:
        print_table(list(counts.items()))
    for path, reason in result.broken.items():
        say(f"left out {path}: {reason}")
    if result.broken:
        raise typer.Exit(1)


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="As in IMS_USER and `ims crawl --user`.")],
    email: Annotated[str | None, typer.Option("--email", help="For the record.")] = None,
    full_name: Annotated[str | None, typer.Option("--full-name", help="For the record.")] = None,
    department: Annotated[str | None, typer.Option("--department", help="For the record.")] = None,
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.USER,
    as_json: AsJson = False,
) -> None:
    """Make a user known, or change what is known.

    Creates the schema if need be.
    """
    from ims_spiders.db.schema import initialise
    from ims_spiders.db.users import add_user

    config = _config()
    engine = _engine(config)
    initialise(engine, config.schema_name)
    user = add_user(engine, name, email, full_name, department, role.value)
    if as_json:
        print_json({"user_id": user.user_id, "username": user.username, "role": user.role})
    else:
        say(f"{user.username} is user {user.user_id}, role {user.role}.")


def _config() -> DatabaseConfig:
    from ims_spiders.config import load_database_config

    return load_database_config()


def _data_dir() -> Any:
    from ims_spiders.config import load_tracker_config

    return load_tracker_config().data_dir


def _engine(config: DatabaseConfig) -> Engine:
    from ims_spiders.db.engine import connect

    return connect(config, _data_dir())


def _embedded(command: str) -> EmbeddedServer:
    """The embedded server. Raises ConfigurationError when the settings name another one."""
    from ims_spiders.db.embedded import EmbeddedServer
    from ims_spiders.db.engine import describe, uses_embedded

    config = _config()
    if not uses_embedded(config):
        raise ConfigurationError(f"`ims db {command}` is for the embedded PostgreSQL; yours is {describe(config)}")
    return EmbeddedServer(_data_dir())
