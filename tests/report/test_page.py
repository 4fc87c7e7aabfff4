"""A report's page in a real browser: it stands alone, fits its window, and runs nothing that strangers wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from ims_spiders.report.page import report_page
from ims_spiders.report.text import one_line
from tests.report.archive import HOSTILE, fill, hostile, report_on
from tests.report.conftest import Opened

Open = Callable[..., Opened]


def page_on_hostile_text(engine: Engine) -> str:
    hostile(engine)
    made = report_on(engine, None, HOSTILE[1], session="last", statuses=HOSTILE)
    assert made.found == len(HOSTILE)
    return report_page(made)


def test_it_says_everything(engine: Engine, opened: Open) -> None:
    fill(engine)
    seen = opened(report_page(report_on(engine, title="교착 상태 デッドロック")))
    assert (seen.requests, seen.noises) == ([], [])
    text = seen.page.inner_text("body")
    for said in (
        "All times are KST (UTC+09:00).", "must hold “deadlock”",
        "4 issues, last fetched from the tracker on 2026-03-01 19:01",
        "Closed\t2025-01-01\t2025-02-10", "2025-02-10 12:00", "1 status Open → Closed, lee", "closed after 40 days",
        "Issue 1, comment 12, 青井 架空, 2025-02-09 10:00", "原因はロック順序です。",
        "Issue 1, description, 2025-01-01 05:00",
    ):  # fmt: skip
        assert said in text, said
    figures = seen.page.locator(".figures li").all_inner_texts()
    assert [re.sub(r"\s+", " ", figure) for figure in figures] == [
        "3 issues found", "2 not closed", "1 closed", "4 comments", "40 days from registration to closing, the median",
    ]  # fmt: skip
    assert seen.page.locator("figure svg").count() == 4
    links = seen.page.eval_on_selector_all("article a", "links => links.map(link => link.href)")
    assert set(links) == {
        f"https://ims.example.com/tody/ims/issue/issueView.do?issueId={number}" for number in (1, 2, 3)
    }
    for link in seen.page.locator("a[href^='#']").all():
        assert seen.page.locator(link.get_attribute("href") or "").count() == 1


@pytest.mark.parametrize("width", [1100, 360])
def test_hostile_text_stays_text(engine: Engine, opened: Open, width: int) -> None:
    seen = opened(page_on_hostile_text(engine), width)
    assert (seen.requests, seen.noises) == ([], [])
    assert seen.page.title() == one_line(HOSTILE[1])
    assert seen.page.locator("script, img, iframe, object, embed, form, b:not(.figures b)").count() == 0
    assert seen.page.locator("a[href^='javascript'], [onload], [onerror]").count() == 0
    assert seen.page.locator("h3 bdi").all_inner_texts() == [one_line(text) for text in reversed(HOSTILE)]
    assert seen.is_as_wide_as_its_window()


def test_the_page_would_not_run_a_script_that_got_in(engine: Engine, opened: Open) -> None:
    fill(engine)
    page = report_page(report_on(engine)).replace("</body>", "<script>document.title='ran'</script></body>")
    page = page.replace("</body>", "<img src='http://127.0.0.1:9/x.png'></body>")
    seen = opened(page)
    assert seen.page.title() == "Report: +deadlock"
    assert len(seen.noises) == 2
    assert all("Content Security Policy" in noise for noise in seen.noises)


def test_a_long_word_does_not_push_the_page_apart(engine: Engine, opened: Open) -> None:
    fill(engine)
    page = report_page(report_on(engine, title="x" * 300)).replace("JEUS deadlock", "データ" * 200 + "y" * 400)
    assert opened(page).is_as_wide_as_its_window()
    assert opened(page, 360).is_as_wide_as_its_window()


def test_letters_of_three_languages_have_shapes(engine: Engine, opened: Open) -> None:
    fill(engine)
    seen = opened(report_page(report_on(engine, title="한")))
    heading = seen.page.locator("h1")

    def drawn(text: str, language: str) -> bytes:
        heading.evaluate(
            "(element, [text, lang]) => { element.textContent = text; element.lang = lang }", [text, language]
        )
        return heading.screenshot()

    # What a font does not have is drawn as the same box.
    missing = drawn("\U000e1fff", "en")
    shapes = [drawn(*letter) for letter in (("한", "ko"), ("글", "ko"), ("漢", "ja"), ("あ", "ja"), ("A", "en"))]
    assert len({missing, *shapes}) == 6
    # Chinese characters look as the language has them.
    assert drawn("者", "ko") != drawn("者", "ja")


def test_it_says_what_is_counted_over_what(engine: Engine, opened: Open) -> None:
    fill(engine)
    seen = opened(report_page(report_on(engine, limit=1)))
    figures = seen.page.locator(".figures li").all_inner_texts()
    assert [re.sub(r"\s+", " ", figure) for figure in figures][:4] == [
        "3 issues found", "1 in this report, the best matches", "2 not closed", "1 closed",
    ]  # fmt: skip
    note = seen.page.inner_text("#found .note")
    assert note.startswith("Status, product and year are counted over all issues found (years of UTC);")
    assert note.endswith("all else is of the 1 in this report.")


def test_nothing_found(engine: Engine, opened: Open) -> None:
    fill(engine)
    seen = opened(report_page(report_on(engine, "+nowhere")))
    assert "Nothing in the archive fits." in seen.page.inner_text("#found")
    assert seen.page.locator("svg, table").count() == 0
    assert seen.page.locator("nav a").count() == 2
