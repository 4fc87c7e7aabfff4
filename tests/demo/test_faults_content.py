"""Each fault of the content really does what its name says, seen over HTTP."""

from __future__ import annotations

from html import unescape

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client, row_ids, total


def newest(tracker: DemoTracker) -> int:
    return max(tracker.world.issues)


def test_missing_field_and_no_number(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("missing_field:label=Subject")
    labels = client.issue(newest(tracker)).page.xpath("//td[not(ancestor::div[@id='NoticeDiv'])]/text()").getall()
    assert "Subject" not in labels
    tracker.faults.replace(["no_number"])
    page = client.issue(newest(tracker)).page
    assert not page.css("span.issueNumber")
    assert page.css("#IssueDescriptionDiv")


def test_wrong_charset(tracker: DemoTracker, client: Client) -> None:
    number = next(i.issue_id for i in tracker.world.issues.values() if i.language == "ko")
    sound = client.issue(number).text
    tracker.faults.add("wrong_charset")
    answer = client.issue(number)
    assert answer.headers.get_content_charset() == "utf-8"
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()
    assert unescape(answer.body.decode("cp949")) == unescape(sound)


def test_wrong_charset_that_nothing_declares(tracker: DemoTracker, client: Client) -> None:
    number = next(i.issue_id for i in tracker.world.issues.values() if i.language == "ko")
    tracker.faults.add("wrong_charset:declared=")
    answer = client.issue(number)
    assert answer.headers.get_content_charset() is None
    assert b"charset" not in answer.body
    assert tracker.world.issues[number].subject in unescape(answer.body.decode("cp949"))


def test_nul_bytes(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("nul_bytes")
    assert b"<p>raw\0bytes</p>" in client.issue(newest(tracker)).body


def test_an_empty_page_still_has_its_total(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("empty_page:nth=2")
    answers = [client.search(pageIndex=page) for page in (1, 2, 3)]
    assert [bool(row_ids(answer)) for answer in answers] == [True, False, True]
    assert len({total(answer) for answer in answers}) == 1


def test_no_results_leaves_the_form_alone(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("no_results")
    page = client.search().page
    assert page.css("#issueSearchForm")
    assert "Total" not in "".join(page.css("::text").getall())
    assert not page.css("#totalCount, tr.rowClickData")


def test_hidden_rows_are_only_not_shown(tracker: DemoTracker, client: Client) -> None:
    whole = client.search(pageIndex=2)
    tracker.faults.add("hide_rows:rows=3")
    some = client.search(pageIndex=2)
    assert row_ids(some) == row_ids(whole)[3:]
    assert total(some) == total(whole)


def test_rows_that_vanish_pull_the_others_up(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("vanish_rows:nth=2,rows=2")
    first, second, again = (client.search(pageIndex=page) for page in (1, 2, 1))
    assert total(second) == total(first) - 2
    gone, missed = row_ids(first)[:2], row_ids(again)[-2:]
    assert row_ids(again) == [*row_ids(first)[2:], *missed]
    assert not set(missed) & {*row_ids(first), *row_ids(second)}
    assert all(client.issue(number).page.css("span.issueNumber") for number in gone)


def test_files_of_one_name_and_of_one_number(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("same_names")
    files = tracker.world.issues[newest(tracker)].files[-5:]
    assert [file.filename for file in files[:2]] == ["same.log"] * 2
    assert (files[3].file_id, files[3].kind, files[4].kind) == (files[4].file_id, "ISSUE", "PATCH")
    address = "/tody/common/fileDownload.do"
    answers = [client.get(address, {"fileId": one.file_id, "fileType": one.kind}) for one in files]
    assert {answer.headers.get_content_type() for answer in answers} == {"application/octet-stream"}
    assert len({answer.body for answer in answers}) == 5


def test_shift_rows(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("shift_rows:nth=2,rows=3")
    first, second = client.search(pageIndex=1), client.search(pageIndex=2)
    assert row_ids(second)[:3] == row_ids(first)[-3:]
    assert total(second) == total(first) + 3
    assert len(tracker.truth()["issues"]) == 43


def test_edit_between(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("edit_between:nth=2")
    first, second = (client.issue(newest(tracker)).text for _ in range(2))
    assert "edited 1 times" not in first
    assert "edited 1 times" in second
    assert tracker.truth()["issues"][str(newest(tracker))]["title"] == "edited 1 times"


@pytest.mark.parametrize("fault", ["html_attachment", "empty_attachment"])
def test_spoilt_attachments(tracker: DemoTracker, client: Client, fault: str) -> None:
    tracker.faults.add(f"{fault}:nth=1")
    issue = next(i for i in tracker.world.issues.values() if any(f.kind == "ISSUE" for f in i.files))
    file = next(f for f in issue.files if f.kind == "ISSUE")
    query = {"fileId": file.file_id, "fileType": "ISSUE"}
    spoilt, sound = (client.get("/tody/common/fileDownload.do", query) for _ in range(2))
    assert spoilt.status == 200
    if fault == "empty_attachment":
        assert (spoilt.body, spoilt.headers["Content-Length"]) == (b"", "0")
    else:
        assert spoilt.page.css("input[type=password]")
    assert sound.body == tracker.world.files.content(file)


def test_xss(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("xss:issues=4")
    new = sorted(tracker.world.issues, reverse=True)[:4]
    truth = tracker.truth()["issues"]
    titles = " ".join(truth[str(number)]["title"] for number in new)
    assert "<script>window.hacked=1</script>" in titles
    for number in new:
        answer = client.issue(number)
        assert "<script>window.hacked=1</script>" in answer.text, "the description is given as the editor left it"
        label = answer.page.xpath("//td[.='Subject' and not(ancestor::div[@id='NoticeDiv'])]")
        assert not label.xpath("following-sibling::td[1]//script"), "the subject is not"
    assert set(map(str, new)) <= set(tracker.matching_ids("TPETIME", "OpenFrame"))


def test_hostile_names_links_and_bombs() -> None:
    with DemoTracker(issues=10, faults=["hostile_names", "hostile_links", "bombs:megabytes=3"]) as tracker:
        truth = tracker.truth()["issues"]
        names = [a["filename"] for issue in truth.values() for a in issue["attachments"] if "filename" in a]
        assert {"..", "/etc/cron.d/escaped", "bomb.zip", "bomb.pdf"} <= set(names)
        assert max(map(len, names)) > 4096
        foreign = [src for issue in truth.values() for src in issue["foreign_images"]]
        assert "file:///etc/passwd" in foreign
        client = Client(tracker.base_url)
        client.login()
        for number, issue in truth.items():
            for attachment in issue["attachments"]:
                if "filename" in attachment:
                    query = {"fileId": attachment["file_id"], "fileType": attachment["kind"]}
                    assert len(client.get("/tody/common/fileDownload.do", query).body) == attachment["file_size"]
            for src in issue["foreign_images"]:
                assert src in client.issue(number).page.css("#IssueDescriptionDiv img::attr(src)").getall()
