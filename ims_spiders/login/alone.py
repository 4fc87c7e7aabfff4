"""Logging in and asking for a page outside of a crawl: with a plain form, or in a browser that is closed again."""

from __future__ import annotations

import asyncio
import logging
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, build_opener
from urllib.request import Request as PlainRequest

from scrapy import Request
from scrapy.http import HtmlResponse, Response

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import TrackerUnavailable
from ims_spiders.login.browser import launch_options
from ims_spiders.login.browser_login import WHERE_ELSE, BrowserLogin
from ims_spiders.login.http_login import HttpLogin
from ims_spiders.login.origin import Fence, RequestRefused
from ims_spiders.login.sealed_browser import CONTEXT_OPTIONS, LOCAL, Permit, seal, sealed_arguments, why_refused
from ims_spiders.login.session import Authenticator
from ims_spiders.login.state import CookieDict

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

logger = logging.getLogger(__name__)

SECONDS = 20
LARGEST = 4 << 20


def authenticator_for(config: TrackerConfig) -> Authenticator:
    """The way in which a crawl with these settings would log in."""
    return PlainLogin(config.base_url) if config.render == "never" else OwnBrowserLogin(config.base_url)


class PlainLogin:
    """Sends the login form itself."""

    def __init__(self, base_url: str):
        self._base_url = base_url
        self._jar = CookieJar()

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """The cookies of the login. Raises LoginRefused, TrackerUnavailable."""
        return await HttpLogin(self._base_url, self._download, lambda: iter(self._jar)).log_in(username, password)

    async def _download(self, request: Request) -> Response:
        headers = {str(name): str(value) for name, value in request.headers.to_unicode_dict().items()}
        plain = PlainRequest(request.url, request.body or None, headers, method=request.method)  # noqa: S310 - checked
        return await asyncio.to_thread(fetch, self._jar, plain)


class OwnBrowserLogin:
    """Fills in the login form in a browser of its own."""

    def __init__(self, base_url: str):
        self._base_url = base_url
        self._fence = Fence(base_url)

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """The cookies of the login. Raises LoginRefused, TrackerUnavailable, BrowserMissing."""
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**self._options(), timeout=SECONDS * 1000)
            try:
                page = await self._page(browser)

                async def download(request: Request) -> Response:
                    request.meta["playwright_page"] = page
                    await page.goto(request.url, wait_until="domcontentloaded", timeout=SECONDS * 1000)
                    return Response(page.url, request=request)

                return await BrowserLogin(self._base_url, download).log_in(username, password)
            finally:
                await browser.close()

    def _options(self) -> dict[str, Any]:
        options = launch_options()
        return {**options, "args": [*options["args"], *sealed_arguments(self._fence)]}

    async def _page(self, browser: Browser) -> Page:
        """A page that sends nothing off the tracker."""

        async def pass_or_refuse(route: Route) -> None:
            local = urlsplit(route.request.url).scheme in LOCAL
            if local or why_refused(route.request, self._fence, Permit(given=True)) is None:
                await route.continue_()
            else:
                await route.abort()

        context = await browser.new_context(**CONTEXT_OPTIONS)
        await seal(context, lambda method, url, reason: logger.warning("Refused: %s %s (%s)", method, url, reason))
        page = await context.new_page()
        await page.route("**/*", pass_or_refuse)
        return page


class _Redirects(HTTPRedirectHandler):
    """Follows redirects within the tracker only."""

    def __init__(self, fence: Fence):
        self._fence = fence

    def redirect_request(
        self, req: PlainRequest, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> PlainRequest | None:
        """Raises RequestRefused for an address elsewhere."""
        if not self._fence.allows(newurl):
            raise RequestRefused(self._fence.refusal(newurl))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(jar: CookieJar, request: PlainRequest) -> HtmlResponse:
    """The answer, whatever its status; without proxies, and never from elsewhere than it was asked for, as the crawl
    goes. Raises TrackerUnavailable without one."""
    answer: Any
    redirects = _Redirects(Fence(request.full_url))
    try:
        try:
            answer = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar), redirects).open(request, timeout=SECONDS)
        except HTTPError as error:
            answer = error
        with answer:
            return HtmlResponse(answer.geturl(), status=answer.status, body=answer.read(LARGEST), encoding="utf-8")
    except RequestRefused as error:
        raise TrackerUnavailable(f"{request.host} leads elsewhere: {error}. {WHERE_ELSE}") from None
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise TrackerUnavailable(f"{request.host} does not answer: {reason}") from None
