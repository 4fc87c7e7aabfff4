"""The scripts of the demo tracker in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Download, Error, Page, Request, sync_playwright

from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.state import ATTACHMENT_STYLES
from ims_spiders.demo.world.model import File, Issue
from tests.demo.client import squeezed

pytestmark = pytest.mark.xdist_group("demo-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        path = None if own.exists() else "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(15000)
    yield context.new_page()
    context.close()


def log_in(page: Page, tracker: DemoTracker) -> None:
    page.goto(tracker.base_url + "/tody/auth/login.do")
    page.fill("#id", "demo")
    page.fill("#password", "demo")
    page.click("input[type=image]")
    page.wait_for_selector("#userId", state="attached")


def open_issue(page: Page, tracker: DemoTracker, number: int) -> None:
    page.goto(f"{tracker.base_url}/tody/ims/issue/issueView.do?issueId={number}&menuCode=issue_search")


def test_the_image_submits_the_login(page: Page, shared: DemoTracker) -> None:
    log_in(page, shared)
    assert "/login" not in page.url
    assert page.locator("#userGrade").input_value() == "TMAX"


def test_a_refused_login_stays_on_the_login_page(page: Page, shared: DemoTracker) -> None:
    page.goto(shared.base_url + "/")
    page.fill("#id", "demo")
    page.fill("#password", "wrong")
    with page.expect_navigation():
        page.click("input[type=image]")
    assert "/login" in page.url
    assert page.locator("input[type=password]").count() == 1


def test_go_report_search_submits_the_form(page: Page, shared: DemoTracker) -> None:
    log_in(page, shared)
    page.goto(shared.base_url + "/tody/ims/issue/issueSearchList.do?searchType=1&menuCode=issue_search")
    page.fill("#keyword", "TPETIME")
    page.select_option("#productCodes", ["138", "129"])
    page.select_option("#pageSize", "100")
    with page.expect_navigation():
        page.evaluate("goReportSearch(document.issueSearchForm, '1')")
    query = parse_qs(urlsplit(page.url).query)
    assert query["reSearchYN"] == ["Y"]
    assert query["queryId"] == ["ims.issueSearch.findIssueSearch"]
    assert query["productCodes"] == ["129", "138"]
    assert query["pageIndex"] == ["1"]
    assert page.locator("tr.rowClickData").count() > 0
    assert "[ Total " in page.inner_text("#ResultDiv")
    page.evaluate("goPage(2)")
    page.wait_for_url("**pageIndex=2**")


def test_a_click_on_a_row_opens_the_issue_in_a_window(page: Page, shared: DemoTracker) -> None:
    log_in(page, shared)
    page.goto(shared.base_url + "/tody/ims/issue/issueSearchList.do")
    with page.expect_navigation():
        page.click("#searchButton")
    with page.expect_popup() as popup:
        page.locator("tr.rowClickData").first.click()
    popup.value.wait_for_selector("span.issueNumber")
    assert (
        popup.value.inner_text("span.issueNumber") == page.locator("tr.rowClickData td:nth-child(2)").first.inner_text()
    )


def test_the_script_fills_in_the_related_issues(page: Page, shared: DemoTracker, truth: dict[str, Any]) -> None:
    log_in(page, shared)
    number, issue = next(
        (number, issue)
        for number, issue in truth.items()
        if len([related for related in issue["related"] if related["source"] == "relation"]) > 1
    )
    open_issue(page, shared, int(number))
    page.wait_for_selector("#RelatedIssueTable tbody tr")
    shown = {cell.strip() for cell in page.locator("#RelatedIssueTable tbody td:nth-child(2)").all_inner_texts()}
    expected = {related["issue_id"] for related in issue["related"] if related["source"] == "relation"}
    assert shown - {number} == expected
    titles = {squeezed(cell) for cell in page.locator("#RelatedIssueTable tbody td:nth-child(10)").all_text_contents()}
    assert {squeezed(related["title"]) for related in issue["related"] if related.get("title")} <= titles


def test_a_click_unfolds_a_section(page: Page, shared: DemoTracker) -> None:
    log_in(page, shared)
    open_issue(page, shared, max(shared.world.issues))
    assert not page.is_visible("#HistoriesDiv")
    page.click("td.title6[onclick*='HistoriesDiv']")
    assert page.is_visible("#HistoriesDiv")


def test_the_patch_list_opens_in_a_window(page: Page, shared: DemoTracker, truth: dict[str, Any]) -> None:
    log_in(page, shared)
    number, issue = next((number, issue) for number, issue in truth.items() if issue["patch_list"])
    open_issue(page, shared, int(number))
    with page.expect_popup() as popup:
        page.click("a[onclick^=popupPatchList]")
    popup.value.wait_for_selector("#patchListTable a")
    assert popup.value.locator("#patchListTable a").all_inner_texts() == issue["patch_list"]


def first_file(tracker: DemoTracker, kind: str) -> tuple[Issue, File]:
    return next((i, f) for i in tracker.world.newest_first() for f in i.files if f.kind == kind)


@pytest.mark.parametrize(
    "style",
    [style if style in {"get", "post"} else pytest.param(style, marks=pytest.mark.long) for style in ATTACHMENT_STYLES],
)
def test_a_click_requests_the_file_in_the_way_of_the_style(page: Page, style: str) -> None:
    with DemoTracker(issues=60, attachment_style=style) as tracker:
        log_in(page, tracker)
        for kind in ("ISSUE", "PATCH"):
            issue, file = first_file(tracker, kind)
            open_issue(page, tracker, issue.issue_id)
            seen, content = click(page, file)
            assert content == tracker.world.files.content(file)
            assert seen.method == ("POST" if style == "post" else "GET")
            assert file.file_id in seen.url + (seen.post_data or "")
            assert (str(issue.issue_id) in seen.url) == (style == "issue_id")
            assert ("/patch/" in seen.url) == (style == "two_urls" and kind == "PATCH")


def click(page: Page, file: File) -> tuple[Request, bytes]:
    """Click on a file; returns the request that this makes and the bytes of the download."""
    if file.kind == "PATCH":
        page.click("td.title6[onclick*='PatchAttachesDiv']")
    downloads: list[Download] = []

    def listen(opened: Page) -> None:
        opened.on("download", lambda download: downloads.append(download))  # noqa: PLW0108 - a builtin cannot listen

    page.context.on("page", listen)
    listen(page)
    with page.context.expect_event(
        "request", lambda request: file.file_id in request.url + (request.post_data or "")
    ) as seen:
        page.click(f"a[onclick*=\"'{file.file_id}'\"]")
    for _ in range(150):
        if downloads:
            break
        page.wait_for_timeout(100)
    return seen.value, Path(downloads[0].path()).read_bytes()


def test_an_endless_script_keeps_the_navigation_from_ending(page: Page) -> None:
    with DemoTracker(issues=10, faults=["endless_script"]) as tracker:
        log_in(page, tracker)
        page.set_default_timeout(1500)
        with pytest.raises(Error, match="Timeout"):
            open_issue(page, tracker, max(tracker.world.issues))


def test_missing_issues_show_an_alert(page: Page, shared: DemoTracker) -> None:
    log_in(page, shared)
    messages: list[str] = []

    def note(dialog: Any) -> None:
        messages.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    open_issue(page, shared, 1)
    assert messages == ["The issue does not exist."]


def test_nothing_else_disturbs_the_ledger(page: Page) -> None:
    with DemoTracker(issues=10) as tracker:
        log_in(page, tracker)
        open_issue(page, tracker, max(tracker.world.issues))
        page.wait_for_load_state("networkidle")
        paths = {entry.path for entry in tracker.ledger.entries}
        assert "/favicon.ico" not in paths
        statuses = {entry.status for entry in tracker.ledger.entries}
        assert statuses <= {200, 302}
