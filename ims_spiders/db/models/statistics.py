"""Figures per user and day or month, and who did what."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ims_spiders.db.models.base import Base, Count, JsonColumn, Key, Measure, Share, Stamp


class AnalyticsDaily(Base):
    """A user's figures of one day."""

    __tablename__ = "analytics_daily"
    __table_args__ = (UniqueConstraint("user_id", "stat_date"),)

    stat_id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    stat_date: Mapped[date]
    sessions_count: Mapped[Count]
    successful_sessions: Mapped[Count]
    failed_sessions: Mapped[Count]
    issues_crawled: Mapped[Count]
    unique_issues: Mapped[Count]
    new_issues: Mapped[Count]
    attachments_downloaded: Mapped[Count]
    avg_session_duration_sec: Mapped[Measure | None]
    avg_issues_per_session: Mapped[Measure | None]
    product_stats: Mapped[JsonColumn]
    top_queries: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    created_at: Mapped[Stamp]


class AnalyticsMonthly(Base):
    """A user's figures of one month."""

    __tablename__ = "analytics_monthly"
    __table_args__ = (
        UniqueConstraint("user_id", "year", "month"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    )

    stat_id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    year: Mapped[int]
    month: Mapped[int]
    total_sessions: Mapped[Count]
    avg_sessions_per_day: Mapped[Measure | None]
    total_issues_crawled: Mapped[Count]
    unique_issues: Mapped[Count]
    keyword_trends: Mapped[JsonColumn]
    product_distribution: Mapped[JsonColumn]
    issue_status_breakdown: Mapped[JsonColumn]
    avg_parsing_confidence: Mapped[Share | None]
    synonym_expansion_rate: Mapped[Share | None]
    created_at: Mapped[Stamp]


class AuditLog(Base):
    """Who created, changed, deleted or exported what; partitioned by month."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("audit_log_user_id_created_at_idx", "user_id", text("created_at DESC")),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    log_id: Mapped[Key]
    user_id: Mapped[int | None]
    action: Mapped[str]
    resource_type: Mapped[str | None]
    resource_id: Mapped[str | None]
    old_value: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    new_value: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    created_at: Mapped[Stamp] = mapped_column(primary_key=True)
    database_role: Mapped[str | None]
