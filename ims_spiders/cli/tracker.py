"""The tracker as the doctor asks it: its login page, and one login in the way that a crawl would do it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http.cookiejar import Cookie, CookieJar
from urllib.request import Request as PlainRequest

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import LoginRefused, PageError, TrackerUnavailable
from ims_spiders.login.alone import authenticator_for, fetch
from ims_spiders.login.state import read_cookie_file, to_cookie
from ims_spiders.pages.login import LoginPage, is_login_page, login_url
from ims_spiders.pages.search import search_form_url


def fetch_login_page(base_url: str) -> str:
    """Ask for the login page; returns its address. Raises TrackerUnavailable when it does not come."""
    page = fetch(CookieJar(), PlainRequest(login_url(base_url)))  # noqa: S310 - http or https, checked
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
    asyncio.run(authenticator_for(config).log_in(config.username, password))
    return "accepted, by a plain request" if config.render == "never" else "accepted, in the browser"


def _use_cookies(base_url: str, cookies: Iterable[Cookie]) -> None:
    jar = CookieJar()
    for cookie in cookies:
        jar.set_cookie(cookie)
    page = fetch(jar, PlainRequest(search_form_url(base_url)))  # noqa: S310 - http or https, checked
    if is_login_page(page.text, page.url):
        raise LoginRefused("the tracker does not accept the cookies of IMS_COOKIE_FILE (any longer)")
