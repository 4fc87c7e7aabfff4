"""`ims db`: the database of the archive, made, started, looked at, filled from the files."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ims_spiders.cli import db_check, db_export, db_maintenance, db_overview, db_setup, db_users
from ims_spiders.cli.dbsettings import data_dir, database_config, embedded_server, open_configured
from ims_spiders.cli.output import AsJson, print_json, print_table, progress, say, warn

app = typer.Typer(help="The archive's database.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(db_users.users, name="user")
app.command()(db_setup.init)
app.command()(db_setup.upgrade)
app.command()(db_users.url)


@app.command()
def start() -> None:
    """Start the embedded PostgreSQL; it runs until `ims db stop`."""
    status = embedded_server("start").start()
    say(f"PostgreSQL {status.version} runs on 127.0.0.1:{status.port}. To end it: ims db stop")


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL; its data stays."""
    say("Stopped." if embedded_server("stop").stop() else "It was not running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show which database is used and what is in it.

    Starts nothing. Exit code 1 when it cannot be reached.
    """
    from ims_spiders.cli.dbstatus import database_status

    found = database_status(database_config(), data_dir())
    if as_json:
        print_json(found)
    else:
        print_table([(name.replace("_", " "), value) for name, value in found.items()])
    if not found["reachable"]:
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Run the bundled psql, connected to the archive.

    What follows is for psql, such as -c or -f.
    """
    from ims_spiders.cli.psql import run_psql

    run_psql(database_config(), data_dir(), context.args)


@app.command()
def load(
    sessions: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]...", help="uuid, folder name or `last`; none: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database up to what the files say.

    Any number of times with the same outcome. What `ims db cleanup` deleted comes back when it is named. Exit code
    1 when some files could not be read or stored.
    """
    from ims_spiders.db.engine import uses_embedded
    from ims_spiders.db.load import load as load_files

    config = database_config()
    embedded = uses_embedded(config)
    result = load_files(open_configured(config), data_dir(), sessions or (), progress, config.schema_name, embedded)
    counts: dict[str, Any] = {
        "sessions": result.sessions,
        "new": result.issues.new,
        "changed": result.issues.changed,
        "unchanged": result.issues.unchanged,
        "errors": result.errors,
        "pages": result.pages,
    }
    if as_json:
        broken = {str(path): reason for path, reason in result.broken.items()}
        print_json(counts | {"deleted": [str(path) for path in result.deleted], "broken": broken})
    else:
        print_table(list(counts.items()))
    if result.deleted:
        say(f"{len(result.deleted)} sessions were deleted from the database and stay so; name one to load it again:")
    for path in result.deleted:
        say(f"  ims db load {path.name}")
    for path, reason in result.broken.items():
        warn(f"left out {path}: {reason}")
    if result.broken:
        raise typer.Exit(1)


app.command()(db_overview.stats)
app.command()(db_overview.history)
app.command()(db_maintenance.cleanup)
app.command()(db_export.export)
app.command()(db_check.check)
app.command()(db_maintenance.refresh)
