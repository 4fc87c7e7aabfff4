"""Which encoding a page is in, whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from ims_spiders.middlewares.charset import CharsetMiddleware, encoding_of

KOREAN = "<html><body>온라인 거래 중 TPETIME이 하루에 2건 정도 발생하고 있습니다. 똠방각하 日本</body></html>"


def read(body: bytes, content_type: str, **meta: object) -> Response:
    answer = HtmlResponse("http://127.0.0.1/", body=body, headers={"Content-Type": content_type})
    return CharsetMiddleware().process_response(Request("http://127.0.0.1/", meta=meta), answer)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *((encoding, f"; charset={name}") for encoding in ("utf-8", "cp949") for name in ("utf-8", "ISO-8859-1", "x")),
        ("utf-8", ""),
        ("cp949", ""),
        ("cp949", "; charset=euc-kr"),
    ],
)
def test_whatever_is_declared(encoding: str, declared: str) -> None:
    answer = read(KOREAN.encode(encoding), "text/html" + declared)
    assert isinstance(answer, HtmlResponse)
    assert answer.text == KOREAN
    assert answer.body == KOREAN.encode(encoding)


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1))
def test_any_korean_text(text: str) -> None:
    assert encoding_of(text.encode(), "cp1252") == "utf-8"
    assert encoding_of(text.encode(), "utf-8") == "utf-8"


def test_a_character_that_was_cut_in_two_makes_no_other_encoding() -> None:
    cut = KOREAN.encode().replace("발생".encode(), "발생".encode()[:-1])
    assert encoding_of(cut, "utf-8") == "utf-8"
    cut = KOREAN.encode("cp949").replace("똠".encode("cp949"), b"\xff")
    assert encoding_of(cut, "utf-8") == "cp949"


def test_what_is_no_text_in_any_of_them_stays_as_declared() -> None:
    assert encoding_of(b"\xff\xfe\xff" * 20, "utf-8") == "utf-8"
    assert encoding_of(b"plain", "shift_jis") == "shift_jis"


def test_files_are_left_alone() -> None:
    answer = read(KOREAN.encode("cp949"), "text/html; charset=utf-8", ims_file_of=object())
    assert isinstance(answer, HtmlResponse)
    assert answer.encoding == "utf-8"
