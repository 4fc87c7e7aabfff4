"""Logging in as a person does: in a real browser, through the tracker's own form."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from ims_spiders.exceptions import ImsError, LoginRefused, PageError, TrackerUnavailable
from ims_spiders.login.lost_browser import is_lost, while_it_lives
from ims_spiders.login.origin import Fence, RequestRefused, shown_address
from ims_spiders.login.sealed_browser import PERMIT, Permit
from ims_spiders.login.state import CookieDict
from ims_spiders.pages.login import LoginPage, is_login_page, login_url

if TYPE_CHECKING:
    from playwright.async_api import Dialog, Locator, Page

logger = logging.getLogger(__name__)

CONTEXT = "ims"
"""The browser context that all pages of a crawl share, so that the login made in it holds for all of them."""

LOGIN_SECONDS = 60
WHERE_ELSE = (
    "Check IMS_BASE_URL; where a single sign-on stands before the tracker, log in with a browser and give its cookies "
    "with IMS_COOKIE_FILE"
)
SUBMIT = "input[type=image], input[type=submit], button[type=submit], button:not([type])"

Download = Callable[[Request], Awaitable[Response]]


class BrowserLogin:
    """Fills in the login form and submits it once. `download` sends a request through Scrapy's engine."""

    def __init__(self, base_url: str, download: Download):
        self._base_url = base_url
        self._download = download

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """Returns the browser's cookies. Raises LoginRefused, or TrackerUnavailable when no answer came."""
        try:
            async with asyncio.timeout(LOGIN_SECONDS * 2):
                return await self._try(username, password)
        except ImsError:
            raise
        except RequestRefused as error:
            raise TrackerUnavailable(f"the login page leads elsewhere: {error}. {WHERE_ELSE}") from None
        except TimeoutError as error:
            raise TrackerUnavailable("the login page did not answer in time; try again later") from error
        except Exception as error:  # noqa: BLE001 - whatever a browser does, its message may quote the password
            # The cause is named by its class only: Playwright's messages quote what was typed.
            raise TrackerUnavailable(
                f"the login page could not be used ({type(error).__name__}); check IMS_BASE_URL with `ims doctor`"
            ) from None

    async def _try(self, username: str, password: str) -> list[CookieDict]:
        """Once more in another browser when this one is lost meanwhile, whatever it had sent."""
        for is_last in (False, True):
            page: Page | None = None
            try:
                response = await self._download(self._request())
                page = response.meta["playwright_page"]
                assert page is not None
                return await while_it_lives(page, self._submit(page, username, password))
            except PlaywrightError as error:
                if is_last or not is_lost(error):
                    raise
                logger.warning("The browser was lost while it logged in; once more")
            finally:
                await close_page(page)
        raise AssertionError("the last attempt returns or raises")

    def _request(self) -> Request:
        return Request(
            login_url(self._base_url),
            callback=NO_CALLBACK,
            dont_filter=True,
            meta={
                "playwright": True,
                "playwright_include_page": True,
                "playwright_context": CONTEXT,
                "ims_login": True,
                PERMIT: Permit(given=True),
                "dont_merge_cookies": True,
            },
        )

    async def _submit(self, page: Page, username: str, password: str) -> list[CookieDict]:
        messages: list[str] = []
        page.on("dialog", lambda dialog: asyncio.ensure_future(_dismiss(dialog, messages)))
        if not is_login_page(await page.content(), page.url):
            raise TrackerUnavailable(f"{page.url} is not the tracker's login page; check IMS_BASE_URL")
        require_own_form(self._base_url, await page.content(), page.url)
        form = page.locator("form", has=page.locator("input[type=password]")).first
        await form.locator("input[name=id]").first.fill(username)
        await form.locator("input[type=password]").first.fill(password)
        async with page.expect_navigation(wait_until="domcontentloaded", timeout=LOGIN_SECONDS * 1000):
            await _press(form)
        content = await settled_content(page)
        if is_login_page(content, page.url):
            raise LoginRefused(refusal_text(content, page.url, messages))
        return [dict(cookie) for cookie in await page.context.cookies()]


def require_own_form(base_url: str, content: str, url: str) -> None:
    """Raises LoginRefused for a login form that would take the password to another origin, before it is filled in.

    A form without an address of its own is sent by a script; the connection refuses what that sends elsewhere.
    """
    try:
        action = LoginPage(content, url).action
    except PageError:
        return
    if not Fence(base_url).allows(action):
        raise LoginRefused(
            f"the login form at {shown_address(url)} goes to {shown_address(action)}, which is not the tracker; "
            f"the password was not sent. {WHERE_ELSE}"
        )


async def _press(form: Locator) -> None:
    """Click the submit button; an image button whose image did not load has no size, so it gets the bare event."""
    button = form.locator(SUBMIT).first
    if await button.is_visible():
        await button.click(no_wait_after=True)
    else:
        await button.dispatch_event("click")


async def settled_content(page: Page) -> str:
    """The page's content, once it has stopped moving: a start page may send its visitor on by script."""
    for _ in range(20):
        try:
            await page.wait_for_load_state("domcontentloaded")
            return await page.content()
        except PlaywrightError:
            # The page was left while it was read.
            await asyncio.sleep(0.25)
    return await page.content()


async def _dismiss(dialog: Dialog, messages: list[str]) -> None:
    messages.append(dialog.message)
    await dialog.dismiss()


def refusal_text(content: str, url: str, messages: list[str] | None = None) -> str:
    """What to tell the user: the tracker's own words where it gives some, and what to do."""
    said = " / ".join(messages or []) or LoginPage(content, url).refusal
    quoted = f' and says "{said[:200]}"' if said else ""
    return (
        f"the tracker refused the login{quoted}. Check IMS_USERNAME and IMS_PASSWORD; "
        "nothing was tried twice, because accounts lock after a few refusals"
    )


async def close_page(page: Page | None) -> None:
    """Close a page for good, also one that hangs or has crashed."""
    if page is None or page.is_closed():
        return
    try:
        async with asyncio.timeout(10):
            await page.close()
    except (TimeoutError, PlaywrightError):
        return
