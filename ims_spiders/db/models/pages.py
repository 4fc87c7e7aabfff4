"""The tracker's answers to a session, one row each."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ims_spiders.db.models.base import Base, Big, Moment


class Page(Base):
    """One answer, as the session's pages.jsonl holds it. The table is partitioned by month."""

    __tablename__ = "pages"
    __table_args__ = (
        Index("pages_user_id_idx", "user_id"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    session_id: Mapped[Big] = mapped_column(
        ForeignKey("crawl_sessions.session_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    sequence: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    found_on: Mapped[str | None]
    depth: Mapped[int | None]
    status: Mapped[int | None]
    duration_ms: Mapped[int | None]
    size_bytes: Mapped[Big | None]
    page_type: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[Moment] = mapped_column(primary_key=True)
