"""Relation lists, patch lists and master data over HTTP."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client

RELATIONS = "/tody/ims/issue/findRelationIssues.do"


def test_relation_lists_are_json_with_the_issues_own_entry(reader: Client, truth: dict[str, Any]) -> None:
    with_self = twice = 0
    for number, issue in truth.items():
        answer = reader.get(RELATIONS, {"issueId": number})
        assert answer.headers.get_content_type() == "application/json"
        entries = answer.json()
        others = [str(entry["issueId"]) for entry in entries if str(entry["issueId"]) != number]
        expected = [related for related in issue["related"] if related["source"] == "relation"]
        assert list(dict.fromkeys(others)) == [related["issue_id"] for related in expected]
        twice += len(others) > len(set(others))
        for entry in entries:
            own = str(entry["issueId"]) == number
            with_self += own
            assert entry["relationIssueId"] == (0 if own else int(number))
        titles = {str(entry["issueId"]): entry["subject"] for entry in entries}
        assert all(titles[related["issue_id"]] == related["title"] for related in expected)
        numbers = [related["issue_id"] for related in issue["related"]]
        assert len(set(numbers)) == len(numbers), "nothing comes from both lists"
    assert with_self > 50
    assert twice


def test_missing_and_forbidden_issues_are_listed_all_the_same(shared: DemoTracker, truth: dict[str, Any]) -> None:
    gone = [related for issue in truth.values() for related in issue["related"] if not related["available"]]
    assert {related["title"] is None for related in gone} == {True, False}
    assert {int(related["issue_id"]) for related in gone} <= set(shared.world.missing)


def test_patch_lists_lead_to_further_issues(reader: Client, truth: dict[str, Any]) -> None:
    names = ("projectCode", "siteCode", "productCode", "projectName", "siteName")
    filled = empty = without = 0
    for number, issue in truth.items():
        onclick = reader.issue(number).page.css("a[onclick^=popupPatchList]::attr(onclick)").get()
        if onclick is None:
            assert issue["patch_list"] is None
            without += 1
            continue
        arguments = re.findall(r"'([^']*)'", onclick)
        page = reader.get("/tody/ims/patch/patchList.do", dict(zip(names, arguments, strict=True))).page
        links = page.css("table a[href*='issueView.do']::attr(href)").getall()
        found = [parse_qs(urlsplit(link).query)["issueId"][0] for link in links]
        assert found == issue["patch_list"]
        filled, empty = filled + bool(found), empty + (not found)
    assert min(filled, empty, without) > 5


def test_an_unknown_patch_list_is_an_empty_table(reader: Client) -> None:
    page = reader.get("/tody/ims/patch/patchList.do", {"projectCode": "no"}).page
    assert page.css("#patchListTable")
    assert not page.css("#patchListTable a")


def test_master_data_comes_as_javascript(reader: Client) -> None:
    query: dict[str, Any] = {
        "callCount": 1,
        "c0-scriptName": "ProductDwr",
        "c0-methodName": "findVersions",
        "c0-id": 1,
        "xml": "true",
    }
    answer = reader.get("/tody/dwr/exec/ProductDwr.findVersions", {**query, "c0-param0": "string:129"})
    assert answer.headers.get_content_type() == "text/javascript"
    assert re.search(r's1\["version"\]="v6\.0";', answer.text)
    assert 'DWREngine._handleResponse("1", s0);' in answer.text
    modules = reader.get("/tody/dwr/exec/ProductDwr.findModules", {"c0-param0": "string:129"}).text
    assert "TSAM" in modules
    assert "Manual" in reader.get("/tody/dwr/exec/IssueCategoryDwr.findCategories").text
    users = reader.get("/tody/dwr/exec/UserDwr.findUsersByName", {"c0-param0": "string:Blake"}).text
    assert users.count("userName") == 1
    assert reader.get("/tody/dwr/exec/UserDwr.deleteUser").status == 404
