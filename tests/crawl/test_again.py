"""Crawling again: the same crawl twice, only what changed, only what is missing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.crawl.crawling import Archive
from tests.crawl.logged_in import variables as quick
from tests.crawl.other_tracker import OtherTracker
from tests.crawl.test_other_tracker import check_document

VIEW, FILE = "/tody/ims/issue/issueView.do", "/tody/common/fileDown.do"


def asked(tracker: OtherTracker) -> Counter[str]:
    """How often each address was asked for since the last look; issue pages with their number."""
    counted: Counter[str] = Counter()
    for path in tracker.requests:
        address, _, query = path.partition("?")
        number = query.partition("issueId=")[2].partition("&")[0] if address == VIEW else ""
        counted[f"{address}?{number}" if number else address] += 1
    tracker.requests.clear()
    return counted


def test_the_same_crawl_twice_rewrites_nothing(archive: Archive) -> None:
    with OtherTracker() as tracker:
        env = quick(archive, tracker)
        assert archive.crawl(env, query="TPETIME").exit_code == 0
        before = _children(archive), _stamps(archive.data_dir / "attachments")
        assert archive.crawl(env, query="TPETIME").exit_code == 0
    assert (_children(archive), _stamps(archive.data_dir / "attachments")) == before
    assert tracker.logins == 1
    rows = archive.rows("select crawl_count, first_crawled_at < last_crawled_at as later from ims.issues")
    assert {(row["crawl_count"], row["later"]) for row in rows} == {(2, True)}
    assert len(archive.rows("select 1 from ims.crawl_sessions")) == 2


def test_refresh_changed_asks_for_pages_but_not_again_for_files(files_only: Archive) -> None:
    with OtherTracker() as tracker:
        env = quick(files_only, tracker)
        assert files_only.crawl(env, query="TPETIME").exit_code == 0
        first = files_only.documents()
        asked(tracker)
        number = next(n for n in first if len(tracker.world[n]["files"]) == 1)
        (file_id,) = tracker.world[number]["files"]
        tracker.world[number]["files"][str(int(file_id) + 9)] = "새 파일.log"
        tracker.world[number]["comments"]["799999"] = "새 답변"
        assert files_only.crawl(env, query="TPETIME", refresh="changed").exit_code == 0
        second = asked(tracker)
    assert sum(count for address, count in second.items() if address.startswith(VIEW)) >= len(first)
    assert 1 <= second[FILE] <= 2, "the new file, and perhaps the click that teaches how to ask for it"
    documents = files_only.documents()
    for document in documents.values():
        check_document(tracker, document)
    assert [n for n in documents if _hash(documents[n]) != _hash(first[n])] == [number]


def test_refresh_missing_asks_only_for_what_no_session_has(files_only: Archive) -> None:
    with OtherTracker() as tracker:
        env = quick(files_only, tracker)
        assert files_only.crawl(env, query="TPETIME", related=0).exit_code == 0
        known = set(files_only.documents())
        asked(tracker)
        assert files_only.crawl(env, refresh="missing").exit_code == 0
        second = asked(tracker)
    assert set(files_only.documents()) == set(tracker.world) - known
    assert sum(second[f"{VIEW}?{number}"] for number in known) == 0


def test_resume_asks_again_for_just_the_file_that_failed(archive: Archive) -> None:
    with OtherTracker() as tracker:
        number, issue = next((n, i) for n, i in tracker.world.items() if len(i["files"]) == 2)
        lost, kept = issue["files"]
        tracker.missing_files.add(lost)
        env = quick(archive, tracker)
        run = archive.crawl(env)
        assert set(archive.documents()) == set(tracker.world)
        files = {one["file_id"]: one for one in archive.documents()[number]["attachments"]}
        assert (files[lost]["downloaded"], files[kept]["downloaded"]) == (False, True)
        assert "page instead of the file" in files[lost]["download_error"]
        assert archive.last().read_session()["exit_code"] == 5
        (error,) = archive.rows("select * from ims.session_errors")
        assert (error["error_type"], error["severity"]) == ("attachment_error", "error")
        assert error["error_detail"]["issue_id"] == number
        (row,) = archive.rows("select * from ims.attachments where not downloaded")
        assert row["filename"] == issue["files"][lost]
        tracker.missing_files.clear()
        asked(tracker)
        run = archive.crawl(env, resume=archive.last().read_session()["session_uuid"])
        assert run.exit_code == 0, run.stderr
        second = asked(tracker)
    assert sum(count for address, count in second.items() if address.startswith(VIEW)) <= 1
    assert second[FILE] <= 2
    check_document(tracker, archive.documents()[number])
    session = archive.last().read_session()
    assert (session["exit_code"], session["failed_issues"]) == (0, 0)
    assert archive.rows("select 1 from ims.attachments where not downloaded") == []


def _hash(document: dict[str, dict[str, object]]) -> object:
    return document["crawl"]["content_hash"]


def _stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def _children(archive: Archive) -> list[list[dict[str, object]]]:
    """All rows of what belongs to issues, with the place where PostgreSQL keeps them: a rewritten row moves."""
    tables = ("issue_comments", "issue_history", "attachments")
    return [archive.rows(f"select ctid::text, xmin::text, * from ims.{table} order by ctid") for table in tables]
