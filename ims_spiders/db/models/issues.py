"""Issues and what hangs on them, shared by everybody."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ims_spiders.db.models.base import Base, Big, Count, EmptyText, Flag, JsonColumn, Key, Moment, Stamp


class CrawledIssue(Base):
    """An issue with the newest content that any session saw."""

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("issue_id"),
        CheckConstraint("btrim(title) <> ''", name="title"),
        CheckConstraint("issue_id ~ '^[0-9]{1,12}$'", name="issue_id"),
        CheckConstraint("crawl_count >= 0", name="crawl_count"),
        Index("issues_status_idx", "status"),
        Index("issues_product_registered_date_idx", "product", text("registered_date DESC")),
        Index("issues_priority_idx", "priority"),
        Index("issues_registered_date_idx", text("registered_date DESC")),
        Index("issues_modified_date_idx", text("modified_date DESC")),
        Index("issues_missing_since_idx", "missing_since", postgresql_where=text("missing_since IS NOT NULL")),
        Index(
            "issues_full_data_idx",
            "full_data",
            postgresql_using="gin",
            postgresql_ops={"full_data": "jsonb_path_ops"},
        ),
        {"postgresql_with": {"fillfactor": 50, "toast_tuple_target": 256}},
    )

    issue_pk: Mapped[Key]
    first_crawled_at: Mapped[Stamp]
    last_crawled_at: Mapped[Stamp]
    crawl_count: Mapped[Count]
    missing_since: Mapped[Moment | None]
    created_at: Mapped[Stamp]
    updated_at: Mapped[Stamp]
    registered_date: Mapped[Moment | None]
    modified_date: Mapped[Moment | None]
    closed_date: Mapped[Moment | None]
    issue_id: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    product: Mapped[str | None]
    version: Mapped[str | None]
    module: Mapped[str | None]
    status: Mapped[str | None]
    priority: Mapped[str | None]
    severity: Mapped[str | None]
    issue_type: Mapped[str | None]
    reporter: Mapped[str | None]
    owner: Mapped[str | None]
    handler: Mapped[str | None]
    manager: Mapped[str | None]
    project_code: Mapped[str | None]
    project_name: Mapped[str | None]
    site: Mapped[str | None]
    customer: Mapped[str | None]
    found_version: Mapped[str | None]
    fixed_version: Mapped[str | None]
    target_version: Mapped[str | None]
    error_code: Mapped[str | None]
    bug_number: Mapped[str | None]
    url: Mapped[str | None]
    content_hash: Mapped[str | None]
    full_data: Mapped[JsonColumn]

    comments: Mapped[list[IssueComment]] = relationship(
        order_by="IssueComment.comment_number", viewonly=True, lazy="raise"
    )
    history: Mapped[list[HistoryEntry]] = relationship(order_by="HistoryEntry.history_id", viewonly=True, lazy="raise")
    attachments: Mapped[list[Attachment]] = relationship(
        order_by="Attachment.attachment_id", viewonly=True, lazy="raise"
    )


class SessionIssue(Base):
    """That a session saw an issue, and how."""

    __tablename__ = "session_issues"
    __table_args__ = (UniqueConstraint("session_id", "issue_pk"), Index("session_issues_issue_pk_idx", "issue_pk"))

    session_issue_id: Mapped[Key]
    session_id: Mapped[Big] = mapped_column(ForeignKey("crawl_sessions.session_id", ondelete="CASCADE"))
    issue_pk: Mapped[Big] = mapped_column(ForeignKey("issues.issue_pk", ondelete="CASCADE"))
    created_at: Mapped[Stamp]
    crawl_order: Mapped[int | None]
    crawl_duration_ms: Mapped[int | None]
    depth: Mapped[int | None]
    had_errors: Mapped[Flag]
    found_by: Mapped[str | None]
    found_from: Mapped[str | None]
    error_message: Mapped[str | None]
    content_hash: Mapped[str | None]
    product: Mapped[str | None]
    status: Mapped[str | None]


class IssueComment(Base):
    """A comment as readable text."""

    __tablename__ = "issue_comments"
    __table_args__ = (UniqueConstraint("issue_pk", "comment_number"),)

    comment_id: Mapped[Key]
    issue_pk: Mapped[Big] = mapped_column(ForeignKey("issues.issue_pk", ondelete="CASCADE"))
    comment_number: Mapped[Big]
    author: Mapped[str | None]
    author_email: Mapped[str | None]
    content: Mapped[EmptyText]
    commented_at: Mapped[Moment | None]
    created_at: Mapped[Stamp]


class HistoryEntry(Base):
    """Something that happened to an issue."""

    __tablename__ = "issue_history"
    __table_args__ = (
        UniqueConstraint(
            "issue_pk", "changed_at", "changed_by", "details_hash", "ordinal",
            name="issue_history_natural_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    history_id: Mapped[Key]
    issue_pk: Mapped[Big] = mapped_column(ForeignKey("issues.issue_pk", ondelete="CASCADE"))
    changed_by: Mapped[str | None]
    changed_by_email: Mapped[str | None]
    changed_at: Mapped[Moment | None]
    change_type: Mapped[str] = mapped_column(server_default=text("'update'::text"))
    field_name: Mapped[str | None]
    old_value: Mapped[str | None]
    new_value: Mapped[str | None]
    description: Mapped[EmptyText]
    details_hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))
    ordinal: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Stamp]


class Attachment(Base):
    """A file of an issue, also one that could not be had."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("issue_pk", "file_id", "kind"),
        CheckConstraint("kind IN ('ISSUE', 'PATCH', 'INLINE')", name="kind"),
        CheckConstraint("file_size >= 0", name="file_size"),
        CheckConstraint(
            "text_status IN ('extracted', 'empty', 'unsupported', 'failed', 'not_downloaded')", name="text_status"
        ),
        Index("attachments_session_id_idx", "session_id"),
        Index("attachments_missing_idx", "issue_pk", postgresql_where=text("NOT downloaded")),
    )

    attachment_id: Mapped[Key]
    issue_pk: Mapped[Big] = mapped_column(ForeignKey("issues.issue_pk", ondelete="CASCADE"))
    session_id: Mapped[Big | None] = mapped_column(ForeignKey("crawl_sessions.session_id", ondelete="SET NULL"))
    file_id: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=text("'ISSUE'::text"))
    source: Mapped[str | None]
    filename: Mapped[str]
    file_type: Mapped[str | None]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    file_path: Mapped[str | None]
    sha256: Mapped[str | None]
    download_url: Mapped[str | None]
    downloaded: Mapped[Flag]
    download_error: Mapped[str | None]
    extracted_text: Mapped[str | None]
    text_extracted: Mapped[Flag]
    text_status: Mapped[str | None]
    created_at: Mapped[Stamp]
