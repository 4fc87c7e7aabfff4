"""The login page: where its form goes, what it carries, and why it refused."""

from __future__ import annotations

from functools import cached_property

from ims_spiders.exceptions import MissingField
from ims_spiders.pages.base import Page
from ims_spiders.pages.document import Element
from ims_spiders.pages.javascript import alerts
from ims_spiders.pages.signin import SignedInUser, is_login_page, is_login_url, login_form, signed_in_user
from ims_spiders.pages.text import shown_text
from ims_spiders.pages.urls import absolute_url, tracker_url

__all__ = ["LoginPage", "SignedInUser", "is_login_page", "is_login_url", "login_url", "signed_in_user"]

_MESSAGE_WORDS = ("error", "alert", "message", "msg", "warn", "fail", "invalid")


def login_url(base_url: str) -> str:
    """Where the login page is."""
    return tracker_url(base_url, "/auth/login.do")


class LoginPage(Page):
    """The login page. Raises UnexpectedPage for any other page, MissingField when it has no login form."""

    @property
    def is_login(self) -> bool:
        """Never a reason to refuse here."""
        return False

    def check(self) -> None:
        """Raise UnexpectedPage unless this is the login page."""
        if self._form is None and not is_login_url(self.url):
            raise self.unexpected("it has no login form")

    @cached_property
    def _form(self) -> Element:
        return login_form(self.selector)

    def _login_form(self) -> Element:
        if self._form is None:
            raise MissingField(f"{self.url}: the login page has no form with `id` and `password`")
        return self._form

    @property
    def action(self) -> str:
        """The absolute address that the form goes to; the page's own when it names none."""
        action = (self._login_form().get("action") or "").strip()
        usable = action and not action.startswith("#") and not action.lower().startswith("javascript:")
        return (absolute_url(self.url, action) if usable else None) or self.url

    @property
    def fields(self) -> dict[str, str]:
        """Name and value of the form's hidden inputs, to be sent along."""
        hidden = self._login_form().xpath(".//input[translate(@type, 'HIDEN', 'hiden')='hidden'][@name]")
        return {item.get("name"): item.get("value") or "" for item in hidden}

    @property
    def refusal(self) -> str | None:
        """What the page says of a refused login: an alert's text or a shown message. None when it says nothing."""
        said = [message.strip() for message in alerts(self.selector) if message.strip()]
        for item in self.selector.xpath("//body//*[@class or @id][not(self::input or self::form or self::label)]"):
            marks = f"{item.root.get('class') or ''} {item.root.get('id') or ''}".lower()
            if any(word in marks for word in _MESSAGE_WORDS):
                said.append(shown_text(item.root))
        return next(filter(None, said), None)
