"""Feeds (`-o out.jsonl`) that hold each issue exactly as its file does, times with their offset."""

from __future__ import annotations

import json
from typing import Any

from scrapy.exporters import BaseItemExporter

from ims_spiders.items import Issue, issue_document


def _line(item: Any) -> bytes:
    document = issue_document(item) if isinstance(item, Issue) else dict(item)
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")


class IssueLinesExporter(BaseItemExporter):
    """One JSON object a line."""

    def __init__(self, file: Any, **kwargs: Any):
        super().__init__(dont_fail=True, **kwargs)
        self._file = file

    def export_item(self, item: Any) -> None:
        """Append one issue."""
        self._file.write(_line(item) + b"\n")


class IssueArrayExporter(BaseItemExporter):
    """One JSON array of all issues."""

    def __init__(self, file: Any, **kwargs: Any):
        super().__init__(dont_fail=True, **kwargs)
        self._file = file
        self._first = True

    def start_exporting(self) -> None:
        """Open the array."""
        self._file.write(b"[\n")

    def export_item(self, item: Any) -> None:
        """Append one issue."""
        self._file.write((b"" if self._first else b",\n") + _line(item))
        self._first = False

    def finish_exporting(self) -> None:
        """Close the array."""
        self._file.write(b"\n]\n")
