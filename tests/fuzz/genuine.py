"""A genuine issue page and a genuine login page with holes in them, for what others write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ims_spiders.items import Issue
from ims_spiders.pages.issue import IssuePage
from tests.pages.fixture_pages import read_input

HOLES = {
    "notice": ("Tibero 7 FS03 release notice</td></tr></table></div>", "</td></tr></table></div>"),
    "description": ('<img src="/tody/upload/editor/202510/capture01.png" alt="화면">', ""),
    "comment": ("<div>로그를 첨부합니다.</div>", ""),
}
"""What of the fixture issue/normal is written anew, and what goes behind the new text."""

LOGIN_HOLES = (
    "</head>",
    '<form name="loginForm"',
    '<input type="hidden" name="returnUrl"',
    "</form>",
    "</body></html>",
)
"""Before each of these something may stand in the fixture login/normal."""


@dataclass(frozen=True)
class Written:
    """What users wrote in each place of an issue page."""

    notice: str = ""
    description: str = ""
    comment: str = ""


def issue_page(written: Written) -> str:
    """The fixture with these texts in it."""
    text, _ = read_input("issue/normal")
    for place, (old, behind) in HOLES.items():
        assert old in text
        text = text.replace(old, getattr(written, place) + behind, 1)
    return text


def issue_address() -> str:
    """The page's address."""
    return str(read_input("issue/normal")[1]["url"])


def read_issue(html: str) -> Issue:
    """The issue of such a page. Raises PageError."""
    return IssuePage(html, issue_address()).to_item()


@cache
def untouched() -> Issue:
    """The issue when nobody wrote anything."""
    return read_issue(issue_page(Written()))


def login_page(place: int, inserted: str) -> str:
    """The fixture with something before the hole of this number."""
    text, _ = read_input("login/normal")
    before, mark, behind = text.partition(LOGIN_HOLES[place])
    assert mark
    return f"{before}{inserted}{mark}{behind}"
