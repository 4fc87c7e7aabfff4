"""upsert_issue() writes the same rows as the projection: whatever the document holds, in whatever order it comes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.projection import Projection
from tests.db.factory import at, changed, error, hashed, issue, session, session_uuid
from tests.db.inspect_rows import dump, rows, value

SESSIONS = 4
STATES = st.sampled_from(["Open", "Closed", None])
TEXTS = st.sampled_from(["", "looked at", "다시 확인", None])
TIMES = st.sampled_from(["2026-02-01T10:00:00Z", "2026-02-01T19:00:00.250+09:00", None])
PEOPLE = st.sampled_from(["kim", "민사혁", None])
COMMENTS = st.lists(
    st.fixed_dictionaries(
        {"comment_number": st.integers(1, 3), "author": PEOPLE, "content": TEXTS, "commented_at": TIMES}
    ),
    max_size=4,
)
HISTORY = st.lists(
    st.fixed_dictionaries(
        {"changed_at": TIMES, "changed_by": PEOPLE, "description": TEXTS, "new_value": STATES},
        optional={"change_type": st.sampled_from(["update", "status_change", None])},
    ),
    max_size=4,
)
ATTACHMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "file_id": st.sampled_from(["7", "8"]),
            "kind": st.sampled_from(["ISSUE", "PATCH"]),
            "filename": st.sampled_from(["a.log", "b.log"]),
            "downloaded": st.booleans(),
            "file_size": st.sampled_from([None, 3]),
        },
        optional={"text_extracted": st.sampled_from([True, None]), "text_status": st.sampled_from(["empty", None])},
    ),
    max_size=4,
)
PARTS = st.fixed_dictionaries(
    {"status": STATES, "product": STATES, "description": TEXTS},
    optional={
        "comments": st.none() | COMMENTS,
        "history": st.none() | HISTORY,
        "attachments": st.none() | ATTACHMENTS,
        "registered_date": TIMES,
    },
)
SIGHTINGS = st.lists(
    st.tuples(
        st.integers(1, SESSIONS), st.sampled_from([1, 2, 3, 5, 8, 13, 21]), st.sampled_from(["100", "200"]), PARTS
    ),
    min_size=1,
    max_size=6,
)


def document(number: int, minutes: float, issue_id: str, parts: dict[str, Any]) -> dict[str, Any]:
    """The issue as that session saw it at that time."""
    seen = changed(issue(int(issue_id)), minutes, number, **deepcopy(parts))
    seen["crawl"]["crawl_order"] = number
    return seen


def upsert(engine: Engine, entry: dict[str, Any], uuid: str | None, role: str | None = None) -> int:
    """Call the function, as that role; returns issue_pk."""
    with engine.begin() as connection:
        if role:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
        connection.execute(text("SET LOCAL timezone = 'America/Lima'"))
        call = text("SELECT ims.upsert_issue(CAST(:document AS jsonb), CAST(:uuid AS uuid))")
        return int(connection.execute(call, {"document": json.dumps(entry), "uuid": uuid}).scalar_one())


def begin(engine: Engine, projection: Projection) -> None:
    """An archive with nothing but sessions; one of them was told twice that the tracker has no issue 100."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE ims.issues, ims.crawl_sessions CASCADE"))
    for number in range(1, SESSIONS + 1):
        projection.write_session(session(number, number * 10))
    for minutes in (4, 10):
        missed = error(occurred_at=at(minutes).isoformat())
        missed["error_detail"] |= {"issue_id": "100", "exception": "IssueNotAvailable"}
        projection.write_errors(session_uuid(1), [missed], first_sequence=minutes)


@pytest.mark.parametrize("role", ["ims_crawl", pytest.param("ims_admin", marks=pytest.mark.long)])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sightings=SIGHTINGS)
def test_the_rows_are_the_projections(
    engine: Engine, projection: Projection, role: str, sightings: list[tuple[int, float, str, dict[str, Any]]]
) -> None:
    documents = [(number, document(number, minutes, issue_id, parts)) for number, minutes, issue_id, parts in sightings]
    begin(engine, projection)
    for number, entry in documents:
        assert projection.write_issues(session_uuid(number), [entry]).refused == []
    expected = dump(engine)
    begin(engine, projection)
    for number, entry in documents:
        upsert(engine, entry, session_uuid(number), role)
    assert dump(engine) == expected


def test_the_same_again_changes_nothing(engine: Engine, projection: Projection) -> None:
    begin(engine, projection)
    first = upsert(engine, issue(100), session_uuid(1))
    before = dump(engine)
    versions = rows(engine, "SELECT xmin::text FROM ims.issues UNION ALL SELECT xmin::text FROM ims.session_issues")
    assert upsert(engine, issue(100), session_uuid(1)) == first
    assert dump(engine) == before
    assert (
        rows(engine, "SELECT xmin::text FROM ims.issues UNION ALL SELECT xmin::text FROM ims.session_issues")
        == versions
    )


def test_without_a_session_nobody_is_said_to_have_seen_it(engine: Engine) -> None:
    upsert(engine, issue(100, minutes=7), None)
    upsert(engine, issue(100, minutes=3, status="Resolved"), None)
    found = rows(engine, "SELECT status, crawl_count, first_crawled_at, last_crawled_at, updated_at FROM ims.issues")
    assert found == [("Open", 0, at(3), at(7), at(7))]
    assert value(engine, "SELECT count(*) FROM ims.session_issues") == 0
    assert value(engine, "SELECT count(*) FROM ims.issue_comments") == 2


def test_a_document_without_a_crawl_block_is_seen_now(engine: Engine, projection: Projection) -> None:
    begin(engine, projection)
    entry = {name: part for name, part in issue(100).items() if name != "crawl"}
    for _ in range(2):
        upsert(engine, entry, session_uuid(1))
    assert rows(
        engine, "SELECT crawl_count, content_hash ~ '^[0-9a-f]{64}$', now() - last_crawled_at < '1 min' FROM ims.issues"
    ) == [(1, True, True)]


def test_a_session_that_is_not_there_and_a_title_that_is_not_are_refused(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match=f"there is no session {session_uuid(9)}"):
        upsert(engine, issue(100), session_uuid(9))
    with pytest.raises(DBAPIError, match="issues_title_check"):
        upsert(engine, hashed(issue(100) | {"title": " "}), None)
    assert value(engine, "SELECT count(*) FROM ims.issues") == 0
