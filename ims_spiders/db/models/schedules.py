"""What people want again: crawls under a name, and crawls by the clock."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ims_spiders.db.models.base import Base, JsonColumn, Key, Moment, Stamp


class FavouriteQuery(Base):
    """A crawl under a name of its user's."""

    __tablename__ = "favourite_queries"
    __table_args__ = (UniqueConstraint("user_id", "name"), CheckConstraint("btrim(name) <> ''", name="name"))

    favourite_id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    name: Mapped[str]
    arguments: Mapped[JsonColumn]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]


class Schedule(Base):
    """A crawl that is to run again and again."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint("btrim(name) <> ''", name="name"),
    )

    schedule_id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    name: Mapped[str]
    cron: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default=text("'UTC'::text"))
    arguments: Mapped[JsonColumn]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    next_run_at: Mapped[Moment | None]
    last_run_at: Mapped[Moment | None]
    last_job: Mapped[str | None]
    last_result: Mapped[str | None]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
