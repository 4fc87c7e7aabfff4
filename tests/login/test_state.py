"""Cookie files of both forms, and cookies on their way between browser and plain requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.http.cookies import CookieJar

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.login.state import from_cookie, read_cookie_file, state_document, to_cookie

NETSCAPE = """# Netscape HTTP Cookie File
ims.example.com\tFALSE\t/tody\tTRUE\t0\tJSESSIONID\tABC123
#HttpOnly_.example.com\tTRUE\t/\tFALSE\t4102444800\tSSO\tXYZ
"""


def test_netscape(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(NETSCAPE)
    session, sso = sorted(read_cookie_file(path), key=lambda cookie: str(cookie["name"]))
    assert (session["name"], session["value"], session["domain"], session["path"]) == (
        "JSESSIONID",
        "ABC123",
        "ims.example.com",
        "/tody",
    )
    assert session["secure"] is True
    assert sso["domain"] == ".example.com"


def test_playwright_storage_state_and_bare_list(tmp_path: Path) -> None:
    cookie = {"name": "JSESSIONID", "value": "A", "domain": "ims.example.com", "path": "/tody", "expires": -1}
    for content in ({"cookies": [cookie], "origins": []}, [cookie]):
        path = tmp_path / "state.json"
        path.write_text(json.dumps(content))
        assert read_cookie_file(path)[0]["value"] == "A"


def test_what_is_saved_can_be_read_as_a_cookie_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(state_document([{"name": "a", "value": "b", "domain": "127.0.0.1", "path": "/"}]))
    assert read_cookie_file(path)[0]["name"] == "a"


@pytest.mark.parametrize(
    "content", ["", "not a cookie file", "{}", '{"cookies": [{"name": "x"}]}', "[1]", "# Netscape HTTP Cookie File\n"]
)
def test_anything_else_is_refused_by_file_name_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        read_cookie_file(path)
    assert str(path) in str(caught.value)
    assert not content or content not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.txt"):
        read_cookie_file(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    ("domain", "url", "sent"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/tody/a.do", True),
        ("localhost", "http://localhost:8000/tody/a.do", True),
        ("ims.example.com", "http://ims.example.com/tody/a.do", True),
        (".example.com", "http://ims.example.com/tody/a.do", True),
        ("ims.example.com", "http://ims.example.com/other", False),
        ("ims.example.com", "http://elsewhere.example.org/tody/a.do", False),
    ],
)
def test_a_browser_cookie_goes_with_the_requests_it_is_for(domain: str, url: str, sent: bool) -> None:
    jar = CookieJar()
    jar.set_cookie(to_cookie({"name": "JSESSIONID", "value": "A", "domain": domain, "path": "/tody"}))
    request = Request(url)
    jar.add_cookie_header(request)
    assert (request.headers.get("Cookie") == b"JSESSIONID=A") is sent


@pytest.mark.parametrize("domain", ["127.0.0.1", "localhost", ".example.com"])
def test_there_and_back(domain: str) -> None:
    cookie = {
        "name": "n",
        "value": "v",
        "domain": domain,
        "path": "/tody",
        "httpOnly": True,
        "secure": False,
        "expires": -1.0,
    }
    assert from_cookie(to_cookie(cookie)) == cookie
