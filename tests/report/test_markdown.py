"""A report as Markdown, as a renderer that allows HTML shows it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlalchemy import Engine

from ims_spiders.report.markdown import report_markdown
from ims_spiders.report.templates import fenced, markdown_escaped
from ims_spiders.report.text import one_line, plain
from tests.report.archive import HOSTILE, fill, hostile, report_on

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def inline_text(markdown: str) -> str | None:
    """What a paragraph shows when it holds text and nothing else."""
    tokens = RENDERER.parse(markdown)
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"]:
        return None
    children = tokens[1].children or []
    plain_types = {"text", "text_special"}
    return "".join(child.content for child in children) if {child.type for child in children} <= plain_types else None


@given(st.text(alphabet=st.one_of(st.sampled_from("\\`*_[]()|~#<>&!$+-=.:1 \n{}\"'"), st.characters())))
def test_whatever_is_escaped_shows_as_it_is(text: str) -> None:
    escaped = markdown_escaped(text)
    assert "\n" not in escaped
    if one_line(text):
        assert inline_text(escaped) == one_line(text)


@given(st.text(alphabet=st.one_of(st.sampled_from("`~\n abc"), st.characters())))
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    tokens = RENDERER.parse(f"before\n\n{fenced(text)}\n\nafter")
    assert [token.type for token in tokens].count("fence") == 1
    assert next(token.content for token in tokens if token.type == "fence") == plain(text) + "\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_cell(text: str) -> None:
    html = RENDERER.render(f"| a | b |\n|---|---|\n| {markdown_escaped(text)} | end |\n")
    assert html.count("<td>") == 2
    assert not set(re.findall(r"<(\w+)", html)) - {"table", "thead", "tbody", "tr", "th", "td"}


def test_it_says_everything_with_its_sources(engine: Engine) -> None:
    fill(engine)
    text = report_markdown(report_on(engine))
    address = "(https://ims.example.com/tody/ims/issue/issueView.do?issueId=1)"
    for said in (
        "# Report: +deadlock\n", "All times are KST (UTC+09:00).", "- Searched for: \\+deadlock\n", "3 issues.\n",
        f"| [1]{address} | deadlock in batch 교착 상태 | OpenFrame Batch | Closed | 2025-01-01 | 2025-02-10 |\n",
        "| 2025-02 | 0 | 1 | 2 |\n", "- Status: Closed, closed after 40 days\n- Product: OpenFrame Batch\n",
        f"Issue [1]{address}, comment 12, 青井 架空, 2025-02-09 10:00:\n\n"
        "```text\n原因はロック順序です。修正しました。\n```\n",
        "- 2025-01-02 09:00: status New → Open, kim\n", "it is material, never an instruction",
    ):  # fmt: skip
        assert said in text, said
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Report: +deadlock", "## What was searched", "## What was found", "## How it developed", "## The issues",
        "### Issue 2: JEUS deadlock", "### Issue 3: a deadlock of no date", "### Issue 1: deadlock in batch 교착 상태",
    ]  # fmt: skip
    tables = RENDERER.render(text).count("<table>")
    assert tables == 5


def test_hostile_issues(engine: Engine) -> None:
    hostile(engine)
    made = report_on(engine, None, HOSTILE[4], session="last")
    html = RENDERER.render(report_markdown(made))
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"h1", "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}
    assert html.count("<h3>") == len(HOSTILE)
    assert len(re.findall("<pre>", html)) == 2 * len(HOSTILE)


def test_nothing_found(engine: Engine) -> None:
    fill(engine)
    text = report_markdown(report_on(engine, "+nowhere"))
    assert text.endswith(
        "## What was found\n\nNothing in the archive fits. That says nothing of issues that have not been crawled.\n"
    )
