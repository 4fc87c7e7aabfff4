"""A page of HTML as PDF, printed by the browser that the crawl uses too, cut off from every network."""

from __future__ import annotations

import asyncio
from typing import Any

from markupsafe import escape

from ims_spiders.exceptions import BrowserMissing, ImsError
from ims_spiders.login.browser import find_browser, launch_options
from ims_spiders.report.pdf_text import searchable

START_MILLISECONDS, PRINT_SECONDS = 60_000, 300
"""A report of 150 issues, 180 pages, takes less than 20."""
INSTEAD = "or write --format html and print that from a browser of yours"
_FOOTER = (
    '<div style="width:100%;margin:0 15mm;font-size:7pt;color:#52606d;display:flex;justify-content:space-between">'
    '<span>{title}</span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)


def ensure_browser() -> None:
    """Raises BrowserMissing, with what to do, when there is none to print with."""
    try:
        find_browser()
    except BrowserMissing as error:
        raise BrowserMissing(f"a PDF is printed by a browser, and {error}; {INSTEAD}") from error


def as_pdf(page_html: str, title: str, seconds: float = PRINT_SECONDS) -> bytes:
    """The page on A4, with its title and page numbers below.

    Nothing in it is run and nothing is fetched. Raises BrowserMissing when no browser is there or it does not start,
    ImsError when it does not print within the seconds.
    """
    ensure_browser()
    options = launch_options()
    # A frame's address would be connected to, if not asked, before it is refused.
    options["args"] = [*options["args"], "--host-resolver-rules=MAP * ~NOTFOUND"]
    try:
        printed = asyncio.run(asyncio.wait_for(_printed(page_html, title, options), seconds))
    except TimeoutError as error:
        raise ImsError(f"the browser did not print within {seconds:.0f} seconds: ask for less, {INSTEAD}") from error
    return searchable(printed)


async def _printed(page_html: str, title: str, options: dict[str, Any]) -> bytes:
    from playwright.async_api import Error, async_playwright

    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(**options, timeout=START_MILLISECONDS)
        except Error as error:
            reason = error.message.strip().splitlines()[0][:200]
            raise BrowserMissing(f"the browser does not start: {reason}; see `ims doctor`, {INSTEAD}") from error
        try:
            context = await browser.new_context(offline=True, java_script_enabled=False, service_workers="block")
            page = await context.new_page()
            await page.route("**/*", lambda route: route.abort())
            await page.set_content(page_html, timeout=START_MILLISECONDS)
            return await page.pdf(
                format="A4", prefer_css_page_size=True, print_background=True, display_header_footer=True,
                header_template="<span></span>", footer_template=_FOOTER.format(title=escape(title)), tagged=True,
                outline=True,
            )  # fmt: skip
        finally:
            await browser.close()
