"""Logging in without a browser (`IMS_RENDER=never`): the login form sent as a plain request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.cookiejar import Cookie

from scrapy import FormRequest, Request
from scrapy.http import TextResponse
from scrapy.http.request import NO_CALLBACK

from ims_spiders.exceptions import LoginRefused, TrackerUnavailable
from ims_spiders.login.browser_login import WHERE_ELSE, Download, refusal_text, require_own_form
from ims_spiders.login.origin import RequestRefused
from ims_spiders.login.state import CookieDict, from_cookie
from ims_spiders.pages.login import LoginPage, is_login_page, login_url

COOKIE_JAR = "ims-login"


class HttpLogin:
    """Sends the form once. `cookies` gives what the cookie jar called COOKIE_JAR holds afterwards."""

    def __init__(self, base_url: str, download: Download, cookies: Callable[[], Iterable[Cookie]]):
        self._base_url = base_url
        self._download = download
        self._cookies = cookies

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """Returns the new session's cookies. Raises LoginRefused, or TrackerUnavailable when no answer came."""
        meta = {"ims_login": True, "cookiejar": COOKIE_JAR}
        url = login_url(self._base_url)
        form = await self._ask(Request(url, callback=NO_CALLBACK, dont_filter=True, meta=dict(meta)))
        if not is_login_page(form.text, form.url):
            raise TrackerUnavailable(f"{form.url} is not the tracker's login page; check IMS_BASE_URL")
        require_own_form(self._base_url, form.text, form.url)
        page = LoginPage(form.text, form.url)
        data = {**page.fields, "id": username, "password": password}
        # Sent once: a form whose answer was lost may have been counted as a refusal.
        answer = await self._ask(
            FormRequest(
                page.action, callback=NO_CALLBACK, formdata=data, dont_filter=True, meta={**meta, "dont_retry": True}
            )
        )
        if is_login_page(answer.text, answer.url):
            raise LoginRefused(refusal_text(answer.text, answer.url))
        return [from_cookie(cookie) for cookie in self._cookies()]

    async def _ask(self, request: Request) -> TextResponse:
        try:
            response = await self._download(request)
        except RequestRefused as error:
            raise TrackerUnavailable(f"the login page leads elsewhere: {error}. {WHERE_ELSE}") from None
        except Exception as error:  # noqa: BLE001 - named by its class only: its message may quote the password
            raise TrackerUnavailable(
                f"the login page could not be had ({type(error).__name__}); check IMS_BASE_URL with `ims doctor`"
            ) from None
        if response.status != 200 or not isinstance(response, TextResponse):
            raise TrackerUnavailable(f"the login page answered with status {response.status}; try again later")
        return response
