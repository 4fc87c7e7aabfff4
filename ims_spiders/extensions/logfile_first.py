"""Has Scrapy's own log be free of secrets, and look as IMS_LOG_FORMAT says, from its first line on.

Scrapy makes that log's handler before it asks for any component of a project, writes to it at once, and makes it anew
while a crawl starts. So each record sees to it that the handler is in shape.
"""

from __future__ import annotations

import logging
from typing import Any

from scrapy.utils.log import get_scrapy_root_handler

from ims_spiders.extensions.uncaught import tell_cleanly


def watch_log() -> None:
    """To be called before a crawl's process is made; once more changes nothing."""
    tell_cleanly()
    if not isinstance(logging.getLogRecordFactory(), _Watch):
        logging.setLogRecordFactory(_Watch(logging.getLogRecordFactory()))


class _Watch:
    """Makes records as the factory before it does."""

    def __init__(self, make: Any):
        self._make = make
        self._shaping = False

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """A record."""
        handler = get_scrapy_root_handler()
        if handler is not None and not handler.filters and not self._shaping:
            # What is imported and read here may log as well.
            self._shaping = True
            try:
                _shape(handler)
            finally:
                self._shaping = False
        record: logging.LogRecord = self._make(*args, **kwargs)
        return record


def _shape(handler: logging.Handler) -> None:
    # Late: it brings the whole of a crawl along, and most processes that read the settings run none.
    from ims_spiders.extensions.logfile import shape

    shape(handler)
