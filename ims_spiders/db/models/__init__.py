"""The tables as typed SQLAlchemy models, for reading and for small writes; the SQL scripts are what makes them."""

from ims_spiders.db.models.base import ArchiveSettings, Base
from ims_spiders.db.models.issues import Attachment, CrawledIssue, HistoryEntry, IssueComment, SessionIssue
from ims_spiders.db.models.pages import Page
from ims_spiders.db.models.people import CrawlSession, DeletedSession, SearchQuery, SessionError, User
from ims_spiders.db.models.schedules import FavouriteQuery, Schedule
from ims_spiders.db.models.statistics import AnalyticsDaily, AnalyticsMonthly, AuditLog

__all__ = [
    "AnalyticsDaily",
    "AnalyticsMonthly",
    "ArchiveSettings",
    "Attachment",
    "AuditLog",
    "Base",
    "CrawlSession",
    "CrawledIssue",
    "DeletedSession",
    "FavouriteQuery",
    "HistoryEntry",
    "IssueComment",
    "Page",
    "Schedule",
    "SearchQuery",
    "SessionError",
    "SessionIssue",
    "User",
]
