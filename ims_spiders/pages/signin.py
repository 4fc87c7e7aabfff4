"""Who is signed in: telling the login page, and the user that a page names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from parsel import Selector

from ims_spiders.pages.document import Document, Element, has_class, within

_LOGIN_PATH = re.compile(
    r"/auth/login(?:[/.;]|$)|/(?:sso)?login(?:\.(?:do|jsp|action|html?))?(?:;[^/]*)?/?$", re.IGNORECASE
)
_LOGIN_TARGET = re.compile(r"login|^\s*(?:#.*|javascript:.*)?\s*$", re.IGNORECASE | re.DOTALL)
_HEAD_FIELDS = ("userId", "userName", "userGrade")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """The user whose session a page was made for, as its hidden inputs say."""

    user_id: str
    user_name: str = ""
    user_grade: str = ""


def is_login_page(html: str, url: str) -> bool:
    """Whether this is the login page: by its address, or by a login form that no user wrote."""
    if is_login_url(url):
        return True
    return "password" in html.lower() and login_form(Document(html).selector) is not None


def is_login_url(url: str) -> bool:
    """Whether the address is the one that a refused or expired session ends at."""
    try:
        return bool(_LOGIN_PATH.search(urlsplit(url).path))
    except ValueError:
        return False


def login_form(selector: Selector) -> Element:
    """The login form of a page, None if there is none. `selector` is a Document's, so free of what users wrote."""
    if user_of(selector) or selector.xpath(f"//*[{has_class('issueNumber')}]"):
        return None
    password = f".//input[translate(@type, 'PASWORD', 'pasword')='password'][not({within('HistoriesDiv')})]"
    for form in selector.xpath(f"//form[{password}][.//input[@name='id']]"):
        if _LOGIN_TARGET.search(form.root.get("action") or ""):
            return form.root
    return None


def signed_in_user(html: str) -> SignedInUser | None:
    """The user that a page was made for, or None when it names none."""
    return user_of(Document(html).selector) if "userId" in html else None


def user_of(selector: Selector) -> SignedInUser | None:
    """The same for a parsed page, a Document's selector."""
    user_id, user_name, user_grade = (_hidden_value(selector, name) for name in _HEAD_FIELDS)
    return SignedInUser(user_id, user_name, user_grade) if user_id else None


def user_fields(selector: Selector) -> dict[str, str]:
    """The same as the inputs' names and values, those that the page has."""
    return {name: value for name in _HEAD_FIELDS if (value := _hidden_value(selector, name))}


def _hidden_value(selector: Selector, name: str) -> str:
    path = f"//input[translate(@type, 'HIDEN', 'hiden')='hidden'][@name='{name}' or @id='{name}'][@value!='']/@value"
    return (selector.xpath(path).get() or "").strip()
