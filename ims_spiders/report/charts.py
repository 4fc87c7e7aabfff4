"""Charts as SVG that stands inside a page: text stays text, and there is no script and no address in it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from ims_spiders.report.text import one_line

FONTS = (
    "'Noto Sans', 'Segoe UI', 'Helvetica Neue', 'Noto Sans CJK KR', 'Noto Sans KR', 'Apple SD Gothic Neo', "
    "'Malgun Gothic', 'Noto Sans CJK JP', 'Noto Sans JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif"
)
INK, QUIET, FAINT = "#1f2933", "#52606d", "#d5dbe1"
COLOURS = ("#2f6690", "#c8812f", "#7a9e7e")
BAR = "#a9c6dc"
"""Light, since the figure stands on it."""
WIDTH, LINE, FONT_SIZE = 460, 27, 13
WIDE, HIGH = 900, 250
MOST_LETTERS = 26
MOST_COLUMNS = 24
"""Of more points in time the values are put on each other: side by side they would be too thin to be seen."""
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True)
class Series:
    """A name and a value for each label of the chart."""

    name: str
    values: Sequence[int]


def _pygal() -> Any:
    """The library, without the hook for plugins that it leaves in Python's imports: it warns when an import fails."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]
    return pygal


def ranking(name: str, title: str, counts: Sequence[tuple[str, int]]) -> Markup:
    """A bar a line, the first on top; nothing when there is nothing to show. `name` is unique within a page."""
    if not counts:
        return Markup()
    pygal = _pygal()

    labels = [_short(label) for label, _ in counts]
    chart = pygal.HorizontalBar(
        **_common(BAR), width=WIDTH, height=LINE * len(counts) + 8, margin=2,
        margin_left=10 + _more_than_reckoned(labels), show_legend=False, print_values=True,
        show_x_labels=False, spacing=4,
    )  # fmt: skip
    chart.x_labels = labels[::-1]
    chart.add(one_line(title), [count for _, count in counts][::-1])
    return _as_markup(chart, name, title)


def course(name: str, title: str, labels: Sequence[str], series: Sequence[Series], parts: bool = False) -> Markup:
    """Values over time, side by side; on each other for many points, and for `parts` of a whole.

    Nothing when there are none. `name` is unique within a page.
    """
    if not any(any(one.values) for one in series):
        return Markup()
    pygal = _pygal()

    stacked = parts or len(labels) > MOST_COLUMNS
    chart = (pygal.StackedBar if stacked else pygal.Bar)(
        **_common(*COLOURS), width=WIDE, height=HIGH, margin=6, legend_at_bottom=True, legend_box_size=10,
        legend_at_bottom_columns=len(series), truncate_legend=-1, show_x_guides=False, spacing=6,
        min_scale=2, max_scale=5, formatter=lambda value: f"{value:.0f}", show_minor_x_labels=False,
    )  # fmt: skip
    highest = max(
        sum(values) if stacked else max(values) for values in zip(*(one.values for one in series), strict=True)
    )
    if highest < 5:
        chart.y_labels = list(range(highest + 1))
    chart.x_labels = [one_line(label) for label in labels]
    chart.x_labels_major = _spread(chart.x_labels)
    for one in series:
        chart.add(one_line(one.name), list(one.values))
    return _as_markup(chart, name, title)


def _common(*colours: str) -> dict[str, Any]:
    """What holds for every chart."""
    Style = _pygal().style.Style  # noqa: N806 - a class

    sizes = ("label_font_size", "major_label_font_size", "value_font_size", "legend_font_size")
    style = Style(
        background="transparent", plot_background="transparent", foreground=QUIET, foreground_strong=INK,
        foreground_subtle=FAINT, guide_stroke_color=FAINT, major_guide_stroke_color=FAINT,
        guide_stroke_dasharray="none", major_guide_stroke_dasharray="none", opacity="1", opacity_hover="1",
        transition="none", font_family=FONTS,
        colors=colours, value_colors=(INK,) * len(colours), **dict.fromkeys(sizes, FONT_SIZE),
    )  # fmt: skip
    return {"style": style, "js": (), "truncate_label": -1, "disable_xml_declaration": True, "pretty_print": False}


def _as_markup(chart: Any, name: str, title: str) -> Markup:
    """The chart's SVG without the script and the notes for it that pygal always writes, and with what it shows said."""
    chart.uuid = name
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.fromstring(chart.render(is_unicode=True))  # noqa: S314 - made here, not read
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{SVG}script", f"{SVG}desc", f"{SVG}title"} or _is_tooltip(child):
                parent.remove(child)
    root.set("role", "img")
    root.set("aria-label", one_line(title))
    heading = ElementTree.Element(f"{SVG}title")
    heading.text = one_line(title)
    root.insert(0, heading)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _is_tooltip(element: ElementTree.Element) -> bool:
    return "tooltip-overlay" in element.get("class", "")


def _short(label: str) -> str:
    text = one_line(label)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _more_than_reckoned(labels: Sequence[str]) -> float:
    """Pixels that the widest label needs beyond what pygal leaves for the longest: it takes all letters for narrow."""
    wide = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")
    widest = max(len(label) * 0.62 + len(wide.findall(label)) * 0.4 for label in labels)
    return float(FONT_SIZE * (widest - max(map(len, labels)) * 0.6))


def _spread(labels: Sequence[str]) -> list[str]:
    """Some of the labels, so that they do not run into each other."""
    step = max(1, -(-len(labels) // 12))
    return list(labels[::step])
