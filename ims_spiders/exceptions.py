"""What can go wrong in a crawl: who raises it, and what the crawl does then."""

from __future__ import annotations

from typing import ClassVar, Literal

ErrorType = Literal[
    "authentication_error",
    "crawl_error",
    "crawl_failure",
    "database_error",
    "parsing_error",
    "network_error",
    "attachment_error",
]
Severity = Literal["error", "warning", "info"]


class ImsError(Exception):
    """Base of all of them. Its text is for the user: what happened, and what to do next. Never a secret in it."""

    error_type: ClassVar[ErrorType] = "crawl_error"
    severity: ClassVar[Severity] = "error"


class ConfigurationError(ImsError):
    """A setting or argument is missing or wrong. Raised before anything is asked of the tracker; exit code 2."""


class SessionBusy(ConfigurationError):
    """Another process writes the session that was to be resumed. Raised by the session's folder; exit code 2."""


class DatabaseOutdated(ConfigurationError):
    """The schema is older than this program, and is not changed unasked. Raised where it is made; exit code 2, in a
    crawl the database stays behind."""

    error_type: ClassVar[ErrorType] = "database_error"


class DatabaseNewer(ConfigurationError):
    """The schema is of a newer program than this one. Raised where it is made; as DatabaseOutdated."""

    error_type: ClassVar[ErrorType] = "database_error"


class BrowserMissing(ConfigurationError):
    """There is no browser to start. Raised by the browser provider; exit code 2."""


class LoginRefused(ImsError):
    """The tracker refused the login, the first one or a later one. Raised by login; the crawl stops, exit code 3."""

    error_type: ClassVar[ErrorType] = "authentication_error"


class WrongUser(LoginRefused):
    """Pages suddenly carry another user's name. Raised by the session middleware; the crawl stops, exit code 3."""


class StorageError(ImsError):
    """The disk refused a write. Raised where files are written; the crawl stops, exit code 4."""


class LeaseLost(StorageError):
    """This process runs a job that is, or may be, another node's by now. Raised instead of writing; the crawl stops,
    exit code 7, and leaves its session as it was."""


class TrackerUnavailable(ImsError):
    """The tracker no longer answers. Raised by the middlewares; the crawl stops, exit code 8."""

    error_type: ClassVar[ErrorType] = "network_error"


class CrawlEnding(ImsError):
    """What was asked for is not had because the crawl is being ended. Raised by the session middleware and the gate
    after the reason was reported; no error of its own: resuming asks again."""


class PageError(ImsError):
    """A page is not what it should be. Raised by page objects; the page goes to quarantine, the issue is failed."""

    error_type: ClassVar[ErrorType] = "parsing_error"


class NotLoggedIn(PageError):
    """The login page came instead. Raised by page objects; the session middleware normally never lets it through."""

    error_type: ClassVar[ErrorType] = "authentication_error"


class UnexpectedPage(PageError):
    """Some other page came: an error page, a stack trace, a page without its marks. Quarantined."""


class MissingField(PageError):
    """A field that every such page has is not there: the template changed. Quarantined."""


class IssueNotAvailable(PageError):
    """The issue does not exist or may not be seen. Raised by the issue page; an error for a search hit, a warning
    for a related issue; the crawl goes on."""

    error_type: ClassVar[ErrorType] = "crawl_error"


class AttachmentError(ImsError):
    """A file could not be had. Raised by the attachment pipeline; written down in the issue, which is kept."""

    error_type: ClassVar[ErrorType] = "attachment_error"
    severity: ClassVar[Severity] = "warning"


class AttachmentUnlearned(AttachmentError):
    """How the tracker wants attachments requested is not known. Raised when it is learned; written down."""


class RowRefused(ImsError):
    """The database refused one issue for its content. Reported by the session when the writer ends; the issue's file
    is whole, the other issues are stored."""

    error_type: ClassVar[ErrorType] = "database_error"


class QueueUnavailable(ImsError):
    """The database with the queue of jobs does not answer. Raised where the queue is asked; nodes ask again, jobs go
    on while their lease holds."""

    error_type: ClassVar[ErrorType] = "database_error"


class DatabaseBehind(ImsError):
    """Not everything reached the database. Raised by the writer at the end; exit code 6, `ims db load` mends it."""

    error_type: ClassVar[ErrorType] = "database_error"
