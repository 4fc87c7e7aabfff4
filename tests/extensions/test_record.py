"""The session's record keeps how its query was read: whole for a resumed session, in columns for the database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.files import SessionFolder, to_json
from ims_spiders.db.load import load
from ims_spiders.db.projection import Projection
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.extensions.record import new_record, read_record, resumed_record, stored_reading
from ims_spiders.query import Reading
from ims_spiders.spiders.arguments import SpiderArguments

START = datetime(2026, 3, 1, tzinfo=UTC)
UUID = "0a1b2c3d-0000-4000-8000-000000000001"
READING = Reading(
    "지난달 이후 Tibero에서 에러 원인 알려줘",
    "에러",
    "ko",
    "rules",
    0.95,
    "Tibero",
    ("New", "Open"),
    date(2026, 2, 1),
    None,
    "Read by rules",
    intent_filtered=True,
)


def begun(query: str, **arguments: Any) -> dict[str, Any]:
    folder = SessionFolder(Path("sessions") / "x")
    return new_record(UUID, "kim", SpiderArguments(query=query, **arguments), START, folder, 8)


def on_disk(record: dict[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(to_json(record))
    return stored


def rows(engine: Engine) -> dict[str, Any]:
    columns = "s.product, s.original_query, s.parsed_query, s.query_language, s.metadata -> 'query' AS whole"
    asked = "q.product AS asked_product, q.original_query AS asked, q.parsed_query AS parsed, q.parsing_method"
    figures = (
        "q.parsing_confidence::float AS confidence, q.intent_filtered, q.synonym_expanded, q.query_language AS lang"
    )
    with engine.connect() as connection:
        tables = "ims.crawl_sessions AS s JOIN ims.search_queries AS q USING (session_id)"
        query = f"SELECT {columns}, {asked}, {figures} FROM {tables}"
        return dict(connection.execute(text(query)).mappings().one())


@pytest.mark.parametrize(
    "reading",
    [
        READING,
        Reading("+a 'b c'", "+a 'b c'", "en", "direct", 1.0, explanation="IMS syntax"),
        Reading("last week", "", "en", "llm", 0.75, until=date(2026, 1, 1)),
        Reading("odd \udcff\x00 'text", "odd", "en", "rules", 0.9),
    ],
    ids=lambda reading: reading.method,
)
def test_a_resumed_session_has_the_same_reading(reading: Reading) -> None:
    record = on_disk(read_record(begun(reading.original_query), reading, "Tibero"))
    found = stored_reading(resumed_record(record))
    assert found == reading
    assert found is not None
    assert found.intent_filtered == reading.intent_filtered


def test_before_its_query_was_read_a_session_says_nothing_of_it() -> None:
    record = begun("find crashes")
    assert (record["parsed_query"], record["parsing_method"], record["parsing_confidence"]) == (None, None, None)
    assert stored_reading(on_disk(record)) is None


def test_no_query_is_everything() -> None:
    record = begun("")
    assert (record["parsed_query"], record["parsing_method"], record["parsing_confidence"]) == ("", "direct", 1.0)
    assert stored_reading(on_disk(record)) is None


def test_a_session_of_an_older_program_goes_on_with_the_query_as_it_stood() -> None:
    older = begun("crashes last week") | {"parsed_query": "crashes last week", "parsing_method": "direct"}
    found = stored_reading(on_disk(older))
    assert found is not None
    assert (found.ims_query, found.since, found.product) == ("crashes last week", None, None)


def test_a_broken_reading_is_refused_and_names_the_file() -> None:
    record = read_record(begun("x"), READING, "")
    record["metadata"]["query"]["since"] = "soon"
    with pytest.raises(ConfigurationError, match=r"sessions/x/session\.json"):
        stored_reading(record)


def test_the_database_has_the_reading_and_a_load_makes_the_same_rows(engine: Engine, tmp_path: Path) -> None:
    record = read_record(begun(READING.original_query), READING, "Tibero")
    Projection(engine).write_session(record)
    found = rows(engine)
    assert found["whole"]["since"] == "2026-02-01"
    assert found["whole"]["status"] == ["New", "Open"]
    assert {name: value for name, value in found.items() if name != "whole"} == {
        "product": "Tibero",
        "original_query": READING.original_query,
        "parsed_query": "에러",
        "query_language": "ko",
        "asked_product": "Tibero",
        "asked": READING.original_query,
        "parsed": "에러",
        "parsing_method": "rules",
        "confidence": 0.95,
        "intent_filtered": True,
        "synonym_expanded": False,
        "lang": "ko",
    }
    folder = SessionFolder.create(tmp_path, UUID, "", START)
    folder.write_session(record)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA ims CASCADE"))
    load(engine, tmp_path)
    assert rows(engine) == found


def test_what_a_database_cannot_hold_is_replaced(engine: Engine) -> None:
    odd = Reading("odd \udcff\x00 text", "odd", "en", "rules", 0.9, explanation="“\udcff\x00”")
    record = on_disk(read_record(begun(odd.original_query), odd, ""))
    Projection(engine).write_session(record)
    found = rows(engine)
    assert found["original_query"] == found["asked"] == "odd \ufffd\ufffd text"
    assert found["whole"]["explanation"] == "“\ufffd\ufffd”"
    assert (found["product"], found["parsed"]) == (None, "odd")


def test_a_session_whose_query_was_not_read_yet_is_stored(engine: Engine) -> None:
    Projection(engine).write_session(begun("find crashes"))
    found = rows(engine)
    assert found["asked"] == "find crashes"
    assert (found["parsed"], found["parsing_method"], found["confidence"]) == (None, None, None)
    Projection(engine).write_session(read_record(begun("find crashes"), READING, ""))
    assert rows(engine)["parsing_method"] == "rules"
