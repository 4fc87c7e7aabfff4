"""What the login page's form says, in the shapes that it may take."""

from __future__ import annotations

import pytest

from ims_spiders.pages.login import LoginPage

URL = "https://ims.example.com/tody/auth/login.do"


def _page(action: str, rest: str = "") -> LoginPage:
    form = f"<form {action}><input id=id name=id><input type=password name=password></form>"
    return LoginPage(f"<html><body>{form}{rest}</body></html>", f"{URL}?retry=1")


@pytest.mark.parametrize(
    "action", ["", "action", "action=''", "action='#'", "action='#x'", "action=' JavaScript:go()'"]
)
def test_a_form_that_names_no_address_goes_to_its_own(action: str) -> None:
    assert _page(action).action == f"{URL}?retry=1"


@pytest.mark.parametrize("action", ["/tody/auth/login.do", " login.do ", "https://ims.example.com/tody/auth/login.do"])
def test_where_a_form_goes(action: str) -> None:
    assert _page(f"action='{action}'").action == URL


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("<script>alert(' Wrong. ');</script>", "Wrong."),
        ("<script>alert('');</script><p id=errorText>Locked</p>", "Locked"),
        ("<div class='alert-box'><b>Wrong</b> id</div>", "Wrong id"),
        ("<div class='message'></div><p>Welcome</p>", None),
        ("<script>function f() { alert('later'); }</script>", None),
    ],
)
def test_refusal(rest: str, said: str | None) -> None:
    assert _page("action=login.do", rest).refusal == said
