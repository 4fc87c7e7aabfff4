"""Text of strangers made fit for a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ims_spiders.report.text import excerpt, language, one_line, plain, web_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("a\r\nb\rc\N{LINE SEPARATOR}d\te", "a\nb\nc\nd\te"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", "\N{REPLACEMENT CHARACTER}fdp.exe"),
        ("a\N{RIGHT-TO-LEFT MARK}\N{LEFT-TO-RIGHT ISOLATE}b", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"),
        ("\x07\x1b[31m\ud800\uffff", "\N{REPLACEMENT CHARACTER}" * 2 + "[31m" + "\N{REPLACEMENT CHARACTER}" * 2),
        ("한국어 日本語 \N{FAMILY}\N{ZERO WIDTH JOINER}!", "한국어 日本語 \N{FAMILY}\N{ZERO WIDTH JOINER}!"),
    ],
)
def test_plain(text: str | None, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_every_plain_text_fits_into_xml_and_stays_as_it_is(text: str) -> None:
    element = etree.Element("text")
    element.text = plain(text)
    assert etree.fromstring(etree.tostring(element)).text == (plain(text) or None)
    assert plain(plain(text)) == plain(text)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 10, "short"),
        ("one two three four", 12, "one two…"),
        ("oneverylongwordwithoutablank", 12, "oneverylong…"),
        ("긴문장이계속이어집니다", 6, "긴문장이계…"),
        ("a\n\n\n\n\nb", 10, "a\n\nb"),
    ],
)
def test_excerpt(text: str, most: int, expected: str) -> None:
    assert excerpt(text, most) == expected


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_no_excerpt_is_too_long(text: str, most: int) -> None:
    assert len(excerpt(text, most)) <= most


def test_language() -> None:
    assert [language(text) for text in ("error", "오류 error", "エラー", "障害")] == ["en", "ko", "ja", "ja"]


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://ims.example.com/tody/ims/issue/issueView.do?issueId=1", True),
        ("http://127.0.0.1:8642/x", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://x/%0Aalert(1)", False),
        ("data:text/html,<script>", False),
        ("https://kim:secret@ims.example.com/", False),
        ("https://ims.example.com/a b", False),
        ("https://ims.example.com/\N{RIGHT-TO-LEFT OVERRIDE}", False),
        ("https://[broken", False),
        ("//ims.example.com/", False),
        ("", False),
        (None, False),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str | None, fits: bool) -> None:
    assert web_address(url) == (url if fits else None)
