"""What is on the tracker: the same scheme, host and port, however an address is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.login.origin import Fence, origin_of, shown_address

BASE = "https://ims.example.com"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "https://ims.example.com/tody/a.do"),
        (BASE, "https://IMS.example.com:443/tody"),
        ("http://ims.example.com", "https://ims.example.com/tody"),
        ("http://ims.example.com:80", "http://ims.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/?u=http://elsewhere"),
        ("http://[::1]:8000", "http://[::1]:8000/tody"),
        ("https://ims.한국.kr", Request("https://ims.한국.kr/tody").url),
    ],
)
def test_on_the_tracker(base: str, url: str) -> None:
    assert Fence(base).allows(url)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "http://ims.example.com/tody"),
        (BASE, "https://ims.example.com:8443/tody"),
        (BASE, "https://ims.example.com.evil.example/"),
        (BASE, "https://evil.example/ims.example.com"),
        (BASE, "https://user:word@ims.example.com/tody"),
        (BASE, "https://ims.example.com@evil.example/"),
        (BASE, "https://ims.example.com\\@evil.example/"),
        (BASE, "https://evil.example\\@ims.example.com/"),
        (BASE, "https://ims.example.com./tody"),
        (BASE, "//ims.example.com/tody"),
        (BASE, "/tody"),
        (BASE, "file:///etc/passwd"),
        (BASE, "file://ims.example.com/etc/passwd"),
        (BASE, "ftp://ims.example.com/a"),
        (BASE, "javascript:alert(1)"),
        (BASE, "data:text/html,x"),
        (BASE, "https://ims.example.com:99999/"),
        (BASE, "https://[ims.example.com/"),
        (BASE, "https://ims..example.com/"),
        (BASE, "https://ｉｍｓ。example.com.evil.example/"),
        (BASE, ""),
        ("http://ims.example.com", "https://ims.example.com:8443/"),
        ("http://ims.example.com:8000", "https://ims.example.com/"),
        ("http://ims.example.com:8000", "http://ims.example.com/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:9/"),
        ("http://127.0.0.1:8000", "http://localhost:8000/"),
    ],
)
def test_elsewhere(base: str, url: str) -> None:
    assert not Fence(base).allows(url)


@given(st.text(alphabet="htps:/\\@.?#[]0189aims-%\t\n %", max_size=40))
def test_any_text_that_is_allowed_names_just_that_host(text: str) -> None:
    for url in (text, f"https://{text}", f"{BASE}{text}"):
        if Fence(BASE).allows(url):
            rest = url.lower().removeprefix(BASE)
            assert rest != url.lower()
            assert rest == "" or rest[0] in "/?#" or rest.startswith((":443", ":0443", ":00443", ":")), url


def test_what_is_shown_of_an_address_is_no_secret() -> None:
    shown = shown_address("https://me:pw@ims.example.com:1/a.do;jsessionid=ABC?token=T#f")
    assert shown == "https://ims.example.com:1/a.do"
    assert origin_of("https://me:pw@ims.example.com") is None


@pytest.mark.parametrize(
    "base", ["https://ims.example.com:99999", "https://ims..example.com", "https://me@ims.example.com"]
)
def test_a_tracker_without_an_origin_is_refused(base: str) -> None:
    with pytest.raises(ConfigurationError, match="IMS_BASE_URL"):
        Fence(base)
