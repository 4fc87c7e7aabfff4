"""Issue pages over HTTP, each compared with the truth."""

from __future__ import annotations

import re
from typing import Any

import pytest
from parsel import Selector, SelectorList

from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.world import catalog
from tests.demo.client import Client, squeezed


@pytest.fixture(scope="module")
def pages(shared: DemoTracker) -> dict[str, Selector]:
    client = Client(shared.base_url)
    client.login()
    return {str(number): client.issue(number).page for number in shared.world.issues}


def text(found: SelectorList[Selector] | Selector) -> str:
    return squeezed(found.css("::text").getall())


def test_the_number_stands_in_its_span(pages: dict[str, Selector]) -> None:
    assert {text(page.css("span.issueNumber")) for page in pages.values()} == set(pages)


def test_fields_are_label_and_value_pairs(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    for number, page in pages.items():
        found = {}
        for label in page.css("table.table-bordered.dataTable.fullWidth td.tableHeaderTitle"):
            if not label.xpath("ancestor::div[@id='NoticeDiv']"):
                value = text(label.xpath("following-sibling::td[1][contains(@class, 'data')]"))
                found[text(label)] = value
        expected = {label: squeezed(value) for label, value in truth[number]["fields"].items()}
        assert {label: value for label, value in found.items() if value} == expected


def test_fields_vary_in_presence_order_and_number_in_a_row(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    orders = {tuple(issue["fields"]) for issue in truth.values()}
    assert len(orders) > 100
    assert any(list(issue["fields"]) == ["Subject"] for issue in truth.values())
    widths = {len(row.css("td.tableHeaderTitle")) for page in pages.values() for row in page.css("table.dataTable tr")}
    assert widths == {1, 2, 3}
    values = [value for page in pages.values() for value in page.css("td.data::text").getall()]
    empty = [value for value in values if value.strip("\n ") == "\xa0"]
    assert empty, "some labels stand there without a value"


def test_every_status_category_and_priority_occurs(truth: dict[str, Any]) -> None:
    issues = list(truth.values())
    assert {issue["status"] for issue in issues} - {None} == set(catalog.STATUSES)
    assert {issue["issue_type"] for issue in issues} - {None} == set(catalog.CATEGORIES)
    assert {issue["priority"] for issue in issues} - {None} == set(catalog.PRIORITIES)
    assert len({issue["listed_as"]["product"] for issue in issues}) >= 8


def test_the_status_stands_in_a_coloured_span(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    number = next(number for number, issue in truth.items() if issue["status"])
    assert pages[number].css("td.data > span[style*=color]::text").get() == truth[number]["status"]


def test_people_and_dates_come_in_every_shape(truth: dict[str, Any]) -> None:
    values = [value for issue in truth.values() for value in issue["fields"].values()]
    people = [value for value in values if "@example.com" in value]
    assert {bool(re.search(r"\( \S+ \)$", value)) for value in people} == {True, False}
    dates = [value for value in values if re.match(r"\d{4}[-./]\d\d[-./]\d\d", value)]
    assert {(date[4], len(date) > 10) for date in dates} == {(s, t) for s in "/-." for t in (True, False)}
    registered = [issue for issue in truth.values() if issue["registered_date"]]
    assert all(issue["registered_date"].endswith("+09:00") for issue in registered)


def test_the_notice_has_a_subject_that_is_not_the_issues(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    before, after = 0, 0
    for number, page in pages.items():
        notice = page.css("#NoticeDiv[style*='display:none']")
        assert text(notice.css("td.tableHeaderTitle")[0]) == "Subject"
        assert text(notice.css("td.data")[0]) != truth[number]["title"]
        first = page.css("td.tableHeaderTitle")[0].xpath("ancestor::div[@id='NoticeDiv']")
        before, after = before + bool(first), after + (not first)
    assert before
    assert after


def test_collapsed_sections_have_their_content_and_a_toggle(pages: dict[str, Selector]) -> None:
    page = next(iter(pages.values()))
    toggles = page.css("td.title6[onclick*=setDisplay3]::attr(onclick)").re(r"setDisplay3\('(\w+)'\)")
    assert set(toggles) == {"NoticeDiv", "IssueDescriptionDiv", "PatchAttachesDiv", "HistoriesDiv"}
    for section in toggles:
        assert "display:none" in page.css(f"#{section}").attrib["style"]


def test_descriptions(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    html = ""
    for number, page in pages.items():
        cell = page.css("#IssueDescriptionDiv td.data")[0]
        assert_in_order(text(cell), truth[number]["description_fragments"])
        html += truth[number]["description_html"]
    assert 20 < html.count("Issue Description") < 150
    for mark in ("&#64;", "&#39;", "&nbsp;", "<pre>", "<ul>", "<ol>", "<table", "data:image/png;base64"):
        assert mark in html
    assert re.search(r"<table[^>]*>.*?<td[^>]*><table", html)


def assert_in_order(words: str, fragments: list[str]) -> None:
    position = 0
    for fragment in fragments:
        position = words.index(squeezed(fragment), position) + len(squeezed(fragment))


def test_comments_newest_first(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    counts = set()
    for number, page in pages.items():
        expected = truth[number]["comments"]
        blocks = page.css("#CommentsDiv div.fieldset")
        assert blocks.css("input[name=actionId]::attr(value)").getall() == [str(c["comment_number"]) for c in expected]
        for block, comment in zip(blocks, expected, strict=True):
            action = comment["comment_number"]
            legend = text(block.css(f"div.legend span.link2#action_{action}"))
            assert legend.startswith(f"Action No. {action} | Registrant : {squeezed(comment['author'])}")
            assert f"| Registered date : {comment['commented_at'][:4]}" in legend
            body = block.css(f"div#comment_{action} > div.commDescTR.data#commDescTR_{action}")
            assert_in_order(text(body), comment["content_fragments"])
        numbers = [c["comment_number"] for c in expected]
        assert numbers == sorted(numbers, reverse=True)
        counts.add(len(numbers))
    assert {0, 12} <= counts
    assert max(counts) == 12


def test_history(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    kinds = set()
    for number, page in pages.items():
        rows = page.css("#HistoriesDiv tr.data")
        expected = truth[number]["history"]
        assert [text(row.css("td")[2]) for row in rows] == [squeezed(row["description"]) for row in expected]
        kinds |= {row["change_type"] for row in expected}
        for row in expected:
            if row["change_type"] == "status_change":
                assert row["description"] == f"Status : {row['old_value']} → {row['new_value']}"
    assert kinds == {"status_change", "assignment", "update"}


def test_attachment_links(pages: dict[str, Selector], truth: dict[str, Any]) -> None:
    for number, page in pages.items():
        found = []
        for section, kind in (("#AttachesDiv", "ISSUE"), ("#PatchAttachesDiv", "PATCH")):
            for item in page.css(f"{section} li"):
                onclick = item.css("a[onclick^=downloadFileNew]::attr(onclick)").get("")
                (file_id,) = re.findall(rf"^downloadFileNew\('(\d+)', '{kind}'\)", onclick)
                size = item.xpath("a/following-sibling::text()").get("").strip().strip("()")
                found.append((file_id, kind, item.css("a span::text").get(), size))
        files = [a for a in truth[number]["attachments"] if a["kind"] != "INLINE"]
        assert found == [(a["file_id"], a["kind"], a["filename"], a["size_label"]) for a in files]


def test_post_shows_the_same_page(reader: Client, shared: DemoTracker) -> None:
    number = str(max(shared.world.issues))
    posted = reader.post("/tody/ims/issue/issueView.do", {"issueId": number, "menuCode": "issue_search"})
    assert posted.body == reader.issue(number).body


def test_a_missing_or_forbidden_issue_answers_200_without_a_number(reader: Client, shared: DemoTracker) -> None:
    for number in ("1", "999999", "abc", "", *list(shared.world.missing)[:2]):
        answer = reader.issue(number)
        assert answer.status == 200
        assert not answer.page.css("span.issueNumber")
        assert "alert(" in answer.text


def test_all_four_kinds_of_language_occur(truth: dict[str, Any]) -> None:
    titles = [issue["title"] for issue in truth.values()]
    korean = [title for title in titles if re.search("[가-힣]", title)]
    japanese = [title for title in titles if re.search("[ぁ-んァ-ヶ]", title)]
    english = [title for title in titles if title.isascii()]
    mixed = [title for title in korean if re.search("[A-Za-z]{4}", title)]
    assert min(map(len, (korean, japanese, english, mixed))) > 30
