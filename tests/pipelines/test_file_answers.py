"""A file is told from a page, an error and a torn answer."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, Response

from ims_spiders.items import Attachment
from ims_spiders.pipelines.file_answers import not_a_file

URL = "http://127.0.0.1/tody/download.do"
DOWNLOAD = {"Content-Disposition": 'attachment; filename="a"'}
PAGE = b"<!DOCTYPE html><html><body>Internal error</body></html>"


def attachment(name: str = "a.log", label: str | None = "1 KB") -> Attachment:
    return Attachment("1", "ISSUE", name, size_label=label)


@pytest.mark.parametrize(
    ("response", "file"),
    [
        (Response(URL, body=b"text", headers={"Content-Length": "4"}), attachment()),
        (Response(URL, body=b"text"), attachment()),
        (HtmlResponse(URL, body=PAGE, headers=DOWNLOAD), attachment("saved.html")),
        (HtmlResponse(URL, body=PAGE, headers=DOWNLOAD), attachment("mail")),
        (HtmlResponse(URL, body=PAGE), attachment("saved.htm")),
        (Response(URL, body=b"", headers={"Content-Length": "0"}), attachment(label="0 B")),
        (HtmlResponse(URL, body=b"12:00 started", headers={"Content-Type": "text/html"}), attachment()),
        (Response(URL, body=b"GET / answered <html><body>", headers={"Content-Type": "text/plain"}), attachment()),
    ],
)
def test_files(response: Response, file: Attachment) -> None:
    assert not_a_file(response, file) is None


@pytest.mark.parametrize(
    ("response", "file", "reason"),
    [
        (Response(URL, status=404, body=b"x"), attachment(), "404"),
        (Response(URL, body=b"tex", headers={"Content-Length": "4"}), attachment(), "3 bytes came, 4 were declared"),
        (Response(URL, body=b""), attachment(), "no content"),
        (HtmlResponse(URL, body=PAGE, headers={"Content-Type": "text/html"}), attachment(), "page"),
        (Response(URL, body=PAGE), attachment("a.pdf"), "page"),
        (HtmlResponse(URL, body=b"<!-- x -->" + PAGE, headers={"Content-Type": "text/html"}), attachment(), "page"),
        (Response(URL, body=b"\r\n" * 2000 + PAGE), attachment(), "page"),
        (HtmlResponse(URL, body=b"\n" * 3000 + PAGE, headers={"Content-Type": "text/html"}), attachment(), "page"),
        (Response(URL, body=b"<!--" + b"x" * 3000 + b"-->\n" + PAGE), attachment(), "page"),
    ],
)
def test_not_files(response: Response, file: Attachment, reason: str) -> None:
    assert reason in (not_a_file(response, file) or "")


def test_the_declared_length_is_that_of_the_packed_body() -> None:
    response = Response(URL, body=b"unpacked", headers={"Content-Length": "5"})
    assert not_a_file(response, attachment(), wire_bytes=5) is None
