"""A page of HTML as PDF, printed by the browser that the crawl uses too, cut off from every network."""

from __future__ import annotations

from markupsafe import escape

from ims_spiders.exceptions import BrowserMissing
from ims_spiders.login.browser import find_browser, launch_options
from ims_spiders.report.pdf_text import searchable

MILLISECONDS = 60_000
_FOOTER = (
    '<div style="width:100%;margin:0 15mm;font-size:7pt;color:#52606d;display:flex;justify-content:space-between">'
    '<span>{title}</span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)
INSTEAD = "or write --format html and print that from a browser of yours"


def ensure_browser() -> None:
    """Raises BrowserMissing, with what to do, when there is none to print with."""
    try:
        find_browser()
    except BrowserMissing as error:
        raise BrowserMissing(f"a PDF is printed by a browser, and {error}; {INSTEAD}") from error


def as_pdf(page_html: str, title: str) -> bytes:
    """The page on A4, with its title and page numbers below.

    Nothing in it is run and nothing is fetched. Raises BrowserMissing when no browser is there or it does not start.
    """
    from playwright.sync_api import Error, sync_playwright

    ensure_browser()
    options = launch_options()
    # A frame's address would be connected to, if not asked, before it is refused.
    options["args"] = [*options["args"], "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(**options, timeout=MILLISECONDS)
        except Error as error:
            reason = error.message.strip().splitlines()[0][:200]
            raise BrowserMissing(f"the browser does not start: {reason}; see `ims doctor`, {INSTEAD}") from error
        try:
            context = browser.new_context(offline=True, java_script_enabled=False, service_workers="block")
            page = context.new_page()
            page.route("**/*", lambda route: route.abort())
            page.set_content(page_html, timeout=MILLISECONDS)
            printed = page.pdf(
                format="A4", prefer_css_page_size=True, print_background=True, display_header_footer=True,
                header_template="<span></span>", footer_template=_FOOTER.format(title=escape(title)), tagged=True,
                outline=True,
            )  # fmt: skip
        finally:
            browser.close()
    return searchable(printed)
