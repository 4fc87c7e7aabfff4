"""Users and what belongs to them: sessions, their errors, queries."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ims_spiders.db.models.base import Base, Big, Count, Flag, JsonColumn, Key, Measure, Moment, Share, Stamp


class User(Base):
    """Somebody who uses the archive."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("username"),
        UniqueConstraint("database_role"),
        CheckConstraint("btrim(username) <> ''", name="username"),
        CheckConstraint("role IN ('user', 'admin', 'readonly')", name="role"),
    )

    user_id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str | None]
    full_name: Mapped[str | None]
    department: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default=text("'user'::text"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    preferences: Mapped[JsonColumn]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
    last_login_at: Mapped[Moment | None]
    database_role: Mapped[str | None]


class CrawlSession(Base):
    """One crawl, from running to its end state."""

    __tablename__ = "crawl_sessions"
    __table_args__ = (
        UniqueConstraint("session_uuid"),
        CheckConstraint("status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted')", name="status"),
        CheckConstraint(
            "total_issues_found >= 0 AND issues_crawled >= 0 AND attachments_downloaded >= 0"
            " AND failed_issues >= 0 AND related_issues >= 0",
            name="counts",
        ),
        Index("crawl_sessions_user_id_started_at_idx", "user_id", text("started_at DESC")),
        Index("crawl_sessions_started_at_user_id_idx", text("started_at DESC"), "user_id"),
        Index("crawl_sessions_running_idx", "user_id", "started_at", postgresql_where=text("status = 'running'")),
    )

    session_id: Mapped[Key]
    session_uuid: Mapped[uuid.UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    product: Mapped[str | None]
    original_query: Mapped[str | None]
    parsed_query: Mapped[str | None]
    query_language: Mapped[str | None]
    max_results: Mapped[int | None]
    crawl_related: Mapped[Flag]
    max_depth: Mapped[int | None]
    refresh: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'running'::text"))
    started_at: Mapped[Stamp]
    completed_at: Mapped[Moment | None]
    duration_seconds: Mapped[Measure | None]
    exit_code: Mapped[int | None]
    close_reason: Mapped[str | None]
    total_issues_found: Mapped[Count]
    issues_crawled: Mapped[Count]
    attachments_downloaded: Mapped[Count]
    failed_issues: Mapped[Count]
    related_issues: Mapped[Count]
    search_time_ms: Mapped[Measure | None]
    crawl_time_ms: Mapped[Measure | None]
    avg_issue_time_ms: Mapped[Measure | None]
    parallel_workers: Mapped[int | None]
    data_path: Mapped[str | None]
    # `metadata` is a name that SQLAlchemy keeps for itself.
    details: Mapped[JsonColumn] = mapped_column("metadata")
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
    is_suspicious: Mapped[Flag]


class SearchQuery(Base):
    """What was asked and how it was understood."""

    __tablename__ = "search_queries"
    __table_args__ = (
        UniqueConstraint("session_id"),
        CheckConstraint("parsing_method IN ('direct', 'rules', 'llm', 'hybrid')", name="parsing_method"),
        CheckConstraint("parsing_confidence BETWEEN 0 AND 1", name="parsing_confidence"),
        Index("search_queries_user_id_queried_at_idx", "user_id", text("queried_at DESC")),
    )

    query_id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id"))
    session_id: Mapped[Big | None] = mapped_column(ForeignKey("crawl_sessions.session_id", ondelete="CASCADE"))
    original_query: Mapped[str | None]
    parsed_query: Mapped[str | None]
    query_language: Mapped[str | None]
    product: Mapped[str | None]
    results_count: Mapped[int | None]
    parsing_method: Mapped[str | None]
    parsing_confidence: Mapped[Share | None]
    synonym_expanded: Mapped[Flag]
    intent_filtered: Mapped[Flag]
    queried_at: Mapped[Stamp]


class SessionError(Base):
    """Something that went wrong in a session."""

    __tablename__ = "session_errors"
    __table_args__ = (
        UniqueConstraint("session_id", "sequence"),
        CheckConstraint(
            "error_type IN ('authentication_error', 'crawl_error', 'crawl_failure', 'database_error',"
            " 'parsing_error', 'network_error', 'attachment_error')",
            name="error_type",
        ),
        CheckConstraint("severity IN ('error', 'warning', 'info')", name="severity"),
        Index(
            "session_errors_missing_idx",
            text("(error_detail ->> 'issue_id')"),
            postgresql_where=text("error_detail ->> 'exception' = 'IssueNotAvailable'"),
        ),
    )

    error_id: Mapped[Key]
    session_id: Mapped[Big] = mapped_column(ForeignKey("crawl_sessions.session_id", ondelete="CASCADE"))
    sequence: Mapped[int | None]
    error_type: Mapped[str]
    severity: Mapped[str] = mapped_column(server_default=text("'error'::text"))
    error_message: Mapped[str]
    error_detail: Mapped[JsonColumn]
    occurred_at: Mapped[Stamp]


class DeletedSession(Base):
    """A session that was deleted from the database on purpose."""

    __tablename__ = "deleted_sessions"
    __table_args__ = (Index("deleted_sessions_user_id_idx", "user_id"),)

    session_uuid: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    session_id: Mapped[Big]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    deleted_at: Mapped[Stamp]
