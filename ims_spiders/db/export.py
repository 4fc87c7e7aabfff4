"""Exports a table as one consistent state, in constant memory, as much of it as whoever asks may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.export_formats import Csv, JsonLines, RowWriter
from ims_spiders.db.export_request import ExportRequest, Filters, Format
from ims_spiders.db.export_tables import TABLES, ExportTable
from ims_spiders.db.identity import acting_as

BATCH = 1_000
WIDE_BATCH = 50
"""Rows held at a time: an issue or the text of an attachment may be megabytes."""

_ONE_STATE = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""The count and all rows are of one moment, whatever is written meanwhile."""

Progress = Callable[[str, int, int], None]
"""Called with the table's name, the number of rows written, and their total."""


def export(
    engine: Engine, request: ExportRequest, target: BinaryIO, progress: Progress | None = None, schema: str = "ims"
) -> int:
    """Write the table to the target; returns the number of rows. That it was exported is in the audit trail first.

    Raises ConfigurationError for a filter that does not fit the table and for a user who may not, StorageError
    (from the target) when the disk is full, sqlalchemy.exc.OperationalError when the database goes away.
    """
    table = TABLES[request.table]
    count = table.count(request.filters)
    with _transaction(engine, request.user, schema, **_ONE_STATE) as connection:
        total = connection.scalar(count) or 0
        with _transaction(engine, request.user, schema) as recording:
            _record(recording, request, total, schema)
        writer = _writer(request.format)(target, table)
        done = 0
        try:
            for done in _write(connection, table, request.filters, writer):
                if progress:
                    progress(table.name, done, total)
            writer.close()
        except BaseException:
            writer.abandon()
            raise
    return done


def _write(connection: Connection, table: ExportTable, filters: Filters, writer: RowWriter) -> Iterator[int]:
    """Fetch and write batch by batch through a cursor of the server's; yields how many rows are done."""
    batch = WIDE_BATCH if table.wide else BATCH
    done = 0
    with connection.execute(writer.select(filters), execution_options={"yield_per": batch}) as result:
        for rows in result.partitions(batch):
            writer.write(rows)
            done += len(rows)
            yield done


def _writer(chosen: Format) -> type[RowWriter]:
    if chosen is Format.PARQUET:
        # Takes a while to import and is needed for nothing else.
        from ims_spiders.db.export_parquet import Parquet

        return Parquet
    return Csv if chosen is Format.CSV else JsonLines


def _record(connection: Connection, request: ExportRequest, rows: int, schema: str) -> None:
    """Say in the audit trail what is about to leave, also when the rest of it should fail."""
    details = {"format": request.format.value, "rows": rows, "filters": request.filters.given()}
    statement = text(f'SELECT "{schema}".record_export(:table, CAST(:details AS jsonb))')
    connection.execute(statement, {"table": TABLES[request.table].database_table, "details": json.dumps(details)})


@contextmanager
def _transaction(engine: Engine, user: str | None, schema: str, **options: Any) -> Iterator[Connection]:
    """A transaction as the connection's own role, or as the user."""
    if user is not None:
        with acting_as(engine, user, schema, **options) as connection:
            yield connection
    else:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
