"""What the projection does with texts and documents that are not as they should be, or very large."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from tests.db.factory import error, hashed, issue, session_uuid
from tests.db.inspect_rows import rows, value
from tests.db.test_projection import write


def test_only_the_bad_one_of_a_batch_is_set_aside(engine: Engine, projection: Projection) -> None:
    documents = [issue(number) for number in range(100, 110)]
    documents[3]["title"] = "  "
    documents[4]["registered_date"] = "the day before"
    documents[5]["comments"] = "none"
    documents[6]["crawl"] = None
    documents[7]["fields"]["ratio"] = float("nan")
    documents[8]["status"] = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))
    result = write(projection, documents)
    assert result.new == 4
    reasons = {entry.issue_id: entry.reason for entry in result.refused}
    assert sorted(reasons) == ["103", "104", "105", "106", "107", "108"]
    assert "issues_title_check" in reasons["103"]
    assert "the day before" in reasons["104"]
    assert "crawl" in reasons["106"] or "NoneType" in reasons["106"]
    assert value(engine, "SELECT count(*) FROM ims.issues") == 4
    assert value(engine, "SELECT count(*) FROM ims.issue_comments") == 8


def test_what_postgresql_cannot_hold_is_replaced(engine: Engine, projection: Projection) -> None:
    bad = "nul \x00, half \ud800, whole \ud83d\ude00, backslash \\u0000"
    good = "nul \ufffd, half \ufffd, whole 😀, backslash \\u0000"
    document = issue(100, title=bad)
    document["fields"] = {bad: bad}
    document["comments"][0]["content"] = bad
    document["crawl"]["error_message"] = bad
    assert write(projection, [hashed(document)]).new == 1
    assert value(engine, "SELECT title FROM ims.issues") == good
    assert value(engine, "SELECT full_data->'fields' FROM ims.issues") == {good: good}
    assert good in [row[0] for row in rows(engine, "SELECT content FROM ims.issue_comments")]
    assert value(engine, "SELECT error_message FROM ims.session_issues") == good
    assert projection.write_errors(session_uuid(), [error(bad, error_detail={"url": bad})]) == []
    assert rows(engine, "SELECT error_message, error_detail->>'url' FROM ims.session_errors") == [(good, good)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_is_stored(engine: Engine, projection: Projection, content: str) -> None:
    document = issue(100, description=content, error_code=content)
    assert write(projection, [hashed(document)], 1).refused == []
    with engine.begin() as connection:
        stored = connection.execute(text("SELECT description, error_code FROM ims.issues")).one()
        connection.execute(text("TRUNCATE ims.issues CASCADE"))
    expected = content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")
    assert tuple(stored) == (expected, expected)


def test_large_texts_go_in_parts(engine: Engine, projection: Projection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ims_spiders.db.projection_issues.STATEMENT_BYTES", 50_000)
    documents = [issue(number) for number in range(100, 120)]
    for document in documents:
        document["attachments"][0] |= {"extracted_text": "word " * 5_000, "text_extracted": True}
    assert write(projection, [hashed(document) for document in documents]).new == 20
    assert value(engine, "SELECT sum(length(extracted_text)) FROM ims.attachments") == 20 * 25_000


def test_documents_survive_the_way_through_json(projection: Projection, engine: Engine) -> None:
    document = json.loads(json.dumps(issue(100)))
    write(projection, [document])
    assert value(engine, "SELECT content_hash FROM ims.issues") == document["crawl"]["content_hash"]
