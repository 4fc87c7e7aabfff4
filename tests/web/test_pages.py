"""What the pages say, over real HTTP: search, issue, sessions, products, each to the user whose they are."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.engine import open_engine
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import find_user
from ims_spiders.query import QueryReader
from ims_spiders.search import find
from ims_spiders.web import search, sessions
from ims_spiders.web.issue_rows import MOST_COMMENT, MOST_HISTORY, MOST_TEXT, PER_PAGE
from ims_spiders.web.render import link
from tests.db.catalogue import superuser
from tests.report.archive import utc
from tests.web.archive import COMMENTS, KIM, LEE, LONG_TEXT
from tests.web.conftest import Filled
from tests.web.serving import Site, site


def hits(page: str) -> list[str]:
    """The numbers of the issues that a search page lists."""
    return re.findall(r'<h2><a href="[^"]*"><span class="id">(\d+)', page)


def links(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]+)"', page)]


@pytest.mark.parametrize(
    "query", ["deadlock", "교착 상태", "デッドロック", "+deadlock", "unresolved deadlocks in Tibero"]
)
def test_it_finds_what_the_command_finds(kim: Site, archive: Filled, query: str) -> None:
    engine = archive.connect()
    with engine.connect() as connection:
        names = connection.execute(text("SELECT DISTINCT product FROM ims.issues")).scalars()
        found = find(connection, query, reader=QueryReader(list(names)), today=utc(2026, 3, 1).date())
    engine.dispose()
    page = kim.get(link("/", q=query)).text
    assert hits(page) == [hit.issue_id for hit in found.hits] != []
    assert ("Read as: " in page) == (found.query.method != "direct")
    assert f"{found.total} issue" in page


def test_hits_are_marked_in_their_language(kim: Site) -> None:
    page = kim.get("/?q=デッドロック").text
    assert '<bdi lang="ja">' in page
    assert "<mark>デッドロック</mark>が発生" in page
    assert "Also found by" in page


def test_filters_are_in_the_address(kim: Site) -> None:
    assert hits(kim.get("/?q=deadlock&product=Tib").text) == ["3"]
    assert hits(kim.get("/?q=deadlock&status=Closed&status=x").text) == ["2"]
    assert hits(kim.get("/?q=deadlock&since=2025-04-01&until=2025-04-01").text) == ["2"]
    assert set(hits(kim.get("/?product=JEUS,Tibero").text)) == {"2", "3"}


def test_facets_lead_to_what_they_count(kim: Site) -> None:
    page = kim.get("/?q=deadlock").text
    offered = [one for one in links(page) if one.startswith("/?q=deadlock&")]
    assert {"/?q=deadlock&product=JEUS", "/?q=deadlock&status=Closed"} <= set(offered)
    for one in offered:
        assert len(hits(kim.get(one).text)) in {1, 2}, one


def test_pages_of_hits(kim: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = hits(kim.get("/?q=deadlock").text)
    monkeypatch.setattr(search, "PER_PAGE", 1)
    first = kim.get("/?q=deadlock").text
    assert hits(first) == everything[:1]
    (following,) = [one for one in links(first) if one.endswith("page=2")]
    assert hits(kim.get(following).text) == everything[1:2]
    beyond = kim.get("/?q=deadlock&page=9").text
    assert "The list ends before this page." in beyond
    monkeypatch.setattr(search, "MOST_PAGES", 2)
    assert "The best 2 are listed." in kim.get(following).text


def test_nothing_found_says_what_to_do(kim: Site) -> None:
    page = kim.get("/?q=%2Bqwertzuiop&product=JEUS").text
    assert "0 issues found" in page
    assert "the same without filters" in page
    assert "<code>ims crawl</code>" in page


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("q=deadlock&since=yesterday", "“yesterday” is no day; it looks like 2026-03-01. It was left out."),
        ("q=deadlock&since=20250301", "is no day"),
        ("q=deadlock&since=2026-02-01&until=2026-01-01", "2026-02-01 is after 2026-01-01"),
        ("q=" + "a" * 3000, "its beginning was searched for"),
    ],
)
def test_what_is_wrong_with_a_search_is_said(kim: Site, parameters: str, said: str) -> None:
    answer = kim.get(f"/?{parameters}")
    assert answer.status == 200
    assert said in answer.text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%ff%fe", "q=%ed%a0%80", "q=deadlock%00", "status=%00", "page=-1", "page=99999"]
)
def test_strange_letters_are_no_error(kim: Site, query: str) -> None:
    assert kim.get(f"/?{query}").status == 200


def test_queries_are_kept_once_as_the_users_own(archive: Filled) -> None:
    with site(archive.settings("park"), archive.connect) as park:
        park.get("/?q=tmboot")
        park.get("/?q=tmboot&page=2")
        park.get("/?q=tmboot", method="HEAD")
        park.get("/")
    engine = archive.connect()
    with engine.connect() as connection:
        asked = connection.execute(
            text("SELECT original_query FROM ims.search_queries JOIN ims.users USING (user_id) WHERE username = 'park'")
        )
        assert list(asked.scalars()) == ["tmboot"]
    engine.dispose()


def test_an_issue_tells_everything(kim: Site) -> None:
    page = kim.get("/issue/1").text
    for said in (
        "Batch ends with a deadlock", "OpenFrame Batch", ">Open<", "2025-03-01 09:00", "Another Bank", "site17",
        "Two jobs wait for each other.", "&lt;b&gt;Not bold&lt;/b&gt;", "Casey O&#39;Mock", "Which lock order?",
        "lock trace.log", "13 bytes", "waits for T1", "status 404", "ims crawl --resume last", "배치 처리 중 교착 상태",
        "elsewhere", "not in the archive", "2025-03-03 09:00",
    ):  # fmt: skip
        assert said in page, said
    assert re.search(r"Status</bdi>: <bdi[^>]*>New</bdi> → <bdi[^>]*>Open</bdi>", page)
    found = links(page)
    assert {"/issue/2", f"/session/{KIM}", "https://ims.example.com/tody/ims/issue/issueView.do?issueId=1"} <= set(
        found
    )
    assert "/issue/999" not in found
    similar = page[page.index('id="similar"') :]
    assert "/issue/3" in links(similar)


def test_a_comment_has_an_address(kim: Site) -> None:
    number = 1000 + COMMENTS - 1
    page = kim.get(f"/issue/4?comment={number}").text
    assert f'id="comment-{number}"' in page
    assert f"Page {COMMENTS // PER_PAGE} of {COMMENTS // PER_PAGE}" in page
    found = kim.get("/?q='word 499'").text
    assert f"/issue/4?comment={number}#comment-{number}" in links(found)


def test_a_long_issue_is_not_rendered_whole(kim: Site) -> None:
    answer = kim.get("/issue/4")
    page = answer.text
    assert len(answer.body) < 150_000
    assert page.count('class="comment"') == PER_PAGE
    assert page.count("d" * 100) == MOST_TEXT // 100
    assert page.count("e" * 100) == MOST_COMMENT // 100
    assert page.count('<td data-label="What"') == MOST_HISTORY
    assert len(LONG_TEXT) > 5 * len(page)
    whole = kim.get("/issue/4/text")
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="issue-4.txt"')
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert whole.text.count("\nword ") == COMMENTS - 1
    assert "e" * 9_000 in whole.text
    assert whole.text.count("step ") == 300
    assert "d" * 30_000 in whole.text
    (extracted,) = [one for one in links(page) if re.fullmatch(r"/issue/4/file/\d+/text", one)]
    assert kim.get(extracted).text == LONG_TEXT
    assert kim.get(extracted).headers["Content-Disposition"].startswith('attachment; filename="dump.txt.txt"')


@pytest.mark.parametrize(
    "path", ["/issue/77", "/issue/77/text", "/issue/x", "/issue/1/file/1/2", "/nowhere", "/static/..%2fapp.py"]
)
def test_what_is_not_there(kim: Site, path: str) -> None:
    answer = kim.get(path)
    assert answer.status == 404
    assert 'role="alert"' in answer.text
    assert ("ims crawl --query 77" in answer.text) == ("77" in path)


def test_sessions_are_those_of_the_user(kim: Site, lee: Site, archive: Filled) -> None:
    assert f"/session/{KIM}" in links(kim.get("/sessions").text)
    assert f"/session/{LEE}" not in links(kim.get("/sessions").text)
    assert kim.get(f"/session/{LEE}").status == 404
    assert f"/session/{LEE}" not in links(kim.get("/issue/11").text)
    assert "None of yours." in kim.get("/issue/11").text
    assert f"/session/{LEE}" in links(lee.get("/issue/11").text)
    assert lee.get(f"/session/{KIM}").status == 404
    with site(archive.settings("analyst"), archive.connect) as analyst:
        page = analyst.get("/sessions").text
        assert {f"/session/{KIM}", f"/session/{LEE}"} <= set(links(page))
        assert analyst.get(f"/session/{KIM}").status == 200
    with site(archive.settings("nobody"), archive.connect) as nobody:
        assert "has no sessions in the archive" in nobody.get("/sessions").text
        assert hits(nobody.get("/?q=deadlock").text) == hits(kim.get("/?q=deadlock").text)


def test_a_login_of_its_own_shows_what_is_its(archive: Filled) -> None:
    def connect_as_lee() -> Engine:
        owner = archive.connect()
        role = str(find_user(owner, "lee").database_role)
        url = owner.url.set(username=role, password=Passwords(archive.data_dir).read(role))
        owner.dispose()
        return open_engine(url.difference_update_query(["passfile"]))

    with site(archive.settings(None), connect_as_lee) as as_whoever:
        page = as_whoever.get("/sessions").text
        assert f"/session/{LEE}" in links(page)
        assert f"/session/{KIM}" not in links(page)
    with site(archive.settings("kim"), connect_as_lee) as as_kim:
        answer = as_kim.get("/sessions")
        assert answer.status == 503
        assert "there is no user &#39;kim&#39; to be seen with this login" in answer.text


def test_the_service_becomes_its_user(archive: Filled, kim: Site) -> None:
    administrator = superuser(archive.server, archive.database, autocommit=True)
    with administrator.connect() as connection:
        connection.execute(text("CREATE ROLE web_service LOGIN PASSWORD 'web' IN ROLE ims_service"))

    def connect_as_service() -> Engine:
        url = administrator.url.set(username="web_service", password="web")
        return open_engine(url.difference_update_query(["passfile"]))

    with site(archive.settings("lee"), connect_as_service) as as_lee:
        page = as_lee.get("/sessions").text
        assert f"/session/{LEE}" in links(page)
        assert f"/session/{KIM}" not in links(page)
        assert hits(as_lee.get("/?q=deadlock").text) == hits(kim.get("/?q=deadlock").text)
        assert as_lee.get("/issue/1").status == 200
    with site(archive.settings("kim"), connect_as_service) as as_kim:
        answer = as_kim.get("/issue/1")
        assert answer.status == 503
        assert "user kim has no database role" in answer.text
    with administrator.connect() as connection:
        connection.execute(text("DROP ROLE web_service"))
    administrator.dispose()


def test_a_session_tells_what_it_did(kim: Site, lee: Site) -> None:
    page = kim.get(f"/session/{KIM}").text
    for said in ("교착 상태", "completed", "0:05:00", "the page came torn", "network_error (error)", "A long story"):
        assert said in page, said
    assert "/issue/4" in links(page)
    page = lee.get(f"/session/{LEE}").text
    assert "12 issues found, 100 before" in page
    assert "&lt;b&gt;template&lt;/b&gt; changed" in page
    assert "suspicious" in lee.get("/sessions?kind=suspicious").text
    assert "There is none of this kind." in kim.get("/sessions?kind=suspicious").text


def test_pages_of_sessions(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PER_PAGE", 1)
    with site(archive.settings("analyst"), archive.connect) as analyst:
        first = analyst.get("/sessions").text
        assert "/sessions?page=2" in links(first)
        second = analyst.get("/sessions?page=2").text
        assert {KIM in first, KIM in second} == {True, False}
        assert "The list ends before this page." in analyst.get("/sessions?page=9").text


def test_products_in_figures_and_charts(kim: Site) -> None:
    page = kim.get("/products").text
    assert page.count("<svg") == 3
    assert re.search(r">JEUS</bdi></a></td><td data-label=\"Issues\" class=\"number\">1</td>", page)
    assert "/products?product=JEUS" in links(page)
    assert re.search(r"2025-05</td>\s*<td data-label=\"Registered\" class=\"number\">1</td>\s*<td[^>]*>1</td>", page)
    one = kim.get("/products?product=JEUS").text
    assert "2025-04</td>" in one
    assert "2025-03</td>" not in one
    assert kim.get("/products?product=Nothing").status == 404
