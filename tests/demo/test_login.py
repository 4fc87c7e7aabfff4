"""Login and sessions over HTTP."""

from __future__ import annotations

import time

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client

SEARCH = "/tody/ims/issue/issueSearchList.do"


def test_the_form_has_the_fields_and_an_image_to_submit_it(shared: DemoTracker) -> None:
    page = Client(shared.base_url).get("/tody/auth/login.do").page
    form = page.css("form[method=post][action='/tody/auth/login.do']")
    assert form.css("input#id[name=id]")
    assert form.css("input[type=password][name=password]")
    assert len(form.css("input[type=image]")) == 1
    assert not form.css("[type=submit], button")


def test_an_accepted_login_redirects_to_a_page_with_the_user(shared: DemoTracker) -> None:
    client = Client(shared.base_url)
    answer = client.login()
    assert "/login" not in answer.url
    assert answer.page.css("input#userId::attr(value)").get() == "demo"
    assert answer.page.css("input#userName::attr(value)").get()
    assert answer.page.css("input#userGrade::attr(value)").get() == "TMAX"
    (cookie,) = client.jar
    assert (cookie.name, cookie.path) == ("JSESSIONID", "/tody")
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_a_refused_login_is_the_login_page_again_with_200(shared: DemoTracker) -> None:
    answer = Client(shared.base_url).login("wrong")
    assert answer.status == 200
    assert "/login" in answer.url
    assert answer.page.css("input[type=password]")


@pytest.mark.parametrize(
    "path",
    [
        SEARCH,
        "/tody/main.do",
        "/tody/ims/issue/issueView.do?issueId=1",
        "/tody/ims/issue/findRelationIssues.do?issueId=1",
        "/tody/common/fileDownload.do?fileId=1",
        "/tody/upload/editor/2020/1_0.png",
        "/tody/there/is/no/such.page",
    ],
)
def test_without_a_session_every_page_redirects_to_the_login(shared: DemoTracker, path: str) -> None:
    answer = Client(shared.base_url, follow=False).get(path)
    assert (answer.status, answer.headers["Location"]) == (302, "/tody/auth/login.do")
    followed = Client(shared.base_url).get(path)
    assert (followed.status, followed.url) == (200, shared.base_url + "/tody/auth/login.do")


def test_a_session_idles_out_but_use_keeps_it_alive() -> None:
    with DemoTracker(issues=10, session_idle=0.6) as tracker:
        client = Client(tracker.base_url)
        client.login()
        for _ in range(4):
            time.sleep(0.25)
            assert "/login" not in client.get(SEARCH).url
        time.sleep(0.9)
        assert "/login" in client.get(SEARCH).url


def test_expire_sessions_ends_all_of_them(tracker: DemoTracker, client: Client) -> None:
    other = Client(tracker.base_url)
    other.login()
    tracker.expire_sessions()
    assert "/login" in client.get(SEARCH).url
    assert "/login" in other.get(SEARCH).url


def test_a_browser_s_cookie_is_enough(tracker: DemoTracker, client: Client) -> None:
    other = Client(tracker.base_url)
    for cookie in client.jar:
        other.jar.set_cookie(cookie)
    assert other.get(SEARCH).page.css("#SearchDiv")


def test_the_single_sign_on_leads_to_the_login_page(shared: DemoTracker) -> None:
    assert "/login" in Client(shared.base_url).get("/tody/sso/ssoLogin.jsp").url
