"""The search over HTTP: form, results, syntax."""

from __future__ import annotations

from typing import Any

import pytest

from ims_spiders.demo.search import parse
from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.world import catalog
from tests.demo.client import Client, row_ids, squeezed, total

EVERY_STATUS = list(catalog.STATUS_CODES.values())


def walk(client: Client, **query: Any) -> list[str]:
    """The issue numbers of all pages of a search."""
    found: list[str] = []
    for page in range(1, 200):
        ids = row_ids(client.search(pageIndex=page, **query))
        if not ids:
            return found
        found += ids
    raise AssertionError("the pages never end")


def test_the_form_lists_products_statuses_and_page_sizes(reader: Client) -> None:
    form = reader.get("/tody/ims/issue/issueSearchList.do", {"searchType": 1, "menuCode": "issue_search"}).page
    form = form.css("#SearchDiv form[name=issueSearchForm]")[0]
    assert form.css("input#keyword[name=keyword]")
    products = {o.attrib["value"]: o.css("::text").get() for o in form.css("select#productCodes[multiple] option")}
    assert products["129"] == "OpenFrame Base"
    assert products["070"] == "Tibero"
    assert products["640"] == "ProSort"
    statuses = form.css("select#activities[multiple] option")
    assert [o.css("::text").get() for o in statuses] == list(catalog.STATUSES)
    assert all(o.attrib["value"] != o.css("::text").get() for o in statuses)
    sizes = form.css("select#pageSize option::attr(value)").getall()
    assert sizes == ["10", "20", "30", "50", "100", "500", "1000"]
    fixed = {i.attrib["name"]: i.attrib["value"] for i in form.css("input[type=hidden]")}
    assert fixed["queryIdDetail"] == "ims.profile.findUserIssueColumns"
    assert (fixed["orderType"], fixed["listType"], fixed["reportType"]) == ("desc", "1", "R101")
    assert fixed["taggingWordOption"] == "equals"
    assert fixed["reSearchYN"] == "N"


def test_results_need_re_search(reader: Client) -> None:
    assert total(reader.search(activities=EVERY_STATUS)) == 320
    for value in ("N", ""):
        empty = reader.search(activities=EVERY_STATUS, reSearchYN=value)
        assert total(empty) == 0
        assert row_ids(empty) == []


@pytest.mark.parametrize("size", ["10", "100", "1000", "nonsense"])
def test_ten_rows_a_page_whatever_the_page_size(reader: Client, size: str) -> None:
    assert len(row_ids(reader.search(pageSize=size))) == 10


def test_paging_gives_every_issue_once_newest_first(reader: Client, shared: DemoTracker) -> None:
    found = walk(reader, activities=EVERY_STATUS)
    assert found == shared.matching_ids()
    assert found == sorted(found, key=int, reverse=True)
    assert len(set(found)) == 320


def test_closed_issues_are_left_out_unless_asked_for(reader: Client, truth: dict[str, Any]) -> None:
    found = set(walk(reader))
    expected = {number for number, issue in truth.items() if not issue["listed_as"]["status"].startswith("Closed")}
    assert found == expected
    assert len(found) < len(truth)
    closed = walk(reader, activities=[catalog.STATUS_CODES["Closed"], catalog.STATUS_CODES["Closed_P"]])
    assert set(closed) == set(truth) - expected


def test_products_can_be_repeated(reader: Client, truth: dict[str, Any]) -> None:
    found = walk(reader, activities=EVERY_STATUS, productCodes=["070", "138"])
    assert set(found) == {n for n, issue in truth.items() if issue["listed_as"]["product_code"] in {"070", "138"}}
    assert total(reader.search(productCodes="no such code")) == 0


def test_openframe_tpetime_has_a_truth_worth_testing(shared: DemoTracker, truth: dict[str, Any]) -> None:
    hits = shared.matching_ids("TPETIME", "OpenFrame")
    assert 25 <= len(hits) <= 45
    assert any(truth[number]["listed_as"]["status"].startswith("Closed") for number in hits)
    assert set(hits) < set(shared.matching_ids("tpetime")), "other products have it too"
    assert {truth[number]["listed_as"]["product"].split()[0] for number in hits} == {"OpenFrame"}
    assert shared.matching_ids("TPETIME", "No such product") == []


@pytest.mark.parametrize(
    "keyword",
    [
        "TPETIME",
        "tpetime S0C7",
        "+TPETIME +BLOCKTIME",
        "+tpetime manual",
        "'time out' 'block time'",
        "+'block time' +tpetime",
        "'+block time' TPETIME",
        "타임아웃 락",
        "+락이 +작업이",
        "タイムアウト",
        "ORA-00600",
        "no-such-word-anywhere",
        "",
    ],
)
def test_the_pages_agree_with_the_truth(reader: Client, shared: DemoTracker, keyword: str) -> None:
    assert walk(reader, keyword=keyword, activities=EVERY_STATUS) == shared.matching_ids(keyword)


def test_a_bare_number_is_an_issue_number(reader: Client, shared: DemoTracker) -> None:
    five, six = str(min(shared.world.issues)), str(max(shared.world.issues))
    assert (len(five), len(six)) == (5, 6)
    for number in (five, six):
        assert walk(reader, keyword=number, activities=EVERY_STATUS) == [number]


@pytest.mark.parametrize(
    ("keyword", "words", "found"),
    [
        ("a b", "xxb", True),
        ("a b", "xxc", False),
        ("+a +b", "a b", True),
        ("+a +b", "a", False),
        ("+a b", "a", True),
        ("+a b", "b", False),
        ("'a b'", "x a b x", True),
        ("'a b'", "b a", False),
        ("+'a b' c", "c", False),
        ("'+a b' c", "c", False),
        ("'+a b' c", "x a b", True),
        ("TPETIME", "tpetime이", True),
        ("12345", "12345", False),
        ("", "anything", True),
    ],
)
def test_the_syntax(keyword: str, words: str, found: bool) -> None:
    assert parse(keyword).finds(99, words) is found


def test_description_and_comments_are_searched_too(shared: DemoTracker, truth: dict[str, Any]) -> None:
    subject, description, comment = set(), set(), set()
    for number in shared.matching_ids("TPETIME"):
        issue = truth[number]
        if "tpetime" in issue["title"].casefold():
            subject.add(number)
        elif "tpetime" in " ".join(issue["description_fragments"]).casefold():
            description.add(number)
        else:
            comment.add(number)
    assert subject
    assert description
    assert comment


def test_columns_are_the_users_own() -> None:
    with DemoTracker(issues=30, columns=["Subject", "Status", "No"]) as tracker:
        client = Client(tracker.base_url)
        client.login()
        page = client.search().page
        assert page.css("#issueList th::text").getall() == ["Subject", "Status", "No"]
        client.post_json("/__demo__/columns", ["Reporter", "Issue Number", "Closed Date"])
        page = client.search().page
        assert page.css("#issueList th::text").getall() == ["Reporter", "Issue Number", "Closed Date"]
        row = page.css("tr.rowClickData")[0]
        assert row.css("td:nth-child(2)::text").get() == row_ids(client.search())[0]


def test_there_are_31_columns(reader: Client, truth: dict[str, Any]) -> None:
    assert len(set(catalog.COLUMNS)) == 31
    with pytest.raises(ValueError, match="unknown columns"):
        DemoTracker(issues=1, columns=["Nonsense"])
    page = reader.search().page
    headers = page.css("#issueList th::text").getall()
    for row in page.css("tr.rowClickData"):
        cells = dict(zip(headers, (squeezed(cell.css("::text").getall()) for cell in row.css("td")), strict=True))
        assert cells["Subject"] == squeezed(truth[cells["Issue Number"]]["title"])
        assert cells["Product"] == truth[cells["Issue Number"]]["listed_as"]["product"]


def test_some_pages_carry_the_total_in_a_hidden_input(reader: Client) -> None:
    second = reader.search(pageIndex=2)
    assert second.page.css("input[type=hidden][name=totalCount]::attr(value)").get() == str(total(second))
    assert not reader.search(pageIndex=1).page.css("[name=totalCount]")
