"""The tracker's own list of products, with the login that the crawl goes on to use."""

from __future__ import annotations

import asyncio
from functools import partial
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener
from urllib.request import Request as PlainRequest

from playwright.async_api import async_playwright
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from ims_spiders.config import TrackerConfig
from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import LoginRefused, TrackerUnavailable
from ims_spiders.login.browser import launch_options
from ims_spiders.login.browser_login import BrowserLogin
from ims_spiders.login.http_login import HttpLogin
from ims_spiders.login.session import Authenticator, Generation, LoginSession
from ims_spiders.login.state import CookieDict, to_cookie
from ims_spiders.pages.login import is_login_page
from ims_spiders.pages.products import Product
from ims_spiders.pages.search import SearchPage, search_form_url

SECONDS = 20
LARGEST = 4 << 20


def tracker_products(config: TrackerConfig) -> list[Product]:
    """The products on the search form. The saved login is used where there is one, a new one is saved.

    Raises LoginRefused, TrackerUnavailable, PageError, and ConfigurationError for a browser or a file that is missing.
    """
    return asyncio.run(_products(config))


async def _products(config: TrackerConfig) -> list[Product]:
    authenticator: Authenticator = _Plain(config.base_url) if config.render == "never" else _Browser(config.base_url)
    login = LoginSession(config, authenticator, partial(write_durably, mode=0o600))
    generation = await login.current()
    page = await _search_form(config, generation)
    if is_login_page(page.text, page.url):
        page = await _search_form(config, await login.renew(generation.number))
    if is_login_page(page.text, page.url):
        raise LoginRefused(f"the tracker asks for a login again and again at {page.url}")
    return SearchPage(page.text, page.url).form().products


async def _search_form(config: TrackerConfig, generation: Generation) -> HtmlResponse:
    jar = CookieJar()
    for cookie in generation.cookies:
        jar.set_cookie(to_cookie(cookie))
    request = PlainRequest(search_form_url(config.base_url))  # noqa: S310 - http or https, checked
    return await asyncio.to_thread(_fetch, jar, request)


class _Plain:
    """Sends the login form itself."""

    def __init__(self, base_url: str):
        self._base_url = base_url
        self._jar = CookieJar()

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        return await HttpLogin(self._base_url, self._download, lambda: iter(self._jar)).log_in(username, password)

    async def _download(self, request: Request) -> Response:
        headers = {str(name): str(value) for name, value in request.headers.to_unicode_dict().items()}
        plain = PlainRequest(request.url, request.body or None, headers, method=request.method)  # noqa: S310 - as above
        return await asyncio.to_thread(_fetch, self._jar, plain)


class _Browser:
    """Fills in the login form in a browser of its own."""

    def __init__(self, base_url: str):
        self._base_url = base_url

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
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


def _fetch(jar: CookieJar, request: PlainRequest) -> HtmlResponse:
    """The answer, without proxies, as the crawl goes. Raises TrackerUnavailable when none comes."""
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
