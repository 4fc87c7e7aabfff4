"""The projection: what is written, when, and what it does with what comes twice, late or broken."""

from __future__ import annotations

import itertools
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from ims_spiders.db.transactions import WriteResult
from tests.db.factory import at, changed, error, hashed, issue, session, session_uuid
from tests.db.inspect_rows import dump, rows, value


def write(projection: Projection, documents: list[dict[str, Any]], number: int = 1, minutes: float = 0) -> WriteResult:
    projection.write_session(session(number, minutes))
    return projection.write_issues(session_uuid(number), documents)


def test_an_issue_is_written_whole(engine: Engine, projection: Projection) -> None:
    document = issue(100)
    assert write(projection, [document]) == WriteResult(new=1)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM ims.issues")).mappings().one()
    for name in ("issue_id", "title", "description", "product", "status", "priority", "url", "owner"):
        assert row[name] == document[name]
    assert row["full_data"] == document
    assert row["registered_date"].isoformat() == document["registered_date"].replace("Z", "+00:00")
    assert row["crawl_count"] == 1
    assert row["first_crawled_at"] == row["last_crawled_at"] == row["created_at"] == row["updated_at"] == at(1)
    assert rows(engine, "SELECT comment_number, author, content FROM ims.issue_comments ORDER BY 1") == [
        (1001, "민사혁", "comment 1"),
        (1002, "민사혁", "comment 2"),
    ]
    history = rows(engine, "SELECT change_type, description, ordinal FROM ims.issue_history ORDER BY history_id")
    assert history == [
        ("status_change", "Status : New → Open", 1),
        ("update", "looked at", 1),
        ("update", "looked at", 2),
        ("update", "no time, no user", 1),
    ]
    files = rows(
        engine, "SELECT file_id, kind, filename, downloaded, file_size, sha256 FROM ims.attachments ORDER BY 1"
    )
    assert files == [
        ("101", "ISSUE", "file1.log", True, 1, "ab" * 32),
        ("102", "ISSUE", "file2.log", False, 2, "ab" * 32),
    ]
    link = rows(engine, "SELECT crawl_order, crawl_duration_ms, had_errors, found_by, depth FROM ims.session_issues")
    assert link == [(100, 12, False, "search", 0)]


def test_a_session_is_written_with_its_user_and_query(engine: Engine, projection: Projection) -> None:
    projection.write_session(session(status="running", completed_at=None, exit_code=None))
    assert rows(engine, "SELECT status, completed_at FROM ims.crawl_sessions") == [("running", None)]
    projection.write_session(session())
    found = rows(
        engine,
        """SELECT u.username, s.status, s.duration_seconds::text, s.search_time_ms::text, s.metadata, q.parsing_method,
                  q.parsing_confidence::text, q.results_count, s.original_query = q.original_query
           FROM ims.crawl_sessions s JOIN ims.users u USING (user_id) JOIN ims.search_queries q USING (session_id)""",
    )
    assert found == [("kim", "completed", "300.125", "812.500", {"note": "시험"}, "rules", "0.8500", 12, True)]


@pytest.mark.parametrize("missing", ["username", "session_uuid", "started_at"])
def test_a_session_without_what_it_needs_is_refused_by_name(projection: Projection, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        projection.write_session(session() | {missing: None})


def test_the_same_again_changes_nothing(engine: Engine, projection: Projection) -> None:
    documents = [issue(number) for number in range(100, 130)]
    assert write(projection, documents).new == 30
    projection.write_errors(session_uuid(), [error(), error("again")])
    before = dump(engine)
    assert write(projection, documents) == WriteResult(unchanged=30)
    projection.write_errors(session_uuid(), [error(), error("again")])
    assert dump(engine) == before


def test_an_unchanged_issue_is_only_counted(engine: Engine, projection: Projection) -> None:
    document = issue(100)
    write(projection, [document])
    versions = "SELECT xmin::text FROM ims.{} ORDER BY 1"
    before = [rows(engine, versions.format(name)) for name in ("issue_comments", "issue_history", "attachments")]
    again = changed(document, 90, 2)
    assert write(projection, [again], 2, 90) == WriteResult(unchanged=1)
    found = rows(engine, "SELECT crawl_count, first_crawled_at, last_crawled_at, updated_at FROM ims.issues")
    assert found == [(2, at(1), at(90), at(1))]
    after = [rows(engine, versions.format(name)) for name in ("issue_comments", "issue_history", "attachments")]
    assert after == before
    assert value(engine, "SELECT count(*) FROM ims.session_issues") == 2


def test_a_changed_issue_takes_the_new_and_loses_what_is_gone(engine: Engine, projection: Projection) -> None:
    document = issue(100)
    write(projection, [document])
    newer = changed(
        document, 90, 2,
        title="solved", status="Closed",
        comments=[document["comments"][1] | {"content": "edited"}, document["comments"][0] | {"comment_number": 1009}],
        history=document["history"][1:],
        attachments=document["attachments"][:1],
    )  # fmt: skip
    assert write(projection, [newer], 2, 90) == WriteResult(changed=1)
    assert rows(engine, "SELECT title, status, crawl_count, updated_at, created_at FROM ims.issues") == [
        ("solved", "Closed", 2, at(90), at(1))
    ]
    comments = rows(engine, "SELECT comment_number, content, created_at FROM ims.issue_comments ORDER BY 1")
    assert comments == [(1002, "edited", at(1)), (1009, "comment 1", at(90))]
    assert value(engine, "SELECT count(*) FROM ims.issue_history") == 3
    assert rows(engine, "SELECT file_id FROM ims.attachments") == [("101",)]
    assert value(engine, "SELECT full_data FROM ims.issues") == newer


def test_an_older_copy_never_overwrites_a_newer_one(engine: Engine, projection: Projection) -> None:
    newer = issue(100, minutes=90, session_number=2, status="Closed")
    older = issue(100, minutes=1, session_number=1, status="Open")
    write(projection, [newer], 2, 90)
    assert write(projection, [older], 1, 0) == WriteResult(unchanged=1)
    found = rows(
        engine, "SELECT status, crawl_count, first_crawled_at, last_crawled_at, updated_at, full_data FROM ims.issues"
    )
    assert found == [("Closed", 2, at(1), at(90), at(90), newer)]
    assert {row[0] for row in rows(engine, "SELECT created_at FROM ims.issue_comments")} == {at(1)}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_arrival_does_not_matter(
    engine: Engine, server: Any, order: tuple[int, ...], projection: Projection
) -> None:
    """Content A, then B, then A again, seen by four sessions: whatever comes first, the rows are the same.

    One file could not be had by the first session, all the others have it.
    """
    first = issue(100, minutes=1)
    failed = deepcopy(first)
    failed["attachments"][0] |= {"downloaded": False, "download_error": "gone"}
    seen = [
        hashed(failed),
        changed(first, 11, 2, status="Closed", comments=first["comments"][:1]),
        changed(first, 21, 3),
        changed(first, 31, 4),
    ]
    for index in order:
        write(projection, [seen[index]], index + 1, index * 10)
    found = rows(
        engine,
        """SELECT status, crawl_count, first_crawled_at, last_crawled_at, updated_at, created_at,
                  (SELECT count(*) FROM ims.issue_comments) FROM ims.issues""",
    )
    assert found == [("Open", 4, at(1), at(31), at(21), at(1), 2)]
    files = rows(
        engine,
        """SELECT a.file_id, s.session_uuid::text, a.created_at
           FROM ims.attachments a JOIN ims.crawl_sessions s USING (session_id) ORDER BY 1""",
    )
    assert files == [("101", session_uuid(2), at(1)), ("102", session_uuid(1), at(1))]


def test_a_session_counts_once_however_often_it_sees_an_issue(engine: Engine, projection: Projection) -> None:
    document = issue(100)
    write(projection, [document])
    retried = hashed(document | {"attachments": [entry | {"downloaded": True} for entry in document["attachments"]]})
    assert write(projection, [retried]).changed == 1
    assert rows(engine, "SELECT crawl_count FROM ims.issues") == [(1,)]
    assert rows(engine, "SELECT downloaded FROM ims.attachments") == [(True,), (True,)]
    assert rows(engine, "SELECT s.content_hash = i.content_hash FROM ims.session_issues s, ims.issues i") == [(True,)]


def test_what_comes_twice_in_one_issue_is_stored_once(engine: Engine, projection: Projection) -> None:
    document = issue(100)
    document["comments"].append(document["comments"][0])
    document["attachments"].append(document["attachments"][1] | {"source": "comment:1001", "downloaded": True})
    assert write(projection, [hashed(document), document]) == WriteResult(new=1)
    assert value(engine, "SELECT count(*) FROM ims.issue_comments") == 2
    assert rows(engine, "SELECT file_id, downloaded FROM ims.attachments ORDER BY 1") == [("101", True), ("102", True)]


def test_errors_keep_their_place_and_what_the_table_does_not_know(engine: Engine, projection: Projection) -> None:
    projection.write_session(session())
    entries = [error("one"), error("two", error_type="odd", severity="fatal"), error("three", occurred_at="noon")]
    refused = projection.write_errors(session_uuid(), entries, first_sequence=5)
    assert [entry.issue_id for entry in refused] == ["errors.jsonl:7"]
    found = rows(engine, "SELECT sequence, error_type, severity, error_detail FROM ims.session_errors ORDER BY 1")
    detail = error()["error_detail"]
    assert found == [
        (5, "network_error", "error", detail),
        (6, "crawl_error", "error", detail | {"error_type": "odd", "severity": "fatal"}),
    ]


def test_an_unknown_session_is_said(projection: Projection) -> None:
    with pytest.raises(LookupError, match=session_uuid(7)):
        projection.write_issues(session_uuid(7), [issue(100)])


def test_a_schema_of_another_name(engine: Engine) -> None:
    from ims_spiders.db.schema import initialise

    initialise(engine, "Other_1")
    projection = Projection(engine, "Other_1")
    assert write(projection, [issue(100)]).new == 1
    assert value(engine, 'SELECT count(*) FROM "Other_1".issues') == 1
    assert value(engine, "SELECT count(*) FROM ims.issues") == 0
