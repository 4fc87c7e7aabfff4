"""Every fixture page gives what its folder says: each field is a test of its own."""

from __future__ import annotations

import json
import re

import pytest

from ims_spiders import exceptions
from tests.pages.fixture_pages import KINDS, ROOT, cases, expected, expected_exception, outcome, read_input

CASES = cases()
PARSED = [case for case in CASES if expected_exception(case) is None]
REFUSED = [case for case in CASES if expected_exception(case) is not None]
FIELDS = [(case, field) for case in PARSED for field in (expected(case) or {})]


@pytest.mark.parametrize("case", PARSED)
def test_has_expected_output_for_every_field(case: str) -> None:
    wanted = expected(case)
    if wanted is None:
        text = json.dumps(outcome(case), ensure_ascii=False, indent=1, sort_keys=True)
        (ROOT / case / "expected.json").write_bytes(text.encode("utf-8", "backslashreplace") + b"\n")
        pytest.fail(f"{case} had no expected.json; what the page object gives was written: read it, then run again")
    assert set(outcome(case)) == set(wanted)


@pytest.mark.parametrize(("case", "field"), FIELDS)
def test_field(case: str, field: str) -> None:
    wanted = expected(case)
    assert wanted is not None
    assert outcome(case)[field] == wanted[field]


@pytest.mark.parametrize("case", REFUSED)
def test_refusal(case: str) -> None:
    wanted = expected_exception(case)
    assert wanted is not None
    with pytest.raises(exceptions.PageError) as caught:
        outcome(case)
    assert type(caught.value).__name__ == wanted[0]
    assert wanted[1] in str(caught.value)
    assert expected(case) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_page_has_the_four_basic_cases(kind: str) -> None:
    mine = [case.partition("/")[2] for case in CASES if case.startswith(f"{kind}/")]
    for basic in ("normal", "empty"):
        assert basic in mine
    assert {"invalid", "stack-trace"} & set(mine)
    # The login page is what a logged-out user gets: its normal case is the logged-out one.
    assert kind == "login" or "logged-out" in mine


REAL_DOMAIN = re.compile(r"[@./](?:tmax\w*|tibero)\.(?:com|co\.kr|net)", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]+@([\w.-]+\.\w+)")
LINK = re.compile(r"https?://([\w.-]+)")
PASSWORD_VALUE = re.compile(
    r"<input[^>]*password[^>]*\bvalue\s*=\s*[\"']?\w|pass(?:word|wd)\s*[=:]\s*[\"']?\w", re.IGNORECASE
)


@pytest.mark.parametrize("case", CASES)
def test_fixture_holds_nothing_real(case: str) -> None:
    for path in (ROOT / case).iterdir():
        text = path.read_bytes().decode()
        assert not REAL_DOMAIN.search(text)
        assert not PASSWORD_VALUE.search(text)
        for domain in ADDRESS.findall(text) + LINK.findall(text):
            assert domain == "example.com" or domain.endswith(".example.com")


@pytest.mark.parametrize(
    "leak",
    [
        "kim@tmaxsoft.com",
        "https://ims.tmaxsoft.com/",
        "x@tibero.com",
        '<input type="password" value="a">',
        "password=abc",
        "passwd: 1",
    ],
)
def test_the_check_for_real_content_notices(leak: str) -> None:
    assert REAL_DOMAIN.search(leak) or PASSWORD_VALUE.search(leak)


def test_inputs_are_read_as_they_are() -> None:
    text, _ = read_input("issue/control-characters")
    assert "\x00" in text
    text, _ = read_input("issue/crlf-and-no-quotes")
    assert "\r\n" in text
