"""A small HTTP client with cookies, so that the tests see the demo tracker as any program would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from parsel import Selector

Values = Mapping[str, str | int | Sequence[str]]


@dataclass
class Answer:
    """What came back, after redirects."""

    status: int
    url: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def page(self) -> Selector:
        return Selector(self.text)

    def json(self) -> Any:
        return json.loads(self.body)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Do not follow."""
        return


class Client:
    """One cookie jar, one base address."""

    def __init__(self, base_url: str, *, follow: bool = True, timeout: float = 20) -> None:
        self.base_url = base_url
        self.jar = CookieJar()
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPCookieProcessor(self.jar)]
        if not follow:
            handlers.append(_Stay())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)

    def get(self, path: str, query: Values | None = None) -> Answer:
        joined = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return self._open(urllib.request.Request(self.base_url + joined))  # noqa: S310

    def post(self, path: str, data: Values) -> Answer:
        body = urlencode(data, doseq=True).encode()
        return self._open(urllib.request.Request(self.base_url + path, data=body))  # noqa: S310

    def post_json(self, path: str, value: Any) -> Answer:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(value).encode()
        return self._open(urllib.request.Request(self.base_url + path, data=body, headers=headers))  # noqa: S310

    def login(self, password: str = "demo") -> Answer:  # noqa: S107
        return self.post("/tody/auth/login.do", {"id": "demo", "password": password})

    def search(self, **query: Any) -> Answer:
        fixed: dict[str, Any] = {
            "searchType": 1,
            "menuCode": "issue_search",
            "queryId": "ims.issueSearch.findIssueSearch",
        }
        return self.get("/tody/ims/issue/issueSearchList.do", {**fixed, "reSearchYN": "Y", **query})

    def issue(self, issue_id: object) -> Answer:
        return self.get("/tody/ims/issue/issueView.do", {"issueId": str(issue_id), "menuCode": "issue_search"})

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return Answer(response.status, response.url, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.url, error.headers, error.read())


def wait_until(reached: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another thread brings about. Fails when it does not come."""
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)


def row_ids(answer: Answer) -> list[str]:
    """The issue numbers of a result page's rows."""
    return answer.page.css("tr.rowClickData").re(r"popBlankIssueView\('(\d+)', 'issue_search'\)")


def total(answer: Answer) -> int:
    """The total that a result page prints."""
    (found,) = answer.page.css("#ResultDiv").re(r"\[ Total (\d+) \]")
    return int(found)


def squeezed(parts: Sequence[str] | str) -> str:
    """Text with its white space collapsed."""
    return " ".join((parts if isinstance(parts, str) else "".join(parts)).split())
