"""Log lines as JSON objects, one a line, for whatever collects logs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from ims_spiders.items import utc_milliseconds


class JsonLines(JsonFormatter):
    """Keys: time (ISO 8601, UTC), level, logger, message, session (uuid), job, and exception where there is one.

    Nothing else of a record goes out: what a library hangs on it has been seen by no filter. `clean` takes secrets out
    of texts that no filter has seen.
    """

    def __init__(self, clean: Callable[[str], str]):
        super().__init__(json_ensure_ascii=False)
        self._clean = clean

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put the record's values into `log_data`."""
        log_data["time"] = utc_milliseconds(datetime.fromtimestamp(record.created, UTC))
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = self._clean(record.getMessage())
        for name in ("session", "job"):
            if value := getattr(record, name, None):
                log_data[name] = value
        if record.exc_text or record.exc_info:
            # What the base class made of it (message_dict) is as it was raised, with whatever the error quotes.
            log_data["exception"] = self._clean(record.exc_text or self.formatException(record.exc_info))  # type: ignore[arg-type]
