"""`ims db init` and `ims db upgrade`: the schema comes into being, and grows."""

from __future__ import annotations

from typing import Annotated

import typer

from ims_spiders.cli.dbsettings import database_config, open_configured
from ims_spiders.cli.output import AsJson, print_json, say


def init(
    samples: Annotated[
        bool, typer.Option("--with-samples", help="Add invented users, a session and an issue to look at.")
    ] = False,
) -> None:
    """Create what is missing of the schema, as deploy/setup_database.sh does with psql.

    Rights, policies and row security that are no longer as they were made come back.
    An embedded database of an older version is brought up to date; any other only by `ims db upgrade`.
    """
    from ims_spiders.db.engine import uses_embedded
    from ims_spiders.db.mend import mend_rights
    from ims_spiders.db.schema import initialise

    config = database_config()
    engine = open_configured(config)
    done = initialise(engine, config.schema_name, samples, uses_embedded(config))
    for wrong in mend_rights(engine, config.schema_name):
        say(f"Mended: {wrong}.")
    say(f"Schema {config.schema_name} " + ("is ready." if done else "was there already."))


def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Only say; exit code 1 when an upgrade is due.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring an older schema up to this version, whole or not at all."""
    from ims_spiders.db.upgrade import pending_upgrade
    from ims_spiders.db.upgrade import upgrade as apply

    config = database_config()
    found = (pending_upgrade if check else apply)(open_configured(config), config.schema_name)
    due = check and found.needed
    if as_json:
        print_json({"schema": config.schema_name, "from": found.before, "to": found.after, "due": due})
    elif not found.needed:
        say(f"Schema {config.schema_name} is version {found.before}, the newest.")
    else:
        done = "is to be upgraded" if check else "was upgraded"
        say(f"Schema {config.schema_name} {done} from version {found.before} to {found.after}.")
    if due:
        raise typer.Exit(1)
