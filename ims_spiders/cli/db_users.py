"""`ims db user`: who uses the archive; and `ims db url`, how they and the owner connect to it."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ims_spiders.cli.dbsettings import data_dir, database_config, embedded_server, open_configured
from ims_spiders.cli.output import AsJson, print_json, say
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ims_spiders.config import DatabaseConfig
    from ims_spiders.db.users import ListedUser

users = typer.Typer(help="The people who use the archive.", no_args_is_help=True, rich_markup_mode=None)


class Role(StrEnum):
    """What a user of the archive may do."""

    USER = "user"
    ADMIN = "admin"
    READONLY = "readonly"


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="As in IMS_USER and `ims crawl --user`.")],
    email: Annotated[str | None, typer.Option("--email", help="For the record.")] = None,
    full_name: Annotated[str | None, typer.Option("--full-name", help="For the record.")] = None,
    department: Annotated[str | None, typer.Option("--department", help="For the record.")] = None,
    role: Annotated[
        Role, typer.Option("--role", help="user: own sessions; readonly: reads all of them; admin: everything.")
    ] = Role.USER,
    new_password: Annotated[bool, typer.Option("--new-password", help="Give the database role a new one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user known, or change what is known.

    The user gets a database role of their own; `ims db url --user NAME` prints how to connect as that user. One who
    was disabled may come in again. Creates the schema if need be.
    """
    from ims_spiders.db.passwords import Passwords
    from ims_spiders.db.users import add_user

    config = database_config()
    details = {"email": email, "full_name": full_name, "department": department}
    user = add_user(
        _ready(config),
        name,
        Passwords(data_dir()),
        role.value,
        schema=config.schema_name,
        new_password=new_password,
        **details,
    )
    if as_json:
        shown = {name: getattr(user, name) for name in ("user_id", "username", "role", "database_role")}
        print_json(shown)
    else:
        say(f"{user.username} is user {user.user_id}, role {user.role}, in the database {user.database_role}.")
        say(f"To connect as {user.username}: ims db url --user {quote_word(user.username)}")


@users.command("list")
def list_command(as_json: AsJson = False) -> None:
    """Show who uses the archive.

    Somebody without a database role is known from crawls only: `ims db user add NAME` makes one.
    """
    from ims_spiders.db.users import list_users

    listed = [_row(entry) for entry in list_users(_ready(database_config()))]
    if as_json:
        print_json(listed)
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("user", "role", "active", "database role", "sessions", "department"):
        table.add_column(title, overflow="fold")
    for row in listed:
        cells = (row["username"], row["role"], "yes" if row["is_active"] else "no", row["database_role"] or "none")
        table.add_row(*cells, str(row["sessions"]), row["department"] or "")
    Console().print(table)


@users.command()
def disable(name: Annotated[str, typer.Argument(help="As `ims db user list` shows it.")]) -> None:
    """Let a user in no more; sessions and queries of theirs stay.

    Open connections of the user are ended. `ims db user add NAME` lets them in again.
    """
    from ims_spiders.db.users import disable_user

    ended = disable_user(_ready(database_config()), name)
    say(f"{name} is disabled" + (f"; {ended} open connections were ended." if ended else "."))


def url(
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="That user's own, not the owner's.")
    ] = None,
) -> None:
    """Print the owner's DSN, or a user's own, for psql and other programs.

    Starts the embedded server if need be. Its DSN names a password file; that of a server of yours holds what
    the settings hold, a user's the password that `ims db user add` made.
    """
    from ims_spiders.db.engine import configured_url, uses_embedded

    config = database_config()
    if user is not None:
        dsn = _user_dsn(config, user)
    elif uses_embedded(config):
        server = embedded_server("url")
        server.start()
        dsn = server.dsn()
    else:
        dsn = configured_url(config).set(drivername="postgresql").render_as_string(hide_password=False)
    sys.stdout.write(f"{dsn}\n")


def _user_dsn(config: DatabaseConfig, username: str) -> str:
    """How this user connects. Raises ConfigurationError for one who cannot, or whose password is not known here."""
    from ims_spiders.db.engine import configured_url, uses_embedded
    from ims_spiders.db.passwords import Passwords
    from ims_spiders.db.users import find_user

    found = find_user(_ready(config), username)
    passwords = Passwords(data_dir())
    again = f"ims db user add {quote_word(username)}"
    if not found.is_active:
        raise ConfigurationError(f"{username} is disabled; `{again}` lets them in again")
    if found.database_role is None:
        raise ConfigurationError(f"{username} is known from crawls only and has no database role; make one: {again}")
    password = passwords.read(found.database_role)
    if password is None:
        message = f"the password of {username} was made on another machine; a new one: {again} --new-password"
        raise ConfigurationError(message)
    if uses_embedded(config):
        return embedded_server("url").dsn(found.database_role, passfile=passwords.path(found.database_role))
    address = configured_url(config).set(drivername="postgresql", username=found.database_role, password=password)
    return address.difference_update_query(["passfile"]).render_as_string(hide_password=False)


def quote_word(text: str) -> str:
    """The text as one word of a shell's command line."""
    from shlex import quote as shell_quote

    return shell_quote(text)


def _ready(config: DatabaseConfig) -> Engine:
    """The archive's engine, with its schema in this version."""
    from ims_spiders.db.engine import uses_embedded
    from ims_spiders.db.schema import initialise

    engine = open_configured(config)
    initialise(engine, config.schema_name, upgrade=uses_embedded(config))
    return engine


def _row(entry: ListedUser) -> dict[str, Any]:
    names = ("user_id", "username", "role", "is_active", "database_role", "email", "full_name", "department")
    shown: dict[str, Any] = {name: getattr(entry.user, name) for name in names}
    return shown | {"sessions": entry.sessions}
