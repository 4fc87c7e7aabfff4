"""Logging in and asking for a page outside of a crawl: with a plain form, or in a browser that is closed again."""

from __future__ import annotations

import asyncio
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener
from urllib.request import Request as PlainRequest

from scrapy import Request
from scrapy.http import HtmlResponse, Response

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import TrackerUnavailable
from ims_spiders.login.browser import launch_options
from ims_spiders.login.browser_login import BrowserLogin
from ims_spiders.login.http_login import HttpLogin
from ims_spiders.login.session import Authenticator
from ims_spiders.login.state import CookieDict

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

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """The cookies of the login. Raises LoginRefused, TrackerUnavailable, BrowserMissing."""
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**launch_options(), timeout=SECONDS * 1000)
            try:
                page = await browser.new_page()

                async def download(request: Request) -> Response:
                    request.meta["playwright_page"] = page
                    await page.goto(request.url, wait_until="domcontentloaded", timeout=SECONDS * 1000)
                    return Response(page.url)

                return await BrowserLogin(self._base_url, download).log_in(username, password)
            finally:
                await browser.close()


def fetch(jar: CookieJar, request: PlainRequest) -> HtmlResponse:
    """The answer, whatever its status; without proxies, as the crawl goes. Raises TrackerUnavailable without one."""
    answer: Any
    try:
        try:
            answer = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar)).open(request, timeout=SECONDS)
        except HTTPError as error:
            answer = error
        with answer:
            return HtmlResponse(answer.geturl(), status=answer.status, body=answer.read(LARGEST), encoding="utf-8")
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise TrackerUnavailable(f"{request.host} does not answer: {reason}") from None
