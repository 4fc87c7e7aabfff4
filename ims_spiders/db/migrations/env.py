"""Run by Alembic, over the connection that `ims db upgrade` gives it, or one to their own database for developers."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from ims_spiders.db.models import Base

NOT_OF_MODELS = {"alembic_version"}


def partitions(connection: Connection) -> set[str]:
    """Tables that are parts of others."""
    found = connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition"))
    return set(found)


def run(connection: Connection, schema: str) -> None:
    """Apply revisions, or compare models and tables; those of the schema are the ones without a schema's name."""
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": schema})
    hidden = NOT_OF_MODELS | partitions(connection)

    def is_compared(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name not in hidden

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table_schema=schema,
        include_object=is_compared,
        # Comments are the scripts' alone.
        autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.comments"],
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Find the connection."""
    given = context.config.attributes
    if "connection" in given:
        run(given["connection"], given["schema"])
        return
    from ims_spiders.config import load_database_config, load_tracker_config
    from ims_spiders.db.engine import connect

    config = load_database_config()
    with connect(config, load_tracker_config().data_dir).connect() as connection:
        # To compare, for the next revision. Revisions alone are half an upgrade: `ims db upgrade` runs the scripts too.
        connection.execute(text("SET TRANSACTION READ ONLY"))
        run(connection, config.schema_name)


main()
