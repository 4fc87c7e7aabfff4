"""A real Chromium walks from search to issue to file in three languages, and meets text that means harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.web.archive import EVIL, KIM, LEE
from tests.web.conftest import Filled
from tests.web.serving import Site, site

PATHS = ("/", "/?q=deadlock&status=Open", "/?q=%2Bnowhere", "/issue/1", "/issue/4?comments=2", "/sessions",
         f"/session/{KIM}", "/products")  # fmt: skip


@dataclass
class Walk:
    """A page, and what it said or tried that no page of ours should."""

    page: Page
    noises: list[str] = field(default_factory=list)

    def fits(self) -> bool:
        """Whether nothing reaches beyond the right edge."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def walk(browser: Browser) -> Iterator[Callable[..., Walk]]:
    """Opens windows that note what pages do."""
    contexts: list[BrowserContext] = []

    def open_it(width: int = 1100, **options: object) -> Walk:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        made = Walk(context.new_page())
        made.page.on("console", lambda message: made.noises.append(message.text))
        made.page.on("dialog", lambda dialog: made.noises.append(dialog.message))
        made.page.on("pageerror", lambda error: made.noises.append(str(error)))
        return made

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("asked", "issue", "name", "content"),
    [
        ("deadlock", "1", "lock trace.log", b"waits for T1\n"),
        ("교착 상태", "2", "잠금 기록.log", "교착 상태 기록\n".encode()),
        ("デッドロック", "3", "ロック記録.log", "デッドロック記録\n".encode()),
    ],
)
def test_from_search_to_file_with_the_keyboard(
    kim: Site, walk: Callable[..., Walk], asked: str, issue: str, name: str, content: bytes
) -> None:
    seen = walk()
    seen.page.goto(kim.address)
    assert seen.page.evaluate("document.activeElement.id") == "q"
    seen.page.keyboard.type(asked)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url("**q=**")
    assert seen.page.input_value("#q") == asked
    hit = seen.page.locator(f".hits a[href^='/issue/{issue}']")
    assert seen.page.locator(".hits a").first.get_attribute("href") == hit.get_attribute("href")
    hit.focus()
    assert hit.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"**/issue/{issue}*")
    with seen.page.expect_download() as started:
        seen.page.get_by_role("link", name=name).click()
    assert started.value.suggested_filename == name
    assert Path(started.value.path()).read_bytes() == content
    assert seen.noises == []


def test_text_that_means_harm_runs_nothing(lee: Site, walk: Callable[..., Walk]) -> None:
    seen = walk(360)
    asked = [f"/issue/{number}" for number in range(11, 11 + len(EVIL))]
    for path in (*asked, f"/?q={quote(EVIL[1])}", f"/products?product={quote(EVIL[2])}"):
        seen.page.goto(lee.address + path)
        assert seen.page.title() != "ran"
        assert seen.fits(), path
    assert seen.noises == []


def test_lists_of_such_texts_run_nothing(lee: Site, walk: Callable[..., Walk]) -> None:
    seen = walk(360)
    for path in ("/", "/sessions", f"/session/{LEE}", "/products"):
        seen.page.goto(lee.address + path)
        assert seen.page.title().endswith("IMS archive")
        assert seen.fits()
    assert seen.noises == []


def test_the_policy_would_stop_a_script_that_got_in(
    archive: Filled, walk: Callable[..., Walk], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ims_spiders.web import render

    source = render._source
    added = (
        "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\"><p style='color:red'>x</p>"
    )
    monkeypatch.setattr(render, "_source", lambda name: source(name).replace("</main>", f"{added}</main>"))
    render.environment.cache_clear()
    with site(archive.settings(), archive.connect) as running:
        seen = walk()
        seen.page.goto(running.address)
        assert seen.page.title() == "IMS archive"
        assert len([noise for noise in seen.noises if "Content Security Policy" in noise]) >= 2
    render.environment.cache_clear()


@pytest.mark.parametrize(("width", "scheme"), [(1100, "dark"), (360, "light")])
def test_every_page_fits_its_window_by_day_and_night(
    kim: Site, walk: Callable[..., Walk], width: int, scheme: str
) -> None:
    seen = walk(width, color_scheme=scheme)
    for path in PATHS:
        seen.page.goto(kim.address + path)
        assert seen.fits(), path
        paper, ink = seen.page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
            ".map(colour => colour.match(/[0-9]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))"
        )
        assert (paper > 600 > ink) if scheme == "light" else (ink > 600 > paper)
    assert seen.noises == []


def test_tables_become_lists_where_they_do_not_fit(kim: Site, walk: Callable[..., Walk]) -> None:
    seen = walk(360)
    seen.page.goto(kim.address + "/sessions")
    heads = seen.page.locator("thead").bounding_box()
    assert heads is not None
    assert heads["width"] <= 1
    cell = seen.page.locator("tbody td").nth(1)
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Status"'
    assert seen.page.locator("tbody td").nth(0).bounding_box()["y"] < cell.bounding_box()["y"]  # type: ignore[index]


def test_nothing_needs_a_script(kim: Site, walk: Callable[..., Walk]) -> None:
    seen = walk(java_script_enabled=False)
    seen.page.goto(kim.address + "/?q=deadlock")
    seen.page.get_by_text("Filters").click()
    seen.page.fill("#product", "Tibero")
    seen.page.get_by_role("button", name="Search").click()
    seen.page.wait_for_url("**product=Tibero**")
    assert seen.page.locator(".hits li").count() == 1


def test_on_paper_there_is_the_text_alone(kim: Site, walk: Callable[..., Walk]) -> None:
    seen = walk(color_scheme="dark")
    seen.page.goto(kim.address + "/issue/1")
    seen.page.emulate_media(media="print")
    assert not seen.page.locator(".top").is_visible()
    assert seen.page.locator("#description .text").is_visible()
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
