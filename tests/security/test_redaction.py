"""No secret passes, in whatever form it is written; what is none stays as it is."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.login import redaction
from ims_spiders.login.redaction import Redaction, clean_address, clean_page, known_secrets, tell_cookies, tell_header
from ims_spiders.login.secret_shapes import hide_named

SECRET = "c4n4ry pass&+/%ü'\"<\\"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "address": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote_plus(text)),
    "html": html.escape,
    "html with numbers": lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "json": json.dumps,
    "json as it is": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "python": repr,
    "python among quotes": lambda text: repr(f'it\'s "{text}"'),
    "python's letters": ascii,
    "bytes": lambda text: repr(text.encode()),
    "sql": lambda text: text.replace("'", "''"),
    "hex": lambda text: text.encode().hex(),
}


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_told", redaction._Told())


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str) -> None:
    written = FORMS[name](SECRET)
    assert Redaction([SECRET]).clean(f"before {written.strip(chr(34))} behind") in {
        "before *** behind",
        # What Python writes around it.
        *(f"before {begin}***{end} behind" for begin, end in (("'", "'"), ("b'", "'"), ('\\"', "\\"))),
        "before 'it\\'s \"***\"' behind",
    }


@given(st.text(min_size=4).filter(lambda text: "*" not in text and text.isprintable()), st.sampled_from(sorted(FORMS)))
def test_any_text_in_any_form(secret: str, name: str) -> None:
    written = FORMS[name](secret)
    cleaned = Redaction([secret]).clean(f"({written})")
    assert secret not in cleaned
    assert written.strip("'\"b\\") not in cleaned or "it" in written


@given(
    st.text(min_size=8).filter(lambda text: "*" not in text),
    st.binary(max_size=12),
    st.binary(max_size=12),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_any_text_among_other_bytes_in_base64(
    secret: str, before: bytes, behind: bytes, encode: Callable[[bytes], bytes]
) -> None:
    raw = secret.encode("utf-8", "replace")
    cleaned = Redaction([secret]).clean(encode(before + raw + behind).decode())
    assert "***" in cleaned
    for piece in cleaned.split("***"):
        for start in range(4):
            letters = piece[start:].rstrip("=")
            whole = letters[: len(letters) - len(letters) % 4]
            assert raw not in base64.b64decode(whole.translate(str.maketrans("-_", "+/")))


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redaction(["secret", "secret-and-more"]).clean("secret-and-more, secret") == "***, ***"


def test_a_short_one_is_hidden_where_it_is_named_only() -> None:
    clean = Redaction(["abc"]).clean
    assert clean("abcdef password=abc http://me:abc@host/") == "abcdef password=*** http://me:***@host/"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("GET /a.do;jsessionid=ABC?x=1", "GET /a.do;jsessionid=***"),
        ("Set-Cookie: SSO=abc; Path=/\nnext: line", "Set-Cookie: ***\nnext: line"),
        ("{'Cookie': 'SSO=abc', 'Accept': '*/*'}", "{'Cookie': ***, 'Accept': '*/*'}"),
        ("{b'Authorization': [b'Basic YTpi'], b'Host': [b'h']}", "{b'Authorization': ***], b'Host': [b'h']}"),
        ("authorization: Bearer abc.def", "authorization: ***"),
        ("host=h password='it''s \\' x' user=me", "host=h password=*** user=me"),
        ('{"password": "a b", "user": "me"}', '{"password": ***, "user": "me"}'),
        ("postgresql://me:p@ss:w@db.example.com/ims", "postgresql://me:***@db.example.com/ims"),
        ("redis://:pw@host", "redis://:***@host"),
        ("check IMS_PASSWORD; the password: see there", "check IMS_PASSWORD; the password: see there"),
        ("http://127.0.0.1:8000/a?mail=kim@example.com", "http://127.0.0.1:8000/a?mail=kim@example.com"),
        ("IMS_COOKIE_FILE /x/cookies.txt: no such file", "IMS_COOKIE_FILE /x/cookies.txt: no such file"),
    ],
)
def test_what_is_named_as_a_secret(text: str, hidden: str) -> None:
    assert hide_named(text) == hidden


def test_every_secret_of_the_settings_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "IMS_PASSWORD": "tracker-pw",
        "DATABASE_PASSWORD": "database-pw",
        "PGPASSWORD": "libpq-pw",
        "IMS_LLM_API_KEY": "llm-key",
        "IMS_EMBEDDING_API_KEY": "embedding-key",
        "SCRAPYD_PASSWORD": "scrapyd-pw",
        "IMS_WEB_PASSWORD": "web-pw-of-12",
    }
    addresses = {
        "DATABASE_URL": "postgresql://me:dsn%2Fpw@db.example.com/ims",
        "IMS_NOTIFY_URL": "https://hooks.example.com/services/T0/B0/hook-token",
        "IMS_SMTP_URL": "smtps://me:mail-pw@mail.example.com",
    }
    for name, value in {**secrets, **addresses}.items():
        monkeypatch.setenv(name, value)
    clean = Redaction(known_secrets()).clean
    inside = ["dsn%2Fpw", "dsn/pw", "services/T0/B0/hook-token", "mail-pw"]
    for value in [*secrets.values(), *addresses.values(), *inside]:
        assert clean(f"<{value}>") == "<***>"


def test_an_address_without_a_secret_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.com/ims")
    assert (
        Redaction(known_secrets()).clean("no postgresql://db.example.com/ims") == "no postgresql://db.example.com/ims"
    )


def test_a_session_is_a_secret_once_it_is_told() -> None:
    before = Redaction([])
    assert before.clean("at 0A1B2C3D4E5F") == "at 0A1B2C3D4E5F"
    tell_cookies([{"name": "JSESSIONID", "value": "0A1B2C3D4E5F"}, {"name": "lang", "value": "ko_KR"}])
    tell_header(b'WMONID="abcdefghijklmnop"; Path=/; HttpOnly')
    assert before.clean("at 0A1B2C3D4E5F abcdefghijklmnop ko_KR") == "at *** *** ko_KR"


def test_a_page_keeps_all_but_the_number_of_its_own_session() -> None:
    tell_cookies([{"name": "JSESSIONID", "value": "0A1B2C3D4E5F"}])
    page = b"<a href='/a.do;JSESSIONID=0A1B2C3D4E5F?x'>\xff</a> a customer's log: ;jsessionid=FFFF password=word"
    wanted = b"<a href='/a.do?x'>\xff</a> a customer's log: ;jsessionid=FFFF password=word"
    assert clean_page(page) == wanted
    assert clean_page(b"x 0A1B2C3D4E5F") == b"x ***"
    assert clean_address("http://h/a?s=0A1B2C3D4E5F") == "http://h/a?s=***"
    untouched = b"nothing"
    assert clean_page(untouched) is untouched


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loginId", "kihong.kim2@example.com"), ("rememberMe", "Kihong Kim of OpenFrame 7"),
        ("SESSIONID", "kihong.kim2@example.com"), ("ssoUser", "kihongkim2"), ("side", "left-2-right-2"),
    ],
)  # fmt: skip
def test_what_a_cookie_remembers_of_people_stays_in_pages(name: str, value: str) -> None:
    tell_cookies([{"name": name, "value": value}])
    page = f"<td>Reporter</td><td>Kihong Kim ( {value} )</td>".encode()
    assert clean_page(page) is page
