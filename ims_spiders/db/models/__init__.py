"""The tables as typed SQLAlchemy models, for reading and for small writes; the SQL scripts are what makes them."""

from ims_spiders.db.models.base import Base, SchemaVersion
from ims_spiders.db.models.issues import Attachment, CrawledIssue, HistoryEntry, IssueComment, SessionIssue
from ims_spiders.db.models.people import CrawlSession, SearchQuery, SessionError, User
from ims_spiders.db.models.statistics import AnalyticsDaily, AnalyticsMonthly, AuditLog

__all__ = [
    "AnalyticsDaily",
    "AnalyticsMonthly",
    "Attachment",
    "AuditLog",
    "Base",
    "CrawlSession",
    "CrawledIssue",
    "HistoryEntry",
    "IssueComment",
    "SchemaVersion",
    "SearchQuery",
    "SessionError",
    "SessionIssue",
    "User",
]
