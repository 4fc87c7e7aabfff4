"""Rows as Parquet: typed as their columns are, in row groups of bounded size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, Numeric, Select

from ims_spiders.db.export_formats import as_plain
from ims_spiders.db.export_request import Filters
from ims_spiders.db.export_tables import Column, ExportTable

GROUP_ROWS = 10_000
GROUP_BYTES = 32_000_000
"""A row group is held in memory while it is collected, and once more while it is packed."""


class Parquet:
    """timestamptz is timestamp[us, UTC], numeric is decimal, JSON is text; NULL is null."""

    def __init__(self, target: BinaryIO, table: ExportTable):
        self._table = table
        self._columns = [as_plain(column) for column in table.columns]
        self._schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in self._columns])
        self._stream = _Stream(target)
        self._writer = pq.ParquetWriter(self._stream, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def select(self, filters: Filters) -> Select[Any]:
        """All columns."""
        return self._table.select(filters, self._columns)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Collect a batch; write the row group that is full with it."""
        values = zip(*rows, strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(values, self._schema.types, strict=True)]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        if self._size("num_rows") >= GROUP_ROWS or self._size("nbytes") >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer, without which the file is none."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Arrow ends every file with a footer when its writer goes; half a file must not look like a whole one."""
        self._stream.open = False

    def _size(self, name: str) -> int:
        return sum(int(getattr(batch, name)) for batch in self._waiting)

    def _flush(self) -> None:
        group = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(group, row_group_size=GROUP_ROWS * 2)
        self._waiting = []


class _Stream(io.RawIOBase):
    """Knows where it is although its target may be a pipe, and can be cut off from it."""

    def __init__(self, target: BinaryIO):
        self._target = target
        self._place = 0
        self.open = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.open:
            self._target.write(data)
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        return self._place


def arrow_type(column: Column) -> Any:
    """The Arrow type of a column's values."""
    kind = column.type
    # BigInteger is an Integer, so it comes first.
    plain = ((Boolean, pa.bool_()), (BigInteger, pa.int64()), (Integer, pa.int32()))
    for sql_type, found in plain:
        if isinstance(kind, sql_type):
            return found
    if isinstance(kind, DateTime):
        return pa.timestamp("us", tz="UTC")
    if isinstance(kind, Numeric):
        return pa.decimal128(kind.precision or 38, kind.scale or 0)
    return pa.string()
