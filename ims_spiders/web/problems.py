"""What keeps a page from being shown, each with the status and the heading of the page that says so."""

from __future__ import annotations

from typing import ClassVar

from ims_spiders.exceptions import ImsError


class WebError(ImsError):
    """Base of them. Its text is for the reader; raised while a page is made, answered with a page that says it."""

    status: ClassVar[int] = 500
    heading: ClassVar[str] = "Something went wrong"


class NotThereError(WebError):
    """The archive has no such thing, or not for this user. Raised by pages."""

    status = 404
    heading = "Not found"


class DatabaseAwayError(WebError):
    """The database does not answer. Raised by the archive's database; the next request asks it anew."""

    status = 503
    heading = "The database is away"


class TookTooLongError(WebError):
    """The database was still at it when its time was up. Raised by the archive's database."""

    status = 503
    heading = "That took too long"


class TooBusyError(WebError):
    """Too many requests wait already. Raised by the archive's database."""

    status = 503
    heading = "Too many requests at once"


class ArchiveUnfitError(WebError):
    """Settings, schema or user are not as they must be. Raised where a transaction begins."""

    status = 503
    heading = "The archive cannot be shown"
