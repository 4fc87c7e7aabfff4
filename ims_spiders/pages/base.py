"""What every page object has in common: parsing once, and refusing what is not the page."""

from __future__ import annotations

from functools import cached_property

from parsel import Selector

from ims_spiders.exceptions import NotLoggedIn, PageError, UnexpectedPage
from ims_spiders.pages.document import Document
from ims_spiders.pages.endings import has_unended, last_end
from ims_spiders.pages.signin import is_login_url, login_form
from ims_spiders.pages.text import collapse
from ims_spiders.pages.urls import clean_url

_MARK = '<i id="ims-end"></i>'


class Page:
    """A page's text and address. Subclasses say in `check` what makes it theirs; it runs when the object is made.

    Raises NotLoggedIn when the login page came instead, UnexpectedPage for any other page.
    """

    def __init__(self, html: str, url: str):
        self.html = html
        self.url = clean_url(url)
        if self.is_login:
            raise NotLoggedIn(f"{self.url}: the login page came instead; the session has expired")
        self.check()

    @cached_property
    def document(self) -> Document:
        """The parsed page and, apart, what users wrote on it."""
        return Document(self.html)

    @property
    def selector(self) -> Selector:
        """The page without what users wrote: whatever is found here, the tracker put there."""
        return self.document.selector

    @property
    def is_login(self) -> bool:
        """Whether this is the login page."""
        return is_login_url(self.url) or login_form(self.selector) is not None

    def check(self) -> None:
        """Raise UnexpectedPage unless the page came whole."""
        if not self._is_whole():
            raise self.unexpected("it breaks off before its end" if self.html.strip() else "it is empty")
        if self.document.cut_short:
            raise self.unexpected("its elements are nested too deep to be read")

    def _is_whole(self) -> bool:
        end = last_end(self.html)
        if end is None or not (self.html[end:].strip() or has_unended(self.html)):
            return end is not None
        # It may be the end of a document that somebody pasted: then it lies in what users wrote.
        return bool(Document(self.html[:end] + _MARK).selector.xpath("//*[@id='ims-end']"))

    def unexpected(self, reason: str) -> PageError:
        """An UnexpectedPage that names the page, what is wrong with it, and its title if it has one."""
        title = collapse(self.selector.xpath("string(//title)").get() or "")[:120]
        return UnexpectedPage(
            f"{self.url}: not the page that was asked for: {reason}" + (f" (title: {title})" if title else "")
        )
