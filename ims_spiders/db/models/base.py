"""The base of all models, the column kinds they share, and what holds for the archive as a whole.

Models carry no schema's name; the engine fills in the configured one.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, MetaData, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Stamp = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Key = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=True)]
Count = Annotated[int, mapped_column(Integer, server_default=text("0"))]
Flag = Annotated[bool, mapped_column(server_default=text("false"))]
Big = Annotated[int, mapped_column(BigInteger)]
Measure = Annotated[Decimal, mapped_column(Numeric(14, 3))]
Share = Annotated[Decimal, mapped_column(Numeric(5, 4))]
JsonColumn = Annotated[Json, mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
EmptyText = Annotated[str, mapped_column(Text, server_default=text("''::text"))]


class Base(DeclarativeBase):
    """Base of all models: names of keys and constraints as PostgreSQL itself gives them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map = {str: Text}  # noqa: RUF012 - SQLAlchemy reads it from the class


class ArchiveSettings(Base):
    """The one row of what holds for the archive as a whole; changed by set_time_zone()."""

    __tablename__ = "archive_settings"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    time_zone: Mapped[str] = mapped_column(server_default=text("'UTC'::text"))
