"""The tracker's own list of products, with the login that the crawl goes on to use."""

from __future__ import annotations

import asyncio
from functools import partial
from http.cookiejar import CookieJar
from urllib.request import Request as PlainRequest

from scrapy.http import HtmlResponse

from ims_spiders.config import TrackerConfig
from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import LoginRefused
from ims_spiders.login.alone import authenticator_for, fetch
from ims_spiders.login.session import Generation, LoginSession
from ims_spiders.login.state import to_cookie
from ims_spiders.pages.login import is_login_page
from ims_spiders.pages.products import Product
from ims_spiders.pages.search import SearchPage, search_form_url


def tracker_products(config: TrackerConfig) -> list[Product]:
    """The products on the search form. The saved login is used where there is one, a new one is saved.

    Raises LoginRefused, TrackerUnavailable, PageError, and ConfigurationError for a browser or a file that is missing.
    """
    return asyncio.run(_products(config))


async def _products(config: TrackerConfig) -> list[Product]:
    login = LoginSession(config, authenticator_for(config), partial(write_durably, mode=0o600))
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
    return await asyncio.to_thread(fetch, jar, request)
