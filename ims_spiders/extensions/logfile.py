"""The session's log file and Scrapy's log, without secrets in them, as text or JSON; messages without whole items."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.logformatter import LogFormatter
from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from scrapy.utils.log import get_scrapy_root_handler

from ims_spiders.config import load_tracker_config
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.extensions.job import scrapyd_job
from ims_spiders.extensions.logfile_disk import LogFile
from ims_spiders.extensions.session import CrawlSession
from ims_spiders.login.redaction import Redaction, configured_redaction, known_secrets

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["TEXT", "Context", "Redaction", "SessionLog", "ShortItems", "known_secrets", "shape"]

TEXT = "%(asctime)s %(short)s %(levelname)s [%(name)s] %(message)s"


class Context(logging.Filter):
    """Gives each record the session's uuid and the job's name, for JSON, and the uuid's beginning for text."""

    def __init__(self) -> None:
        super().__init__()
        self.session: str | None = None
        self.as_text = False
        """Whether Scrapy's log, where it is text, looks like crawl.log: who gave it a format of their own keeps it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record is kept."""
        record.session, record.job = self.session, scrapyd_job()
        record.short = (self.session or "-")[:8]
        return True


_context = Context()
"""A process runs one crawl; Scrapy's log begins before there is a session, and its last lines come after."""


def shape(handler: logging.Handler, *, as_text: bool = False) -> None:
    """Have the handler write no secrets, and what IMS_LOG_FORMAT says: JSON, or text; `as_text` like that of crawl.log.

    With settings that are wrong it is text: the crawl then ends with a message about them.
    """
    redaction = configured_redaction()
    try:
        as_json = load_tracker_config().log_format == "json"
    except ConfigurationError:
        as_json = False
    handler.addFilter(_context)
    handler.addFilter(redaction)
    if as_json:
        from ims_spiders.extensions.jsonlog import JsonLines

        handler.setFormatter(JsonLines(redaction.clean))
    elif as_text or _context.as_text:
        handler.setFormatter(logging.Formatter(TEXT))


class SessionLog:
    """Writes what is logged during the session to its `crawl.log`."""

    def __init__(self, session: CrawlSession, settings: BaseSettings):
        _context.session = session.uuid
        self._handler = LogFile(session.folder.log_path)
        self._handler.setLevel(settings.get("LOG_LEVEL"))
        shape(self._handler, as_text=True)
        _context.as_text = settings.getpriority("LOG_FORMAT") == SETTINGS_PRIORITIES["default"]
        scrapys = get_scrapy_root_handler()
        if scrapys is not None:
            # Scrapy makes another one after this (logfile_first.py).
            shape(scrapys)
        root = logging.getLogger()
        root.addHandler(self._handler)
        if root.level > self._handler.level or root.level == logging.NOTSET:
            root.setLevel(self._handler.level)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SessionLog:
        """Raises NotConfigured without a session (`scrapy check`)."""
        session = CrawlSession.of(crawler)
        if session is None:
            raise NotConfigured
        log = cls(session, crawler.settings)
        crawler.signals.connect(log.close, signals.engine_stopped)
        return log

    def close(self) -> None:
        """Stop writing; what is logged afterwards belongs to nobody's session."""
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()


class ShortItems(LogFormatter):
    """Names items by their number: Scrapy would print them whole."""

    def scraped(self, item: Any, response: Any, spider: Any) -> Any:
        """One line for an item that came out of a callback."""
        return super().scraped(_name(item), response, spider)

    def dropped(self, item: Any, exception: BaseException, response: Any, spider: Any) -> Any:
        """One line for an item that a pipeline refused."""
        return super().dropped(_name(item), exception, response, spider)

    def item_error(self, item: Any, exception: BaseException, response: Any, spider: Any) -> Any:
        """One line for an item that a pipeline failed on."""
        return super().item_error(_name(item), exception, response, spider)


def _name(item: Any) -> str:
    return f"issue {getattr(item, 'issue_id', '?')}"
