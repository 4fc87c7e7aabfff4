"""Targets: what the page objects make of mutated pages, of what users wrote on them, and of pages that break off."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from dataclasses import asdict

from ims_spiders.exceptions import ConfigurationError, ImsError, NotLoggedIn, PageError, UnexpectedPage
from ims_spiders.items import Issue, issue_document, issue_from_document
from ims_spiders.pages.html import html_to_text
from ims_spiders.pages.login import is_login_page
from ims_spiders.pages.products import Product, select_products
from ims_spiders.pages.search import SearchPage, search_url, select_statuses
from tests.fuzz.genuine import Written, issue_page, read_issue, untouched
from tests.fuzz.source import WRITTEN, Source, written
from tests.pages.fixture_pages import KINDS, cases, read_input

KIND_NAMES = sorted(KINDS)
ENCODINGS = ("utf-8", "cp949", "latin-1", "utf-16")
URL = "https://ims.example.com/tody/ims/page.do?issueId=348115"
META = {"url": URL, "issue_id": "348115", "content_type": "text/html"}
CUSTOMER = '<td class="data">예시은행</td>'
"""Of the fixture."""
_DEEP = 1000
_END = re.compile(r"</(?:body|html)\s*>\s*$", re.IGNORECASE)


def page(data: bytes) -> None:
    """Any bytes as any kind of page: nothing but a PageError comes out, and what is read can be stored."""
    source = Source(data)
    kind = source.choice(KIND_NAMES)
    encoding = ENCODINGS[data[0] // 64] if data else "utf-8"
    text = source.rest().decode(encoding, "replace")
    try:
        outcome = KINDS[kind](text, META)
    except PageError as error:
        refused_as_login = isinstance(error, NotLoggedIn)
    else:
        refused_as_login = False
        json.dumps(outcome)
        if kind == "issue":
            stored = {key: value for key, value in outcome.items() if key != "patch_lists"}
            assert issue_document(issue_from_document(stored)) == stored
    if kind not in ("login", "relations"):
        assert is_login_page(text, URL) == refused_as_login, "both ways of telling the login page must agree"


def page_seeds() -> list[bytes]:
    """Every fixture page."""
    return [bytes([KIND_NAMES.index(case.partition("/")[0])]) + read_input(case)[0].encode() for case in cases()]


def users(data: bytes) -> None:
    """Whatever users write in a notice, a description or a comment: the issue stays what it is."""
    source = Source(data)
    place = source.choice(("notice", "description", "comment"))
    text = written(source)
    whole = issue_page(Written(**{place: text}))
    assert not is_login_page(whole, URL)
    try:
        found = read_issue(whole)
    except UnexpectedPage:
        # Only for elements nested thousands deep.
        if text.count("<") < _DEEP:
            raise
        return
    assert unchanged(found) == unchanged(untouched())


def unchanged(issue: Issue) -> dict[str, object]:
    """What of an issue no user's text may change."""
    known = asdict(issue)
    own = {name: value for name, value in known.items() if name not in ("description", "description_html")}
    own["attachments"] = [one for one in known["attachments"] if one["kind"] != "INLINE"]
    first, *others = known["comments"]
    own["comments"] = [{**first, "content": "", "content_html": ""}, *others]
    return own


def users_seeds() -> list[bytes]:
    """Each piece alone in each place, and two of them."""
    pieces = range(len(WRITTEN))
    return [bytes([place, first, second]) for place in range(3) for first in pieces for second in (0, first)]


def torn(data: bytes) -> None:
    """A page that breaks off before its end gives no issue."""
    source = Source(data)
    place = source.number(1 << 24)
    whole = issue_page(Written(description=written(source, 3), comment=written(source, 3)))
    beginning = whole[: place % whole.rindex("</body>")]
    if _END.search(beginning):
        # Right behind an end that users' text brought along, it looks like a whole one: the length that was declared
        # tells (fault 5).
        return
    with suppress(PageError):
        read_issue(beginning)
        raise AssertionError(f"an issue of a page that breaks off: …{beginning[-60:]!r}")


def text(data: bytes) -> None:
    """What users typed comes back; no markup ever fails."""
    plain = data.decode("utf-8", "replace").replace("\x00", "")
    assert html_to_text(html.escape(plain, quote=False)).split() == plain.split()
    raw = html_to_text(plain)
    assert raw == raw.rstrip()


def typed(data: bytes) -> None:
    """What users typed into a description, a comment or a field stands there, sign for sign."""
    text = data.decode("utf-8", "replace").replace("\x00", "")
    escaped = html.escape(text)
    whole = issue_page(Written(description=f"<p>{escaped}</p>", comment=f"<p>{escaped}</p>"))
    assert CUSTOMER in whole
    issue = read_issue(whole.replace(CUSTOMER, f"<td>{escaped}</td>", 1))
    words = " ".join(text.split())
    assert words in " ".join(issue.description.split())
    assert words in " ".join(issue.comments[0].content.split())
    assert (issue.customer or "").split() == text.split()
    assert issue.title == untouched().title


def products(data: bytes) -> None:
    """Any choice of products and statuses is one of those offered, or refused by name."""
    source = Source(data)
    offered = [Product(source.text(), source.text()) for _ in range(source.number(4))]
    wanted = source.text()
    try:
        chosen = select_products(offered, wanted)
    except ConfigurationError:
        chosen = []
    assert all(product in offered for product in chosen)
    assert len(set(chosen)) == len(chosen)
    form_text, meta = read_input("search/normal")
    form = SearchPage(form_text, meta["url"]).form()
    assert len(select_statuses(form.statuses, [wanted])) <= 1
    address = search_url("https://ims.example.com", form, wanted, offered, [], 1)
    assert address.isascii()
    assert not re.search(r"\s", address)


def growth(data: bytes) -> None:
    """A piece again and again takes time that grows with its size: the caller's clock says so."""
    source = Source(data)
    kind = source.choice(("issue", "users", "results", "login", "patches", "text", "relations"))
    piece = source.text()[:40] or "<"
    many = piece * (30_000 // len(piece))
    with suppress(ImsError):
        if kind == "users":
            read_issue(issue_page(Written(comment=many, description=many)))
        elif kind == "text":
            html_to_text(many)
        else:
            whole, meta = read_input(f"{kind}/normal")
            middle = whole.find(">", len(whole) // 2) + 1
            KINDS[kind](whole[:middle] + many + whole[middle:], meta)
