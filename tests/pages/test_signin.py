"""Telling the login page from pages that only speak of it, and who a page was made for."""

from __future__ import annotations

import pytest

from ims_spiders.pages.login import SignedInUser, is_login_page, login_url, signed_in_user
from tests.pages.fixture_pages import cases, expected_exception, read_input

PAGE = "https://ims.example.com/tody/ims/issue/issueView.do?issueId=348115"
FORM = '<form action="/tody/auth/login.do"><input name="id"><input type="PASSWORD" name="password"></form>'


@pytest.mark.parametrize("case", [case for case in cases() if not case.startswith("login/")])
def test_the_login_page_is_told_on_every_fixture(case: str) -> None:
    text, meta = read_input(case)
    assert is_login_page(text, meta["url"]) == (case.partition("/")[2].startswith("logged-out"))


def test_fixtures_that_raise_not_logged_in_are_login_pages() -> None:
    refused = [case for case in cases() if (expected_exception(case) or ("",))[0] == "NotLoggedIn"]
    assert len(refused) >= 6
    assert all("/logged-out" in case for case in refused)


@pytest.mark.parametrize(
    "path",
    [
        "/tody/auth/login.do",
        "/tody/auth/login.do;jsessionid=1",
        "/login",
        "/x/login/",
        "/tody/auth/login/again.do",
        "/tody/sso/ssoLogin.jsp",
    ],
)
def test_an_address_that_a_lost_session_ends_at(path: str) -> None:
    assert is_login_page("", f"https://ims.example.com{path}?a=b")


@pytest.mark.parametrize(
    "path",
    [
        "/files/login.txt",
        "/tody/ims/issue/issueView.do?next=/auth/login.do",
        "/loginHistory.do",
        "/#/login",
        "/my-login",
    ],
)
def test_an_address_that_only_looks_alike(path: str) -> None:
    assert not is_login_page("<p>x</p>", f"https://ims.example.com{path}")


def test_text_that_is_no_address_is_no_login_address() -> None:
    assert not is_login_page("<p>x</p>", "http://[broken/login")


@pytest.mark.parametrize(
    "text",
    [
        FORM.replace('"PASSWORD"', '"text"'),
        FORM.replace('name="id"', 'name="user"'),
        FORM.replace("auth/login.do", "user/changePassword.do"),
        FORM + '<input type="hidden" name="userId" value="me">',
        '<span class="issueNumber">1</span>' + FORM,
        '<div id="NoticeDiv">' + FORM + "</div>",
        "&lt;form action='/auth/login.do'&gt; password",
        "password",
        "",
    ],
)
def test_pages_that_are_not_the_login_page(text: str) -> None:
    assert not is_login_page(text, PAGE)


@pytest.mark.parametrize("action", ["", "#", "javascript:void(0)", "login.do", "/tody/auth/login.do?x=1"])
def test_login_forms(action: str) -> None:
    assert is_login_page(FORM.replace("/tody/auth/login.do", action), PAGE)


def test_a_login_form_in_capitals() -> None:
    assert is_login_page("<FORM ACTION=LOGIN.DO><INPUT NAME=id><INPUT TYPE=PASSWORD></FORM>", PAGE)


def test_signed_in_user() -> None:
    page = (
        '<INPUT TYPE=HIDDEN ID=userId VALUE=khkim><input type="hidden" name="userName" value=" 김기홍 ">'
        "<input type=hidden name=userGrade value=TMAX>"
    )
    assert signed_in_user(page) == SignedInUser("khkim", "김기홍", "TMAX")
    assert signed_in_user('<input type="hidden" name="userId" value="">' + page) == SignedInUser(
        "khkim", "김기홍", "TMAX"
    )
    assert signed_in_user('<input type="hidden" name="userId" value="x">') == SignedInUser("x")


@pytest.mark.parametrize(
    "page",
    [
        "",
        '<input type="hidden" name="userId" value="">',
        '<input type="text" name="userId" value="a">',
        '<input type="hidden" name="userName" value="a">',
        '<div id="CommentsDiv"><div class="fieldset"><div class="commDescTR">'
        '<input type="hidden" name="userId" value="forged"></div></div></div>',
    ],
)
def test_nobody_is_signed_in(page: str) -> None:
    assert signed_in_user(page) is None


@pytest.mark.parametrize(
    "base", ["https://ims.example.com", "https://ims.example.com/", "https://ims.example.com/tody"]
)
def test_login_url(base: str) -> None:
    assert login_url(base) == "https://ims.example.com/tody/auth/login.do"
