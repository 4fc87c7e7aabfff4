"""Whatever text there is comes back from each format as it was."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ims_spiders.db.export import export
from ims_spiders.db.export_formats import csv_cell
from ims_spiders.db.export_request import ExportRequest, Format, TableName

FRAGMENTS = [
    "=1+1", "+82-2-1234", "-1", "@SUM(A1)", "\t=x", "\r", "\n", "\r\n", "＝1", "＋", "－", "＠", "'", "''=", '"', '""',
    ",", ";", "\\", "\\N", "NULL", "{}", "한국어", "日本語", "🦊", "👩\u200d👧", "\u2028", "\ufeff", "\x1a", "e\u0301",
]  # fmt: skip
TEXT = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    max_size=6,
).map("".join)
ROWS = st.lists(st.tuples(st.none() | TEXT, TEXT), min_size=1, max_size=8)


def unguarded(cell: str) -> str:
    """What the README says about taking the apostrophe away."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r\n＝＋－＠]", cell) else cell


@given(TEXT)
def test_a_cell_is_no_formula_and_can_be_read_back(value: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_cell(value) + "\r\n", newline=""))
    assert not cell or cell[0] not in "=+-@\t\r\n＝＋－＠"
    assert unguarded(cell) == value


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'="])
def test_what_begins_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert csv_cell(f"{start}cmd|' /C calc'!A0") == f"\"'{start}cmd|' /C calc'!A0\""


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), ("", '""'), ("'plain", '"\'plain"'), (-1, "-1"), (True, "true"), ('a "b"\r', '"a ""b""\r"')],
)
def test_cells(value: Any, cell: str) -> None:
    assert csv_cell(value) == cell


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_every_format_gives_back_what_was_stored(engine: Engine, stored: list[tuple[str | None, str]]) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM ims.issues"))
        pk = connection.scalar(text("INSERT INTO ims.issues (issue_id, title) VALUES ('1', 'x') RETURNING issue_pk"))
        for number, (author, content) in enumerate(stored):
            connection.execute(
                text(
                    "INSERT INTO ims.issue_comments (issue_pk, comment_number, author, content) VALUES (:i, :n, :a, :c)"
                ),
                {"i": pk, "n": number, "a": author, "c": content},
            )
    found = {chosen: _exported(engine, chosen) for chosen in Format}
    as_lines = [json.loads(line) for line in found[Format.JSONL].decode().split("\n")[:-1]]
    assert [(row["author"], row["content"]) for row in as_lines] == stored
    packed = pq.read_table(io.BytesIO(found[Format.PARQUET])).to_pylist()
    assert [(row["author"], row["content"]) for row in packed] == stored
    sheet = list(csv.DictReader(io.StringIO(found[Format.CSV].decode(), newline="")))
    assert [(unguarded(row["author"]), unguarded(row["content"])) for row in sheet] == [(a or "", c) for a, c in stored]
    assert _copied_back(engine, found[Format.CSV]) == stored


def _exported(engine: Engine, chosen: Format) -> bytes:
    target = io.BytesIO()
    export(engine, ExportRequest(TableName.COMMENTS, chosen), target)
    return target.getvalue()


def _copied_back(engine: Engine, content: bytes) -> list[tuple[str | None, str]]:
    """PostgreSQL's own reader, which tells NULL from an empty text."""
    names = content.split(b"\r\n")[0].decode()
    copied = []
    with engine.begin() as connection:
        connection.execute(text("SET TIME ZONE 'UTC'"))
        columns = ", ".join(f"{name} text" for name in names.split(","))
        connection.execute(text(f"CREATE TEMP TABLE copied ({columns}) ON COMMIT DROP"))
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.copy_expert("COPY copied FROM STDIN (FORMAT csv, HEADER)", io.BytesIO(content))
        for author, body in connection.execute(text("SELECT author, content FROM copied ORDER BY comment_number::int")):
            copied.append((None if author is None else unguarded(author), unguarded(body)))
    return copied
