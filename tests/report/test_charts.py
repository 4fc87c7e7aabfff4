"""Charts: their text is text, and nothing in them runs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lxml import etree

from ims_spiders.report.charts import Series, course, ranking
from tests.report.archive import HOSTILE
from tests.report.conftest import Opened

SVG = "{http://www.w3.org/2000/svg}"


def texts(chart: str) -> list[str]:
    return ["".join(element.itertext()) for element in etree.fromstring(chart).iter(f"{SVG}text")]


def test_a_ranking_shows_names_and_counts_in_order() -> None:
    chart = ranking("status", "Issues by status", [("Open", 12), ("미해결 상태", 3), ("処理中", 1)])
    shown = texts(chart)
    assert [text for text in shown if not text.isdigit()] == ["処理中", "미해결 상태", "Open"]
    assert {"12", "3", "1"} <= set(shown)
    widths = [
        float(bar.get("width", "0"))
        for bar in etree.fromstring(chart).iter(f"{SVG}rect")
        if "reactive" in bar.get("class", "")
    ]
    assert widths == pytest.approx([widths[0], widths[0] * 3, widths[0] * 12])


def test_a_course_names_its_series_and_some_of_its_points() -> None:
    months = [f"2025-{month:02}" for month in range(1, 13)]
    chart = course("months", "By month", months, [Series("Registered", range(12)), Series("Closed", [1] * 12)])
    assert {"Registered", "Closed", "2025-01", "2025-12"} <= set(texts(chart))


def test_many_points_are_put_on_each_other() -> None:
    days = [str(day) for day in range(40)]
    chart = course("days", "By day", days, [Series("a", [2] * 40), Series("b", [1] * 40)])
    assert "stackedbar-graph" in chart
    assert len(set(texts(chart)) & set(days[4:])) <= 12


def test_nothing_to_show_is_no_chart() -> None:
    assert ranking("a", "A", []) == ""
    assert course("a", "A", [], []) == ""
    assert course("a", "A", ["2025-01"], [Series("none", [0])]) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    for chart in (ranking("a", text, [(text, 2), ("b", 1)]), course("b", text, [text], [Series(text, [1])])):
        root = etree.fromstring(chart)
        assert {etree.QName(element).localname for element in root.iter()} <= {
            "svg", "defs", "style", "title", "g", "rect", "path", "text", "line", "circle",
        }  # fmt: skip
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not [name for name in attributes if name.startswith("on") or "href" in name]
        assert (
            re.findall(r"https?://[^\s\"<]*", chart.replace(text, "")) == ["http://www.w3.org/2000/svg"]
            or "evil" in text
        )
        assert any(shown.rstrip("…")[:20] in " ".join(text.split()) or "\ufffd" in shown for shown in texts(chart))


def test_charts_of_one_page_keep_their_colours_to_themselves(opened: Callable[..., Opened]) -> None:
    one = ranking("one", "One", [("a", 1)])
    two = course("two", "Two", ["a"], [Series("x", [1]), Series("y", [1])])
    seen = opened(f"<!DOCTYPE html><body>{one}{two}")
    fills = seen.page.eval_on_selector_all(".bar rect", "bars => bars.map(bar => getComputedStyle(bar).fill)")
    assert fills == ["rgb(169, 198, 220)", "rgb(47, 102, 144)", "rgb(200, 129, 47)"]
    assert seen.page.get_by_role("img", name="Two").count() == 1
