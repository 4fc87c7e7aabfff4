"""Tells a file from a page, an error or a torn answer. No I/O."""

from __future__ import annotations

import re

from scrapy.http import Response

from ims_spiders.items import Attachment

_EMPTY_SIZE = re.compile(r"^0+(\.0+)?\s*(b|bytes?|kb|mb|k|m)?$", re.IGNORECASE)
_PAGE_NAMES = {"htm", "html", "xhtml", "mht", "jsp"}
# Templates leave lines and remarks of their own before a page, kilobytes of them at times.
_LEADING = re.compile(rb"(?:[ \t\r\n]|\xef\xbb\xbf|<!--.*?-->)*+", re.DOTALL)
_PAGE_MARK = re.compile(rb"<!doctype html|<html|<head|<script|<body", re.IGNORECASE)


def not_a_file(response: Response, attachment: Attachment, wire_bytes: int | None = None) -> str | None:
    """Why this answer is not the attachment's content; None when it is.

    `wire_bytes` is the body's length before it was unpacked, which is what Content-Length speaks of.

    Refused: another status than 200, fewer or more bytes than declared, nothing at all (unless the page gives its size
    as zero), and an HTML page that does not call itself a download in the place of a file that is not HTML.
    """
    if response.status != 200:
        return f"the tracker answered with status {response.status}"
    came = len(response.body) if wire_bytes is None else wire_bytes
    declared = (response.headers.get("Content-Length") or b"").strip()
    if declared.isdigit() and int(declared) != came:
        return f"{came} bytes came, {int(declared)} were declared"
    if not response.body and not _EMPTY_SIZE.match(attachment.size_label or ""):
        return "the tracker sent no content"
    if _is_page(response, attachment):
        return "the tracker answered with a page instead of the file"
    return None


def _is_page(response: Response, attachment: Attachment) -> bool:
    if response.headers.get("Content-Disposition") or response.url.startswith("data:"):
        return False
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
    extension = attachment.filename.rpartition(".")[2].lower()
    if extension in _PAGE_NAMES and attachment.kind != "INLINE":
        return False
    leading = _LEADING.match(response.body)
    start = leading.end() if leading else 0
    beginning = response.body[start : start + 2048]
    # A log may be sent as HTML by a careless server, and may quote a page: neither alone makes it one.
    return bool(_PAGE_MARK.match(beginning) or ("html" in content_type and _PAGE_MARK.search(beginning)))
