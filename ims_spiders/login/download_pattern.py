"""How the tracker wants an attachment requested, as a pattern with places for the file's own values. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus, urljoin, urlsplit, urlunsplit

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from ims_spiders.exceptions import AttachmentUnlearned, ConfigurationError
from ims_spiders.items import Attachment
from ims_spiders.login.origin import Fence

FORM = "application/x-www-form-urlencoded"
SHORTEST_NUMBER = 4
"""Digits; a shorter number inside a value is as likely a version or a count."""

PLACES = ("file_id", "kind", "issue_id", "filename")


@dataclass(frozen=True, slots=True)
class DownloadPattern:
    """A request with `{file_id}`, `{kind}`, `{issue_id}` and `{filename}` where the file's own values go."""

    method: str
    url: str
    body: str = ""
    content_type: str = FORM

    def request(self, issue_id: str, attachment: Attachment) -> Request:
        """The request for one attachment."""
        values = _values(issue_id, attachment)
        headers = {"Content-Type": self.content_type} if self.body else {}
        return Request(
            _fill(self.url, values),
            callback=NO_CALLBACK,
            method=self.method,
            body=_fill(self.body, values),
            headers=headers,
            dont_filter=True,
        )


def parse_pattern(text: str, base_url: str) -> DownloadPattern:
    """The pattern of IMS_ATTACHMENT_URL: `[GET|POST] URL [BODY]`, the URL absolute or a path of the tracker.

    Raises ConfigurationError when it has no place for the file's number, or leads to another host, port or scheme.
    """
    words = text.split()
    method = words.pop(0).upper() if words and words[0].upper() in {"GET", "POST"} else "GET"
    if not words or len(words) > 2 or not any("{file_id}" in word for word in words):
        raise ConfigurationError(
            f"IMS_ATTACHMENT_URL={text!r}: give `[GET|POST] URL [BODY]` with {{file_id}} in it, for example "
            "/tody/common/download.do?fileId={file_id}&type={kind}"
        )
    url = urljoin(base_url + "/", words[0])
    fence = Fence(base_url)
    if not fence.allows(url):
        raise ConfigurationError(f"IMS_ATTACHMENT_URL={text!r}: must be on the tracker, at {fence.own}")
    return DownloadPattern(method, url, words[1] if len(words) == 2 else "")


def derive_pattern(
    method: str, url: str, body: str, content_type: str, issue_id: str, attachment: Attachment
) -> DownloadPattern:
    """The pattern behind one observed request for a known attachment.

    Whole values are taken for places (a parameter's value, a segment of the path), and numbers of four digits or more
    also where they stand inside one, as in `/files/261102.do`. Raises AttachmentUnlearned when the file's number is
    nowhere in the request.
    """
    values = _values(issue_id, attachment)
    parts = urlsplit(url)
    path = "/".join(_place(segment, unquote(segment), values) for segment in parts.path.split("/"))
    pattern_url = urlunsplit((parts.scheme, parts.netloc, path, _form_pattern(parts.query, values), ""))
    pattern_body = body
    if body:
        form = content_type.partition(";")[0].strip().lower() in {"", FORM}
        pattern_body = _form_pattern(body, values) if form else _numbers_placed(body, values)
    if "{file_id}" not in pattern_url + pattern_body:
        raise AttachmentUnlearned(
            f"the tracker requests attachment {attachment.file_id} in a way that does not name it "
            f"({method} {parts.path}); set IMS_ATTACHMENT_URL"
        )
    return DownloadPattern(method, pattern_url, pattern_body, content_type or FORM)


def _values(issue_id: str, attachment: Attachment) -> dict[str, str]:
    return {
        "file_id": attachment.file_id,
        "kind": attachment.kind,
        "issue_id": issue_id,
        "filename": attachment.filename,
    }


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _place(raw: str, decoded: str, values: dict[str, str]) -> str:
    """The name of the place when the value is one of the file's own, else the value as it stood."""
    for name in PLACES:
        if values[name] and decoded == values[name]:
            return f"{{{name}}}"
    return _numbers_placed(raw.replace("{", "%7B").replace("}", "%7D"), values)


def _numbers_placed(text: str, values: dict[str, str]) -> str:
    """Put the file's and the issue's number in places where they stand free of other letters and digits."""
    for name in ("file_id", "issue_id"):
        if len(values[name]) >= SHORTEST_NUMBER:
            text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(values[name])}(?![0-9A-Za-z])", f"{{{name}}}", text)
    return text


def _form_pattern(form: str, values: dict[str, str]) -> str:
    """A query string or form body; what is not the file's own stays to the letter."""
    pairs = [pair.partition("=") for pair in form.split("&")]
    return "&".join(name + equals + _place(value, unquote_plus(value), values) for name, equals, value in pairs)


def _fill(pattern: str, values: dict[str, str]) -> str:
    for name in PLACES:
        pattern = pattern.replace(f"{{{name}}}", _quoted(values[name]))
    return pattern
