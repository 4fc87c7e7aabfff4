"""Choosing products, and the addresses that pages are asked for at."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.pages.issue import PatchListCall, issue_url
from ims_spiders.pages.relations import relations_url
from ims_spiders.pages.search import (
    Product,
    SearchForm,
    SearchPage,
    Status,
    search_form_url,
    search_url,
    select_products,
    select_statuses,
)
from ims_spiders.pages.urls import clean_url
from tests.pages.fixture_pages import read_input

BASE = "https://ims.example.com"
TIBERO, AIM, OSC, SORT = (
    Product("070", "Tibero"),
    Product("128", "OpenFrame AIM"),
    Product("138", "OpenFrame OSC"),
    Product("640", "ProSort"),
)
PRODUCTS = [TIBERO, AIM, OSC, SORT]

CHOICES = {
    "": [],
    " , ": [],
    "Tibero": [TIBERO],
    "tib": [TIBERO],
    "070": [TIBERO],
    "OpenFrame": [AIM, OSC],
    "openframe  osc": [OSC],
    "ＯｐｅｎＦｒａｍｅ": [AIM, OSC],
    "138, Tibero,OpenFrame": [OSC, TIBERO, AIM],
}


@pytest.mark.parametrize("wanted", CHOICES)
def test_select_products(wanted: str) -> None:
    assert select_products(PRODUCTS, wanted) == CHOICES[wanted]


def test_an_unknown_product_is_named_with_what_is_close() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown product 'Tibreo'; did you mean Tibero\?"):
        select_products(PRODUCTS, "OpenFrame,Tibreo")
    with pytest.raises(
        ConfigurationError, match=r"unknown product 'zzz'; the tracker has Tibero \(070\), OpenFrame AIM"
    ):
        select_products(PRODUCTS, "zzz")
    with pytest.raises(ConfigurationError, match="unknown product '07'"):
        select_products(PRODUCTS, "07")


def _form() -> SearchForm:
    text, meta = read_input("search/normal")
    return SearchPage(text, meta["url"]).form()


def test_search_url_sends_every_parameter_of_the_protocol() -> None:
    url = search_url(BASE, _form(), "+TPETIME '정확한 구'", [TIBERO, OSC], [], 3)
    assert url.startswith(f"{BASE}/tody/ims/issue/issueSearchList.do?")
    sent = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert sent == {
        "reSearchYN": ["Y"],
        "queryId": ["ims.issueSearch.findIssueSearch"],
        "searchType": ["1"],
        "menuCode": ["issue_search"],
        "pageIndex": ["3"],
        "pageSize": ["10"],
        "keyword": ["+TPETIME '정확한 구'"],
        "productCodes": ["070", "138"],
        "activities": ["01", "02", "99"],
        "orderType": ["desc"],
        "listType": ["1"],
        "queryIdDetail": ["ims.profile.findUserIssueColumns"],
        "reportType": ["R101"],
        "taggingWordOption": ["equals"],
        "userId": ["khkim"],
        "userName": ["김기홍"],
        "userGrade": ["TMAX"],
        "tempFlag": [""],
    }
    assert "%EC%A0%95" in url
    assert url.isascii()


def test_no_products_means_that_none_is_sent() -> None:
    assert "productCodes" not in search_url(BASE, _form(), "", [], [], 1)


def test_only_the_statuses_that_are_chosen_are_asked_for() -> None:
    form = _form()
    sent = parse_qs(urlsplit(search_url(BASE, form, "", [], form.statuses[:1], 1)).query)
    assert sent["activities"] == ["01"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["Closed_P", "open"], ["2", "4"]),
        (["closed p"], ["4"]),
        (["Postponed"], []),
        ([], []),
    ],
)
def test_statuses_are_chosen_by_name(names: list[str], chosen: list[str]) -> None:
    labels = ("New", "Open", "Closed", "Closed_P")
    statuses = [Status(str(number), label) for number, label in enumerate(labels, start=1)]
    assert [status.value for status in select_statuses(statuses, names)] == chosen


@given(st.text(), st.lists(st.builds(Product, st.text(min_size=1), st.text()), max_size=3), st.integers(1, 10**6))
def test_search_url_carries_any_keyword(keyword: str, products: list[Product], page: int) -> None:
    form = SearchForm("", [], [Status("1", "a"), Status("2", "b")], {"keyword": "old", "x": keyword}, [])
    sent = parse_qsl(urlsplit(search_url(BASE, form, keyword, products, [], page)).query, keep_blank_values=True)
    clean = keyword.encode("utf-8", "replace").decode()
    assert [value for name, value in sent if name == "keyword"] == [clean]
    assert ("x", clean) in sent
    assert [value for name, value in sent if name == "productCodes"] == [
        product.code.encode("utf-8", "replace").decode() for product in products
    ]
    assert ("pageIndex", str(page)) in sent


@pytest.mark.parametrize("base", [BASE, f"{BASE}/", f"{BASE}/tody", f"{BASE}/tody/"])
def test_addresses(base: str) -> None:
    assert issue_url(base, "348115") == f"{BASE}/tody/ims/issue/issueView.do?issueId=348115&menuCode=issue_search"
    assert relations_url(base, "348115") == f"{BASE}/tody/ims/issue/findRelationIssues.do?issueId=348115"
    assert search_form_url(base) == f"{BASE}/tody/ims/issue/issueSearchList.do?searchType=1&menuCode=issue_search"
    call = PatchListCall("P&1", "S", "070", "한글", "")
    assert parse_qsl(urlsplit(call.url(base)).query, keep_blank_values=True) == [
        ("projectCode", "P&1"),
        ("siteCode", "S"),
        ("productCode", "070"),
        ("projectName", "한글"),
        ("siteName", ""),
    ]


def test_nothing_secret_stays_in_an_address() -> None:
    assert clean_url(f"{BASE}/a.do;JSESSIONID=AB.node1?b=1;c#d") == f"{BASE}/a.do?b=1;c"
