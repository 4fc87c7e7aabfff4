"""Rows as JSON lines and as CSV: which columns each format asks for, and how it writes them, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from sqlalchemy import JSON, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from ims_spiders.db.export_request import Filters
from ims_spiders.db.export_tables import Column, ExportTable, is_uuid

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


class RowWriter(Protocol):
    """What a format does with rows. Nothing is held longer than a batch, or a row group, needs."""

    def __init__(self, target: BinaryIO, table: ExportTable): ...

    def select(self, filters: Filters) -> Select[Any]:
        """The query for the rows in the shape that `write` takes."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write a batch."""

    def close(self) -> None:
        """Write what comes last; the target stays open."""

    def abandon(self) -> None:
        """Write nothing any more: the export has failed."""


class JsonLines:
    """One JSON object a row, made by the server: numbers keep all digits, NULL is null, JSON columns are nested."""

    def __init__(self, target: BinaryIO, table: ExportTable):
        self._target = target
        self._table = table

    def select(self, filters: Filters) -> Select[Any]:
        """One column: the line."""
        row = self._table.select(filters).order_by(None).subquery("exported")
        line = cast(func.row_to_json(row.table_valued()), Text)
        return select(line).order_by(row.c[self._table.key])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write a batch."""
        self._target.write("".join(f"{row[0]}\n" for row in rows).encode())

    def close(self) -> None:
        """Nothing comes last."""

    def abandon(self) -> None:
        """Nothing is held back."""


class Csv:
    """RFC 4180 in UTF-8 with a header, safe to open in a spreadsheet.

    Text is always quoted, so that an empty text ("") differs from NULL (nothing). Text that a spreadsheet would take
    for a formula gets an apostrophe in front; so does text that already looks like that, so that taking one away is
    always right.
    """

    def __init__(self, target: BinaryIO, table: ExportTable):
        self._target = target
        self._table = table
        self._columns = [column for column in table.columns if column.name not in table.only_in_full]
        target.write(b",".join(column.name.encode() for column in self._columns) + b"\r\n")

    def select(self, filters: Filters) -> Select[Any]:
        """The columns, without those that no cell of a spreadsheet could hold."""
        return self._table.select(filters, [as_plain(column) for column in self._columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write a batch."""
        lines = (",".join(csv_cell(value) for value in row) for row in rows)
        self._target.write("".join(f"{line}\r\n" for line in lines).encode())

    def close(self) -> None:
        """Nothing comes last."""

    def abandon(self) -> None:
        """Nothing is held back."""


def csv_cell(value: Any) -> str:
    """One value as CSV: text quoted, NULL as nothing, anything else bare."""
    if value is None:
        return ""
    if isinstance(value, str):
        guarded = f"'{value}" if _FORMULA.match(value) else value
        return '"' + guarded.replace('"', '""') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def as_plain(column: Column) -> Column:
    """The column with JSON and uuids as text."""
    if isinstance(column.type, (JSON, JSONB)) or is_uuid(column):
        return cast(column, Text).label(column.name)
    return column
