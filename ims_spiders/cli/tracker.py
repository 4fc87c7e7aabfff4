"""The tracker as the doctor asks it: its login page and clock, one login, and a page of each kind with that login."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.request import Request as PlainRequest

from scrapy.http import HtmlResponse

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import LoginRefused, PageError, TrackerUnavailable
from ims_spiders.login.alone import authenticator_for, fetch
from ims_spiders.login.state import read_cookie_file, to_cookie
from ims_spiders.pages.login import LoginPage, is_login_page, login_url
from ims_spiders.pages.search import search_form_url


class _DatingJar(CookieJar):
    """A cookie jar that also notes the Date of the last answer, of which `fetch` gives back the page only."""

    date: str | None = None

    def extract_cookies(self, response: Any, request: PlainRequest) -> None:
        """As CookieJar does."""
        self.date = response.headers.get("Date")
        super().extract_cookies(response, request)


@dataclass(frozen=True, slots=True)
class Greeting:
    """The login page's address, and by how many seconds this machine's clock is ahead of the tracker's, if it says."""

    url: str
    ahead: float | None


def fetch_login_page(base_url: str) -> Greeting:
    """Ask for the login page. Raises TrackerUnavailable when it does not come."""
    jar = _DatingJar()
    page = get(jar, login_url(base_url))
    now = datetime.now(UTC)
    try:
        _ = LoginPage(page.text, page.url).action
    except PageError:
        raise TrackerUnavailable(f"{page.url} answers, but not with a login page") from None
    try:
        ahead = (now - parsedate_to_datetime(jar.date or "")).total_seconds()
    except (TypeError, ValueError):
        return Greeting(page.url, None)
    return Greeting(page.url, ahead)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """How the login was made, and the cookies of it."""

    how: str
    jar: CookieJar


def log_in(config: TrackerConfig) -> LoggedIn:
    """Log in once. Raises LoginRefused, TrackerUnavailable, ConfigurationError, BrowserMissing."""
    if config.cookie_file is not None:
        jar = _jar_of(map(to_cookie, read_cookie_file(config.cookie_file)))
        page = get(jar, search_form_url(config.base_url))
        if is_login_page(page.text, page.url):
            raise LoginRefused("the tracker does not accept the cookies of IMS_COOKIE_FILE (any longer)")
        return LoggedIn(f"the cookies of {config.cookie_file} are accepted", jar)
    if not config.username or config.password is None:
        raise LoginRefused("no login: set IMS_USERNAME and IMS_PASSWORD, or IMS_COOKIE_FILE")
    password = config.password.get_secret_value()
    cookies = asyncio.run(authenticator_for(config).log_in(config.username, password))
    how = "accepted, by a plain request" if config.render == "never" else "accepted, in the browser"
    return LoggedIn(how, _jar_of(map(to_cookie, cookies)))


def get(jar: CookieJar, url: str) -> HtmlResponse:
    """The answer, whatever its status. Raises TrackerUnavailable without one."""
    return fetch(jar, PlainRequest(url))  # noqa: S310 - http or https, checked


def _jar_of(cookies: Iterable[Cookie]) -> CookieJar:
    jar = CookieJar()
    for cookie in cookies:
        jar.set_cookie(cookie)
    return jar
