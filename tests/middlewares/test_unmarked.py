"""Answers that end where the connection did."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Response

from ims_spiders.middlewares.unmarked import UNMARKED, UnmarkedEndMiddleware


def asked(*bodies: bytes, file: bool) -> tuple[int, Response]:
    """What is handed on of answers that come one after the other, and after how many requests."""
    middleware = UnmarkedEndMiddleware(3)
    request = Request("http://127.0.0.1/", meta={"ims_file_of": object()} if file else {})
    for number, body in enumerate(bodies, start=1):
        result = middleware.process_response(request, Response(request.url, body=body, flags=[UNMARKED]))
        if isinstance(result, Response):
            return number, result
        request = result
    raise AssertionError("more is asked for")


def test_a_file_has_to_come_twice_the_same() -> None:
    number, answer = asked(b"who", b"whole", b"whole", file=True)
    assert (number, answer.body) == (3, b"whole")


def test_a_file_that_is_never_the_same_is_none() -> None:
    with pytest.raises(ResponseDataLossError):
        asked(b"a", b"ab", b"abc", b"abcd", file=True)


@pytest.mark.parametrize("body", [b"<html></HTML>\n", b"[]", b'{"list": []} '])
def test_a_page_and_a_list_have_their_own_end(body: bytes) -> None:
    assert asked(body, file=False)[0] == 1
    assert asked(body[:1], body[:1], body, file=False)[0] == 3


def test_a_page_that_never_ends_is_handed_on_to_be_refused() -> None:
    assert asked(*[b"<html>"] * 4, file=False)[0] == 4


def test_a_marked_end_is_believed() -> None:
    request = Request("http://127.0.0.1/", meta={"ims_file_of": object()})
    answer = Response(request.url, body=b"x")
    assert UnmarkedEndMiddleware(3).process_response(request, answer) is answer
