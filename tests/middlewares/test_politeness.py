"""Retry-After in both of its forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from scrapy.http import Response

from ims_spiders.middlewares.politeness import retry_after


def answer(value: str | None) -> Response:
    return Response("http://127.0.0.1/", status=503, headers={"Retry-After": value} if value is not None else {})


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("0", 0.0), (None, 0.0), ("soon", 0.0), ("-3", 0.0), ("²", 0.0)]
)
def test_seconds(value: str | None, seconds: float) -> None:
    assert retry_after(answer(value)) == seconds


def test_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert 85 <= retry_after(answer(format_datetime(moment, usegmt=True))) <= 91


def test_a_date_that_has_passed() -> None:
    assert retry_after(answer("Wed, 21 Oct 2015 07:28:00 GMT")) == 0.0
