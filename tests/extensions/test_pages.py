"""The log of pages: each answer with what it was taken for, the same in files and database, harmless when it fails."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from sqlalchemy import Engine, text

from ims_spiders.db.files import SessionFolder
from ims_spiders.db.files_pages import LONGEST_LINE, PagesFile, read_lines
from ims_spiders.db.load import load
from ims_spiders.db.projection_pages import BATCH
from ims_spiders.demo.server import DemoTracker
from ims_spiders.extensions.pages_kinds import taken_for
from tests.crawl.crawling import Archive
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD, every_row
from tests.db.factory import folder as made_folder
from tests.db.factory import issue, session

SEARCH: dict[str, Any] = {"product": "OpenFrame", "query": "TPETIME", "max_results": 6, "related": 0}


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    return Archive(tmp_path / "data", engine)


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    return made_folder(tmp_path, session(1), [issue(100)])


def lines(folder: SessionFolder) -> list[dict[str, Any]]:
    return [value for _, _, value in read_lines(folder)]


def entry(url: str = "https://ims.example.com/tody/a.do", **changes: Any) -> dict[str, Any]:
    kinds = {"found_on": None, "depth": 0, "status": 200, "duration_ms": 3, "size_bytes": 10, "page_type": "issue"}
    return {"url": url, **kinds, "error": None, "created_at": "2026-03-01T09:00:00.000Z", **changes}


def test_every_answer_of_a_crawl_is_noted_and_a_load_gives_the_same_rows(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = {**variables(archive, tracker), "IMS_LOG_PAGES": "all"}
        hits = tracker.matching_ids("TPETIME", "OpenFrame")[:6]
        where = [f"path=issueView.*{number}" for number in hits]
        faults = [f"stack_trace:{where[0]}", f"reset:nth=1,{where[1]}", "expire_at:nth=9"]
        tracker.faults.replace([*faults, f"status:code=503,nth=1,{where[2]}"])
        before = len(tracker.ledger.entries)
        run = archive.crawl(env, **SEARCH)
        asked = len(tracker.ledger.entries) - before
    assert run.exit_code == 5, run.stderr
    noted = lines(archive.last())
    kinds = Counter(one["page_type"] for one in noted)
    assert [one["sequence"] for one in noted] == list(range(1, len(noted) + 1))
    assert {"search_form", "search", "issue", "relations", "attachment"} <= set(kinds)
    # Each request of the tracker's ledger but what the browser asked for by itself while it logged in again.
    assert len(noted) <= asked
    documents = archive.documents()
    files = {path for document in documents.values() for path in _files(document)}
    assert kinds["attachment"] == len(files)
    (unread,) = [one for one in noted if one["page_type"] == "unreadable" and hits[0] in one["url"]][-1:]
    assert (unread["status"], unread["found_on"], unread["depth"]) == (200, "search", 0)
    assert unread["error"]
    lost = [one for one in noted if one["status"] is None]
    assert [(one["page_type"], one["size_bytes"]) for one in lost] == [("error", None)]
    assert hits[1] in lost[0]["url"]
    assert [one["status"] for one in noted if one["page_type"] == "error" and one["status"]] == [503]
    assert kinds["login"] >= 2, "the answer that asked for it, and the form"
    of_files = {one["found_on"] for one in noted if one["page_type"] == "attachment"}
    assert of_files <= set(documents)
    assert of_files
    whole = "\n".join(json.dumps(one) for one in noted)
    assert "jsessionid" not in whole.lower()
    assert PASSWORD not in whole
    stored = archive.rows("select p.*, u.username from ims.pages p join ims.users u using (user_id) order by sequence")
    assert [(row["sequence"], row["url"], row["page_type"], row["error"]) for row in stored] == [
        (one["sequence"], one["url"], one["page_type"], one["error"]) for one in noted
    ]
    assert {row["username"] for row in stored} == {"tester"}
    rows = every_row(archive)
    assert archive.engine is not None
    with archive.engine.begin() as connection:
        connection.execute(text("drop schema ims cascade"))
    assert archive.ims(env, "db", "load").returncode == 0
    assert every_row(archive) == rows
    assert archive.ims(env, "db", "check").returncode == 0


def test_only_errors_are_noted_and_a_resumed_session_counts_on(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = {**variables(archive, tracker), "IMS_LOG_PAGES": "errors"}
        hit = tracker.matching_ids("TPETIME", "OpenFrame")[0]
        tracker.faults.replace([f"status:code=500,path=issueView.*{hit}"])
        arguments = {**SEARCH, "max_results": 2, "database": 0}
        assert archive.crawl(env, "RETRY_TIMES=1", **arguments).exit_code == 5
        noted = lines(archive.last())
        assert [(one["sequence"], one["status"]) for one in noted] == [(1, 500), (2, 500)]
        with archive.last().pages_path.open("ab") as file:
            file.write(b'{"sequence": 9')
        assert archive.crawl(env, "RETRY_TIMES=1", resume="last").exit_code == 5
    assert [one["sequence"] for one in lines(archive.last()) if one is not None] == [1, 2, 3, 4]
    assert [row["sequence"] for row in archive.rows("select sequence from ims.pages order by 1")] == [1, 2, 3, 4]


def test_a_full_disk_ends_the_log_and_not_the_crawl(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = {**variables(archive, tracker), "IMS_LOG_PAGES": "all", "USE_DATABASE": "false"}
        arguments = {**SEARCH, "max_results": 1}
        assert archive.crawl(env, "CLOSESPIDER_PAGECOUNT=1", **arguments).returncode == 0
        archive.last().pages_path.unlink(missing_ok=True)
        archive.last().pages_path.symlink_to("/dev/full")
        run = archive.crawl(env, resume="last")
    assert run.exit_code == 0, run.stderr
    assert run.stderr.count("Pages are no longer noted") == 1
    assert len(archive.documents()) == 1


def test_a_load_leaves_out_what_is_no_answer(engine: Engine, folder: SessionFolder, tmp_path: Path) -> None:
    log = PagesFile(folder)
    for number in range(3):
        log.append(entry(f"https://ims.example.com/{number}?q=\x00가"))
    with folder.pages_path.open("ab") as file:
        file.write(b'no json\n[]\n{"sequence": 4}\n')
        file.write(json.dumps({"sequence": 1 << 40, **entry()}).encode() + b"\n")
        file.write(json.dumps({"sequence": True, **entry()}).encode() + b"\n")
        file.write(json.dumps({"sequence": 7, **entry()}).encode() + b"\n")
        file.write(b'{"sequence": 8, "url": "torn')
    for _ in range(2):
        result = load(engine, tmp_path)
        assert result.pages == 4
        assert list(result.broken) == [folder.pages_path]
        assert len(result.broken[folder.pages_path].split("; ")) == 4
    with engine.connect() as connection:
        assert list(connection.scalars(text("select sequence from ims.pages order by 1"))) == [1, 2, 3, 7]


def test_a_long_log_comes_in_whole_and_no_line_is_too_long(
    engine: Engine, folder: SessionFolder, tmp_path: Path
) -> None:
    count = 2 * BATCH + 1
    with folder.pages_path.open("w") as file:
        file.write("x" * (2 * LONGEST_LINE + 7) + "\n")
        file.writelines(json.dumps({"sequence": number, **entry()}) + "\n" for number in range(1, count + 1))
        file.write("y" * (LONGEST_LINE + 7))
    result = load(engine, tmp_path)
    assert (result.pages, result.broken) == (count, {})
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from ims.pages")) == count
    PagesFile(folder).append(entry())
    assert lines(folder)[-1]["sequence"] == count + 1


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (200, {"Content-Type": "text/html"}, b"<html><title>x</title></html>", "issue"),
        (302, {"Location": "/tody/auth/login.do"}, b"", "login"),
        (302, {"Location": "/tody/main.do"}, b"", "redirect"),
        (404, {}, b"", "error"),
        (
            200,
            {"Content-Type": "text/html"},
            b"<html><form action='/tody/auth/login.do'><input name=id><input type=password></form></html>",
            "login",
        ),
    ],
)
def test_what_an_answer_looks_like(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    url = "https://ims.example.com/tody/ims/issue/issueView.do?issueId=1"
    response: Response = HtmlResponse(url, status, headers, body, encoding="utf-8")
    assert taken_for(Request(url), response) == kind
    # Scrapy does not take a packed page for text before it is unpacked.
    packed = Response(url, status, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body))
    assert taken_for(Request(url), packed) == kind


def _files(document: dict[str, Any]) -> list[str]:
    return [one["file_path"] for one in document["attachments"] if one["downloaded"]]
