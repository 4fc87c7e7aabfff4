"""One observed request becomes the request for any file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.exceptions import AttachmentUnlearned, ConfigurationError
from ims_spiders.items import Attachment
from ims_spiders.login.download_pattern import FORM, derive_pattern, parse_pattern

BASE = "http://127.0.0.1:8000"
SEEN = Attachment("261102", "ISSUE", "오류 로그.txt")
OTHER = Attachment("300001", "PATCH", "a&b=c.zip")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/tody/f.do?fileId=261102&gubun=ISSUE", "/tody/f.do?fileId=300001&gubun=PATCH"),
        ("/tody/f.do?gubun=ISSUE&x=1&fileId=261102", "/tody/f.do?gubun=PATCH&x=1&fileId=300001"),
        ("/tody/file/261102/ISSUE", "/tody/file/300001/PATCH"),
        ("/tody/issue/348115/files/261102.do?k=ISSUE", "/tody/issue/99999/files/300001.do?k=PATCH"),
        ("/tody/f.do?key=ISSUE_261102_1", "/tody/f.do?key=ISSUE_300001_1"),
        ("/tody/f.do?issueId=348115&id=261102", "/tody/f.do?issueId=99999&id=300001"),
        ("/tody/f.do?id=261102&t=2611020", "/tody/f.do?id=300001&t=2611020"),
        ("/tody/f.do?id=261102&t=%7Bx%7D&e=", "/tody/f.do?id=300001&t=%7Bx%7D&e="),
        (
            "/tody/f.do?id=261102&name=%EC%98%A4%EB%A5%98+%EB%A1%9C%EA%B7%B8.txt",
            "/tody/f.do?id=300001&name=a%26b%3Dc.zip",
        ),
    ],
)
def test_get(url: str, expected: str) -> None:
    pattern = derive_pattern("GET", BASE + url, "", "", "348115", SEEN)
    request = pattern.request("99999", OTHER)
    assert (request.method, request.url) == ("GET", BASE + expected)


def test_post() -> None:
    pattern = derive_pattern("POST", f"{BASE}/tody/f.do", "fileId=261102&gubun=ISSUE", FORM, "348115", SEEN)
    request = pattern.request("99999", OTHER)
    assert (request.method, request.url, request.body) == ("POST", f"{BASE}/tody/f.do", b"fileId=300001&gubun=PATCH")
    assert request.headers["Content-Type"] == FORM.encode()


def test_a_body_that_is_no_form() -> None:
    pattern = derive_pattern("POST", f"{BASE}/f", '{"id":"261102"}', "application/json", "348115", SEEN)
    assert pattern.request("1", OTHER).body == b'{"id":"300001"}'


def test_a_request_that_does_not_name_the_file_teaches_nothing() -> None:
    with pytest.raises(AttachmentUnlearned, match="IMS_ATTACHMENT_URL"):
        derive_pattern("GET", f"{BASE}/f?id=2611029", "", "", "348115", SEEN)


@given(
    st.integers(1, 10**9).map(str), st.integers(1, 10**9).map(str), st.text(st.characters(codec="utf-8"), max_size=30)
)
def test_the_pattern_of_a_request_gives_that_request_again(file_id: str, issue_id: str, filename: str) -> None:
    seen = Attachment(file_id, "ISSUE", filename)
    first = parse_pattern("/d.do?f={file_id}&k={kind}&i={issue_id}&n={filename}", BASE).request(issue_id, seen)
    again = derive_pattern("GET", first.url, "", "", issue_id, seen).request(issue_id, seen)
    assert again.url == first.url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/d.do",
        "POST",
        "https://elsewhere.example.com/{file_id}",
        "http://127.0.0.1:8001/{file_id}",
        "https://127.0.0.1:8000/{file_id}",
        "http://me:word@127.0.0.1:8000/{file_id}",
        "GET a b c {file_id}",
    ],
)
def test_a_setting_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="IMS_ATTACHMENT_URL"):
        parse_pattern(text, BASE)


def test_a_setting_with_method_and_body() -> None:
    request = parse_pattern("POST /d.do id={file_id}&type={kind}", BASE).request("1", OTHER)
    assert (request.method, request.url, request.body) == ("POST", f"{BASE}/d.do", b"id=300001&type=PATCH")
