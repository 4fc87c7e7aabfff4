"""The session's log file, without secrets in it, and Scrapy's messages without whole items in them."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.logformatter import LogFormatter

from ims_spiders.config import load_database_config, load_notify_config, load_tracker_config
from ims_spiders.extensions.session import CrawlSession

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_SECRETS = re.compile(r"(?i)(jsessionid=|password=|passwd=)[^\s;&'\"]+|(?<=://)([^/\s:@]+:)[^\s/@]+(?=@)")


class Redaction(logging.Filter):
    """Takes passwords and session numbers out of every message, whoever wrote it."""

    def __init__(self, secrets: list[str]):
        super().__init__()
        self._secrets = [secret for secret in secrets if len(secret) >= 4]

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRETS.sub(lambda found: f"{found[1] or found[2]}***", text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always kept."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        record.msg, record.args = self.clean(record.getMessage()), ()
        return True


class SessionLog:
    """Writes what is logged during the session to its `crawl.log`."""

    def __init__(self, session: CrawlSession, level: str):
        self._handler = logging.FileHandler(session.folder.log_path, encoding="utf-8", errors="backslashreplace")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
        self._handler.setLevel(level)
        self._handler.addFilter(Redaction(known_secrets()))
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
        log = cls(session, crawler.settings.get("LOG_LEVEL"))
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


def known_secrets() -> list[str]:
    """The passwords of this process's configuration, and addresses that may hold one."""
    tracker, database, told = load_tracker_config(), load_database_config(), load_notify_config()
    values = [tracker.password, database.password, database.url, told.notify_url, told.smtp_url]
    return [value.get_secret_value() for value in values if value is not None]
