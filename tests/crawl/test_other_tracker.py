"""The same crawl of a tracker that somebody else wrote from the protocol: nothing leans on what only the demo does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crawl.crawling import Archive
from tests.crawl.other_tracker import PRODUCTS, STATUSES, OtherTracker, file_content, sha256


def variables(archive: Archive, tracker: OtherTracker, **more: str) -> dict[str, str]:
    return archive.variables(tracker.base_url, "hong", "gil dong&1", **more)


def expected_ids(tracker: OtherTracker, keyword: str, products: list[str], depth: int) -> set[str]:
    found = set(tracker.search(keyword, products, list(STATUSES)))
    for _ in range(depth):
        for number in list(found):
            found |= {*tracker.world[number]["related"], *tracker.world[number]["patch"]}
    return found


def check_document(tracker: OtherTracker, document: dict[str, Any]) -> None:
    number = document["issue_id"]
    issue = tracker.world[number]
    assert document["title"] == issue["subject"]
    assert document["product"] == PRODUCTS[issue["product"]]
    assert document["status"] == STATUSES[issue["status"]]
    assert document["registered_date"] == "2025-11-01T08:09:00+09:00"
    assert (document["reporter"], document["reporter_email"]) == ("홍길동", "hong@example.com")
    assert document["description"] == f"설명 {number}"
    assert {str(one["comment_number"]): one["content"] for one in document["comments"]} == issue["comments"]
    assert {one["commented_at"] for one in document["comments"]} <= {"2025-11-02T10:11:12+09:00"}
    assert [one["new_value"] for one in document["history"]] == ["Open"]
    assert {one["issue_id"] for one in document["related"]} == {*issue["related"], *issue["patch"]}
    assert {one["file_id"]: one["filename"] for one in document["attachments"]} == issue["files"]
    for one in document["attachments"]:
        content = file_content(one["file_id"], "ISSUE", number)
        assert (one["sha256"], one["file_size"], one["downloaded"]) == (sha256(content), len(content), True)


@pytest.mark.parametrize("render", ["auto", pytest.param("always", marks=pytest.mark.long)])
def test_everything_of_the_search_and_nothing_else(archive: Archive, render: str) -> None:
    with OtherTracker() as tracker:
        env = variables(archive, tracker, IMS_RENDER=render)
        run = archive.crawl(env, product="OpenFrame", query="TPETIME", max_depth=2)
    assert run.exit_code == 0, run.stderr
    expected = expected_ids(tracker, "TPETIME", ["137", "123"], 2)
    documents = archive.documents()
    assert set(documents) == expected
    assert {one["issue_id"]: one for one in run.feed} == documents
    for document in documents.values():
        check_document(tracker, document)
    assert {row["issue_id"] for row in archive.rows("select issue_id from ims.issues")} == expected
    assert tracker.logins == 1
    assert tracker.most_at_once <= 8
    session = archive.last().read_session()
    assert (session["status"], session["exit_code"]) == ("completed", 0)
    assert session["total_issues_found"] == len(tracker.search("TPETIME", ["137", "123"], list(STATUSES)))


def test_both_ways_give_the_same_issue(files_only: Archive) -> None:
    contents = []
    with OtherTracker() as tracker:
        for render in ("auto", "always"):
            env = variables(files_only, tracker, IMS_RENDER=render)
            run = files_only.crawl(env, query="TPETIME", related=0, max_results=6)
            assert run.exit_code == 0, run.stderr
            contents.append({issue_id: {**one, "crawl": None} for issue_id, one in files_only.documents().items()})
    assert contents[0] == contents[1]


def test_a_page_that_is_filled_by_script_is_rendered(files_only: Archive) -> None:
    with OtherTracker(scripted=True) as tracker:
        pattern = "POST /tody/common/fileDown.do gubun={kind}&seq={file_id}&key={issue_id}"
        env = variables(files_only, tracker, IMS_ATTACHMENT_URL=pattern)
        run = files_only.crawl(env, product="Tibero", related=0)
    assert run.exit_code == 0, run.stderr
    documents = files_only.documents()
    assert set(documents) == set(tracker.search("", ["070"], list(STATUSES)))
    for document in documents.values():
        check_document(tracker, document)


def test_without_a_browser_a_given_pattern_is_used(files_only: Archive) -> None:
    pattern = "POST /tody/common/fileDown.do gubun={kind}&seq={file_id}&key={issue_id}&fixed=a+b"
    with OtherTracker() as tracker:
        env = variables(files_only, tracker, IMS_RENDER="never", IMS_ATTACHMENT_URL=pattern, IMS_BROWSER="/nonexistent")
        run = files_only.crawl(env, product="OpenFrame Batch", max_results=3, related=0)
    assert run.exit_code == 0, run.stderr
    assert len(files_only.documents()) == 3
    for document in files_only.documents().values():
        check_document(tracker, document)
    assert tracker.logins == 1


@pytest.mark.long
def test_an_expiry_in_the_middle_leads_to_one_new_login(files_only: Archive) -> None:
    with OtherTracker(expire_after=25) as tracker:
        run = files_only.crawl(variables(files_only, tracker))
    assert run.exit_code == 0, run.stderr
    assert set(files_only.documents()) == set(tracker.world)
    for document in files_only.documents().values():
        check_document(tracker, document)
    assert tracker.logins == 2


def test_a_wrong_password_is_tried_once(files_only: Archive) -> None:
    with OtherTracker() as tracker:
        run = files_only.crawl(files_only.variables(tracker.base_url, "hong", "wrong-secret-1"))
    assert tracker.refusals == 1
    assert "비밀번호가 틀립니다" in run.stderr
    assert "wrong-secret-1" not in run.stderr
    session = files_only.last().read_session()
    assert (session["status"], session["exit_code"], session["close_reason"]) == ("failed", 3, "login_refused")
    assert files_only.documents() == {}
