"""Gives every request the crawl's login, and repeats those that met an expired one after a single new login."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from http.cookiejar import Cookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http import Response, TextResponse
from scrapy.http.request import NO_CALLBACK

from ims_spiders.config import load_tracker_config
from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import CrawlEnding, ImsError, LoginRefused, NotLoggedIn
from ims_spiders.login.browser_login import BrowserLogin, close_page
from ims_spiders.login.http_login import COOKIE_JAR, HttpLogin
from ims_spiders.login.redaction import clean_page, tell_header
from ims_spiders.login.session import Authenticator, Generation, LoginSession
from ims_spiders.login.state import CookieDict, from_cookie, to_cookie
from ims_spiders.pages.login import is_login_page, is_login_url, signed_in_user
from ims_spiders.pages.search import search_form_url
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

MAX_REPEATS = 3
"""How often one request may meet an expired session before it is given up."""
LOOK = "ims_login_look"
"""Key in a request's meta: it only asks whether the login holds."""


class SessionMiddleware:
    """Stands before the redirect middleware: a redirect to the login page is an expired session, not a page."""

    def __init__(self, crawler: Crawler):
        self._crawler = crawler
        config = load_tracker_config()
        self._authenticator: Authenticator = (
            HttpLogin(config.base_url, self._download, self._http_login_cookies)
            if config.render == "never"
            else BrowserLogin(config.base_url, self._download)
        )
        self.login = LoginSession(config, self._authenticator, functools.partial(write_durably, mode=0o600))
        self._base_url = config.base_url
        self._jars_filled: set[int] = set()
        self._ended = False
        self._stubborn = False
        """Whether some address answered with the login page to a login that holds: a new one is no remedy there."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SessionMiddleware:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for a login and put its cookies on the request, whichever way it will travel."""
        if _passes(request):
            return
        generation = await self._login_or_stop(self.login.current, request)
        self._fill_jar(generation)
        request.meta["cookiejar"] = _jar_key(generation.number)
        request.meta["ims_generation"] = generation.number

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Repeat the request with a new login when the answer is the login page; otherwise let it pass."""
        for header in response.headers.getlist("Set-Cookie"):
            tell_header(header)
        if _passes(request):
            return response
        if not is_login_answer(response) and self._is_the_users(request, response):
            return without_session(request, response)
        await close_page(request.meta.pop("playwright_page", None))
        if request.meta.get(LOOK):
            return response
        repeats = request.meta.get("ims_repeats", 0) + 1
        generation = int(request.meta["ims_generation"])
        if (repeats > 1 or self._stubborn) and await self._holds(generation):
            self._stubborn = True
            raise NotLoggedIn(
                f"{response.url}: the tracker answers with its login page, though the login holds for others"
            )
        if repeats > MAX_REPEATS:
            error = LoginRefused(f"the tracker asks for a login again and again at {response.url}")
            raise self._ending(error, request)
        self._crawler.stats.inc_value("ims/login/expired_answers")
        await self._login_or_stop(lambda: self.login.renew(generation), request)
        again = request.copy()
        again.meta["ims_repeats"] = repeats
        again.dont_filter = True
        return again

    async def _holds(self, generation: int) -> bool:
        """Whether the tracker still takes that login, if it is the newest one: asked of a page that every user has."""
        current = await self.login.current()
        if current.number != generation:
            return False
        url = search_form_url(self._base_url)
        request = Request(url, callback=NO_CALLBACK, dont_filter=True, meta={LOOK: True, "dont_redirect": True})
        try:
            answer = await self._download(request)
        except CrawlEnding:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is known
            logger.debug("Asked whether the login holds: %s", type(error).__name__)
            return False
        return answer.status == 200 and not is_login_answer(answer)

    def cookies(self, generation: int) -> list[CookieDict]:
        """The cookies as plain requests know them now, for a browser page that goes on with the same session."""
        return [from_cookie(cookie) for cookie in self._cookies_middleware().jars[_jar_key(generation)]]

    async def _login_or_stop(self, ask: Callable[[], Awaitable[Generation]], request: Request) -> Generation:
        try:
            generation = await ask()
        except ImsError as error:
            raise self._ending(error, request) from error
        if self.login.logins:
            self._crawler.stats.set_value("ims/login/count", self.login.logins)
        return generation

    def _ending(self, error: ImsError, request: Request) -> CrawlEnding:
        """Report once why the crawl ends; everything that waits for a login then ends with it."""
        if not self._ended:
            self._ended = True
            self._crawler.signals.send_catch_log(signals.problem, error=error, url=request.url)
        return CrawlEnding(f"the crawl is being ended: {type(error).__name__}")

    def _fill_jar(self, generation: Generation) -> None:
        if generation.number in self._jars_filled:
            return
        self._jars_filled.add(generation.number)
        jar = self._cookies_middleware().jars[_jar_key(generation.number)]
        for cookie in generation.cookies:
            jar.set_cookie(to_cookie(cookie))

    def _cookies_middleware(self) -> CookiesMiddleware:
        middleware = self._crawler.get_downloader_middleware(CookiesMiddleware)
        assert middleware is not None
        return middleware

    def _http_login_cookies(self) -> list[Cookie]:
        return list(self._cookies_middleware().jars[COOKIE_JAR])

    async def _download(self, request: Request) -> Response:
        return await self._crawler.engine.download_async(request)

    def _is_the_users(self, request: Request, response: Response) -> bool:
        """Stop when pages carry another user's name: what follows would be somebody else's view. False when only a
        new login can tell whether they do."""
        if not isinstance(response, TextResponse) or not request.meta.get("ims_page"):
            return True
        user = signed_in_user(response.text)
        if user is None or not user.user_id:
            return True
        try:
            return self.login.recognise(user.user_id, int(request.meta["ims_generation"]))
        except ImsError as error:
            raise self._ending(error, request) from None


def without_session(request: Request, response: Response) -> Response:
    """A page without the number of the session in its links; a file stays as it is."""
    if not isinstance(response, TextResponse) or request.meta.get("ims_file_of") is not None:
        return response
    cleaned = clean_page(response.body)
    return response if cleaned is response.body else response.replace(body=cleaned)


def is_login_answer(response: Response) -> bool:
    """Whether the tracker asked for a login instead of answering: by redirect, or with the form at status 200.

    A download says so itself (Content-Disposition): a file that happens to hold a login form stays a file.
    """
    if 300 <= response.status < 400:
        location = (response.headers.get("Location") or b"").decode("latin-1")
        return is_login_url(response.urljoin(location))
    if not isinstance(response, TextResponse) or response.headers.get("Content-Disposition"):
        return False
    return is_login_page(response.text, response.url)


def _passes(request: Request) -> bool:
    return bool(request.meta.get("ims_login")) or urlsplit(request.url).scheme not in {"http", "https"}


def _jar_key(generation: int) -> str:
    return f"ims-{generation}"
