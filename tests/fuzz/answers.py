"""Targets: a login page is never taken for data, whatever stands around its form; a file is told from a page."""

from __future__ import annotations

from contextlib import suppress

from scrapy.http import HtmlResponse, Response

from ims_spiders.exceptions import NotLoggedIn, PageError
from ims_spiders.items import Attachment
from ims_spiders.middlewares.session import is_login_answer
from ims_spiders.pages.login import LoginPage, is_login_page
from ims_spiders.pipelines.file_answers import not_a_file
from tests.fuzz.genuine import LOGIN_HOLES, login_page
from tests.fuzz.source import Source, written
from tests.pages.fixture_pages import KINDS, cases, read_input

URL = "https://ims.example.com/tody/ims/page.do?issueId=348115"
META = {"url": URL, "issue_id": "348115", "content_type": "text/html"}
PAGES = [kind for kind in sorted(KINDS) if kind != "login"]
NAMES = ("a.log", "report.pdf", "core.tar.gz", "로그.txt", "a", "화면.png")
WHOLE = [case for case in cases() if case.endswith("/normal") and not case.startswith("relations")]
HTML = {"Content-Type": "text/html;charset=UTF-8"}
_MARKS = ("issuenumber", "userid", "<!--", "<form", "<plaintext", "<frameset", "<noframes", "<select")


def login(data: bytes) -> None:
    """The login page with anything around its form: every page object and the answers' classifier know it for one."""
    source = Source(data)
    place = source.number(len(LOGIN_HOLES))
    inserted = written(source)
    if any(mark in inserted.lower() for mark in _MARKS):
        # With the marks of a signed-in page, or another form around its own, it is another page.
        return
    html = login_page(place, inserted)
    assert is_login_page(html, URL)
    assert is_login_answer(HtmlResponse(URL, body=html.encode(), headers=HTML))
    LoginPage(html, URL)
    for kind in PAGES:
        with suppress(NotLoggedIn):
            KINDS[kind](html, META)
            raise AssertionError(f"the login page was read as {kind}")
    reason = not_a_file(HtmlResponse(URL, body=html.encode(), headers=HTML), Attachment("1", "ISSUE", "a.log"))
    assert reason is not None


def data_pages(data: bytes) -> None:
    """A page of data in which a login form, a stack trace or an alert is quoted stays one; an error page never is."""
    source = Source(data)
    case = source.choice(WHOLE)
    text, meta = read_input(case)
    inserted = f"<script>{source.text().replace('<', '')}</script>" if source.number(2) else ""
    error = f"<html><head><title>Error</title></head><body>{written(source)}</body></html>"
    kind = case.partition("/")[0]
    if kind != "login":
        assert not is_login_page(text.replace("</body>", f"{inserted}</body>"), meta["url"])
        KINDS[kind](text.replace("</body>", f"{inserted}</body>"), meta)
    lower = error.lower()
    if not any(mark in lower for mark in (*_MARKS, "<table", "rowclickdata", "total")):
        for other in PAGES:
            with suppress(PageError):
                KINDS[other](error, META)
                raise AssertionError(f"an error page was read as {other}")


def attachment(data: bytes) -> None:
    """A page is never taken for a file that is none, nor a whole file for a page; a torn one is never taken."""
    source = Source(data)
    name = source.choice(NAMES)
    case = source.choice(WHOLE)
    blank = source.choice(
        (b"", b"\n", b" \r\n\t", b"\xef\xbb\xbf", b"\r\n" * 2000, b"<!-- x -->\n", b"<!-- " + b"x" * 3000 + b" -->")
    )
    body = source.rest()
    file = Attachment("1", "ISSUE", name, size_label="1 KB")
    page = blank + read_input(case)[0].encode()
    assert not_a_file(HtmlResponse(URL, body=page, headers=HTML), file), "a page was taken for a file"
    assert not_a_file(Response(URL, body=page), file), "a page without a type was taken for a file"
    plain = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
    disposition = {**plain, "Content-Disposition": 'attachment; filename="a"'}
    whole = not_a_file(Response(URL, body=body, headers=disposition), file)
    assert (whole is None) == bool(body)
    torn = {**disposition, "Content-Length": str(len(body) + 1)}
    assert not_a_file(Response(URL, body=body, headers=torn), file)
    assert not_a_file(Response(URL, body=body, status=500, headers=disposition), file)
    assert not is_login_answer(HtmlResponse(URL, body=page, headers={**HTML, **disposition}))
