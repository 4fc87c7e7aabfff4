"""The analytics as a page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from ims_spiders.report.usage import usage
from ims_spiders.report.usage_page import usage_page
from tests.report.archive import HOSTILE, fill, hostile
from tests.report.conftest import Opened

Open = Callable[..., Opened]


def test_it_shows_the_figures(engine: Engine, opened: Open) -> None:
    fill(engine)
    seen = opened(usage_page(usage(engine)))
    assert (seen.requests, seen.noises) == ([], [])
    figures = seen.page.locator(".figures li").all_inner_texts()
    assert [re.sub(r"\s+", " ", figure) for figure in figures] == [
        "2 sessions that have ended", "0 of them failed", "4 issues crawled", "4 of them new to the archive",
        "6 attachments",
    ]  # fmt: skip
    text = seen.page.inner_text("body")
    for said in (
        "All that there is, in days of UTC.", "all times are KST (UTC+09:00)",
        "2 queries, read with a confidence of 0.85",
        "2026-03\t2\t2\t0\t4\t4\t6", "TPETIME 오류", "kim\t1\t0\t2\t2\t2\t1\t0:05:00\t2026-03-01 18:00",
    ):  # fmt: skip
        assert said in text, said
    names = seen.page.locator("svg[role=img]").evaluate_all("charts => charts.map(chart => chart.ariaLabel)")
    assert {"Issues by product", "Issues registered and closed by month", "Words of queries"} <= set(names)
    assert seen.is_as_wide_as_its_window()


@pytest.mark.parametrize("width", [1100, 360])
def test_hostile_text_stays_text(engine: Engine, opened: Open, width: int) -> None:
    hostile(engine)
    seen = opened(usage_page(usage(engine, user=HOSTILE[0])), width)
    assert (seen.requests, seen.noises) == ([], [])
    assert seen.page.title() == f"Analytics of {HOSTILE[0]}"
    assert seen.page.locator("script, img, iframe, [onload], [onerror]").count() == 0
    assert seen.page.locator("#recent bdi").all_inner_texts() == [HOSTILE[0], HOSTILE[0], HOSTILE[1]]
    assert seen.is_as_wide_as_its_window()


def test_an_empty_archive(engine: Engine, opened: Open) -> None:
    seen = opened(usage_page(usage(engine)))
    assert seen.page.locator("svg").count() == 0
    assert "There is no issue in the archive yet." in seen.page.inner_text("#products")
