"""The tracker as the doctor asks it: its login page, and one login in the way that a crawl would do it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener
from urllib.request import Request as PlainRequest

from scrapy import Request
from scrapy.http import HtmlResponse, Response

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import LoginRefused, PageError, TrackerUnavailable
from ims_spiders.login.browser import launch_options
from ims_spiders.login.browser_login import BrowserLogin
from ims_spiders.login.http_login import HttpLogin
from ims_spiders.login.state import read_cookie_file, to_cookie
from ims_spiders.pages.login import LoginPage, is_login_page, login_url
from ims_spiders.pages.urls import tracker_url

SECONDS = 20
LARGEST = 4 << 20


def fetch_login_page(base_url: str) -> str:
    """Ask for the login page; returns its address. Raises TrackerUnavailable when it does not come."""
    page = _fetch(_opener(CookieJar()), PlainRequest(login_url(base_url)))  # noqa: S310 - http or https, checked
    try:
        _ = LoginPage(page.text, page.url).action
    except PageError:
        raise TrackerUnavailable(f"{page.url} answers, but not with a login page") from None
    return page.url


def try_login(config: TrackerConfig) -> str:
    """Log in once; returns how. Raises LoginRefused, TrackerUnavailable, ConfigurationError, BrowserMissing."""
    if config.cookie_file is not None:
        _use_cookies(config.base_url, map(to_cookie, read_cookie_file(config.cookie_file)))
        return f"the cookies of {config.cookie_file} are accepted"
    if not config.username or config.password is None:
        raise LoginRefused("no login: set IMS_USERNAME and IMS_PASSWORD, or IMS_COOKIE_FILE")
    password = config.password.get_secret_value()
    if config.render == "never":
        asyncio.run(_log_in_plainly(config.base_url, config.username, password))
        return "accepted, by a plain request"
    asyncio.run(_log_in_with_browser(config.base_url, config.username, password))
    return "accepted, in the browser"


def _use_cookies(base_url: str, cookies: Iterable[Cookie]) -> None:
    jar = CookieJar()
    for cookie in cookies:
        jar.set_cookie(cookie)
    start = tracker_url(base_url, "/ims/issue/issueSearchList.do", [("searchType", "1"), ("menuCode", "issue_search")])
    page = _fetch(_opener(jar), PlainRequest(start))  # noqa: S310 - http or https, checked
    if is_login_page(page.text, page.url):
        raise LoginRefused("the tracker does not accept the cookies of IMS_COOKIE_FILE (any longer)")


async def _log_in_plainly(base_url: str, username: str, password: str) -> None:
    jar = CookieJar()
    opener = _opener(jar)

    async def download(request: Request) -> Response:
        headers = {str(name): str(value) for name, value in request.headers.to_unicode_dict().items()}
        plain = PlainRequest(request.url, request.body or None, headers, method=request.method)  # noqa: S310 - as above
        return await asyncio.to_thread(_fetch, opener, plain)

    await HttpLogin(base_url, download, lambda: iter(jar)).log_in(username, password)


async def _log_in_with_browser(base_url: str, username: str, password: str) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(), timeout=SECONDS * 1000)
        try:
            page = await browser.new_page()

            async def download(request: Request) -> Response:
                request.meta["playwright_page"] = page
                await page.goto(request.url, wait_until="domcontentloaded", timeout=SECONDS * 1000)
                return Response(page.url)

            await BrowserLogin(base_url, download).log_in(username, password)
        finally:
            await browser.close()


def _opener(jar: CookieJar) -> OpenerDirector:
    """Without proxies, as the crawl goes."""
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))


def _fetch(opener: OpenerDirector, request: PlainRequest) -> HtmlResponse:
    """The answer, whatever its status. Raises TrackerUnavailable when none comes."""
    answer: Any
    try:
        try:
            answer = opener.open(request, timeout=SECONDS)
        except HTTPError as error:
            answer = error
        with answer:
            body = answer.read(LARGEST)
            return HtmlResponse(answer.geturl(), status=answer.status, body=body, encoding="utf-8")
    except (URLError, OSError, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise TrackerUnavailable(f"{request.host} does not answer: {reason}") from None
