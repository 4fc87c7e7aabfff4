"""Exports: every row, typed and whole, of one state, in bounded memory, and nothing but what one may see."""

from __future__ import annotations

import csv
import gc
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.export import export
from ims_spiders.db.export_request import ExportRequest, Filters, Format, TableName
from ims_spiders.db.export_tables import TABLES
from ims_spiders.db.load import load
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import add_user
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import at, changed, error, folder, issue, session
from tests.db.inspect_rows import rows, value

DATABASE_TABLES = {
    "issues": "issues",
    "comments": "issue_comments",
    "history": "issue_history",
    "attachments": "attachments",
    "sessions": "crawl_sessions",
    "session_issues": "session_issues",
    "queries": "search_queries",
    "errors": "session_errors",
}
NASTY = '한국어 "따옴표", 日本語\r\n세미;콜론\t탭 🦊 =1+1 \u2028 \\N'


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Engine:
    """Two sessions of two users over overlapping issues, with errors."""
    first = [issue(number, title=f"{number} {NASTY}", product="OpenFrame Batch") for number in (1, 2, 3)]
    second = [changed(first[0], 61, 2, status="Closed"), issue(9, 62, 2, product="JEUS", description="", module=None)]
    folder(tmp_path, session(), first).append_error(error(NASTY))
    folder(tmp_path, session(2, 60, username="lee", product="JEUS", original_query=""), second)
    load(engine, tmp_path)
    return engine


def exported(engine: Engine, table: str, chosen: Format = Format.JSONL, **filters: Any) -> bytes:
    target = io.BytesIO()
    count = export(engine, ExportRequest(TableName(table), chosen, Filters(**filters)), target)
    content = target.getvalue()
    if chosen is Format.JSONL:
        assert count == content.count(b"\n")
    return content


def lines(engine: Engine, table: str, **filters: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(engine, table, **filters).splitlines()]


def test_every_table_is_covered_with_all_its_columns(archive: Engine) -> None:
    assert {name.value: table.database_table for name, table in TABLES.items()} == DATABASE_TABLES
    for name, table in DATABASE_TABLES.items():
        statement = "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0"
        columns = {row[0] for row in rows(archive, statement, table=f"ims.{table}")}
        assert columns <= {column.name for column in TABLES[TableName(name)].columns}, name


@pytest.mark.parametrize("table", DATABASE_TABLES)
def test_all_formats_hold_the_same_rows_as_the_table(archive: Engine, table: str) -> None:
    expected = rows(archive, f"SELECT to_jsonb(t) - 'details_hash' FROM ims.{DATABASE_TABLES[table]} t ORDER BY 1")
    found = lines(archive, table)
    assert sorted((_of(line, expected[0][0]) for line in found), key=str) == sorted(
        (row[0] for row in expected), key=str
    )
    packed = pq.read_table(io.BytesIO(exported(archive, table, Format.PARQUET)))
    assert packed.num_rows == len(found)
    assert packed.column_names == list(found[0])
    sheet = list(csv.reader(io.StringIO(exported(archive, table, Format.CSV).decode(), newline="")))
    assert len(sheet) == len(found) + 1
    assert sheet[0] == [name for name in found[0] if name != "full_data"]


def _of(line: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in row}


def test_json_lines_of_issues_lose_nothing(archive: Engine) -> None:
    found = {line["issue_id"]: line for line in lines(archive, "issues")}
    assert found["1"]["full_data"] == changed(
        issue(1, title=f"1 {NASTY}", product="OpenFrame Batch"), 61, 2, status="Closed"
    )
    assert found["1"]["title"] == f"1 {NASTY}"
    assert found["1"]["last_crawled_at"] == "2026-03-01T10:01:00+00:00"
    assert (found["9"]["description"], found["9"]["module"]) == ("", None)


def test_parquet_is_typed(archive: Engine) -> None:
    table = pq.read_table(io.BytesIO(exported(archive, "sessions", Format.PARQUET)))
    kinds = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert kinds | {
        "session_id": "int64",
        "user_id": "int32",
        "session_uuid": "string",
        "crawl_related": "bool",
        "started_at": "timestamp[us, tz=UTC]",
        "duration_seconds": "decimal128(14, 3)",
        "metadata": "string",
    } == kinds  # fmt: skip
    first = table.to_pylist()[0]
    assert first["started_at"] == at(0)
    assert str(first["duration_seconds"]) == "300.125"
    assert json.loads(first["metadata"]) == {"note": "시험"}


def test_children_carry_the_keys_that_people_know(archive: Engine) -> None:
    assert {line["issue_id"] for line in lines(archive, "comments")} == {"1", "2", "3", "9"}
    assert {line["username"] for line in lines(archive, "sessions")} == {"kim", "lee"}
    links = {(line["session_uuid"][-2:], line["issue_id"]) for line in lines(archive, "session_issues")}
    assert links == {("01", "1"), ("01", "2"), ("01", "3"), ("02", "1"), ("02", "9")}
    assert lines(archive, "errors")[0]["error_message"] == NASTY
    assert all(len(line["details_hash"]) == 32 for line in lines(archive, "history"))


@pytest.mark.parametrize(
    ("table", "filters", "expected"),
    [
        ("issues", {"product": "OpenFrame"}, ["1", "2", "3"]),
        ("issues", {"product": "Open_rame"}, []),
        ("issues", {"statuses": ("Closed",)}, ["1"]),
        ("issues", {"statuses": ("Closed", "Open"), "product": "JEUS"}, ["9"]),
        ("issues", {"since": date(2026, 2, 26)}, ["1", "2", "3"]),
        ("issues", {"until": date(2026, 2, 26)}, ["3", "9"]),
        ("issues", {"since": date(2026, 2, 27), "until": date(2026, 2, 27)}, ["2"]),
        ("comments", {"product": "JEUS"}, ["9", "9"]),
        ("attachments", {"statuses": ("Closed",)}, ["1", "1"]),
        ("session_issues", {"statuses": ("Closed",)}, ["1"]),
    ],
)
def test_filters(archive: Engine, table: str, filters: dict[str, Any], expected: list[str]) -> None:
    assert sorted(line["issue_id"] for line in lines(archive, table, **filters)) == expected


def test_days_are_the_archives(archive: Engine) -> None:
    """In Auckland it is 1 March at noon of 28 February UTC."""
    assert [line["issue_id"] for line in lines(archive, "issues", since=date(2026, 3, 1))] == []
    with archive.begin() as connection:
        connection.execute(text("UPDATE ims.issues SET registered_date = '2026-02-28 12:00Z' WHERE issue_id = '1'"))
        connection.execute(text("UPDATE ims.archive_settings SET time_zone = 'Pacific/Auckland'"))
    assert [line["issue_id"] for line in lines(archive, "issues", since=date(2026, 3, 1))] == ["1"]
    assert "1" not in [line["issue_id"] for line in lines(archive, "issues", until=date(2026, 2, 28))]


@pytest.mark.parametrize(("table", "filters"), [("errors", {"statuses": ("x",)}), ("queries", {"statuses": ("x",)})])
def test_a_filter_that_does_not_fit_is_refused(archive: Engine, table: str, filters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"--status does not fit the table {table}.*--product, --since"):
        lines(archive, table, **filters)
    assert value(archive, "SELECT count(*) FROM ims.audit_log WHERE action = 'export'") == 0


def test_the_trail_says_what_left(archive: Engine) -> None:
    lines(archive, "comments", product="JEUS", since=date(2020, 1, 1))
    (found,) = rows(archive, "SELECT resource_type, new_value FROM ims.audit_log WHERE action = 'export'")
    assert found == (
        "issue_comments",
        {"format": "jsonl", "rows": 2, "filters": {"product": "JEUS", "since": "2020-01-01"}},
    )


@pytest.fixture
def people(archive: Engine, tmp_path: Path) -> Engine:
    """The archive; its users, and an analyst, have database roles."""
    for name, role in (("kim", "user"), ("lee", "user"), ("ann", "readonly")):
        add_user(archive, name, Passwords(tmp_path), cast("Any", role))
    return archive


@pytest.mark.parametrize(
    ("user", "sessions", "links"), [("kim", {"kim"}, 3), ("lee", {"lee"}, 2), ("ann", {"kim", "lee"}, 5)]
)
def test_an_export_for_a_user_is_what_that_user_may_see(
    people: Engine, user: str, sessions: set[str], links: int
) -> None:
    def of_user(table: TableName) -> list[dict[str, Any]]:
        target = io.BytesIO()
        export(people, ExportRequest(table, user=user), target)
        return [json.loads(line) for line in target.getvalue().splitlines()]

    found = {table: of_user(table) for table in TableName}
    assert {line["username"] for line in found[TableName.SESSIONS]} == sessions
    assert {line["username"] for line in found[TableName.QUERIES]} == sessions
    assert len(found[TableName.SESSION_ISSUES]) == links
    assert len(found[TableName.ERRORS]) == ("kim" in sessions)
    assert len(found[TableName.ISSUES]) == 4
    assert len(found[TableName.ATTACHMENTS]) == 8
    statement = (
        "SELECT count(*) FROM ims.audit_log JOIN ims.users USING (user_id) WHERE action = 'export' AND username = :user"
    )
    assert value(people, statement, user=user) == len(TableName)


@pytest.mark.parametrize("user", ["nobody", "park"])
def test_who_cannot_be_acted_as_gets_nothing(people: Engine, user: str) -> None:
    """Nobody knows the one; the other is disabled."""
    with people.begin() as connection:
        connection.execute(text("INSERT INTO ims.users (username, is_active) VALUES ('park', false)"))
    target = io.BytesIO()
    with pytest.raises(ConfigurationError, match=user):
        export(people, ExportRequest(user=user), target)
    assert target.getvalue() == b""


class Meanwhile(io.BytesIO):
    """A target on whose first write something happens."""

    def __init__(self, event: Callable[[], None]):
        super().__init__()
        self._event: Callable[[], None] | None = event

    def write(self, data: Any) -> int:
        event, self._event = self._event, None
        if event is not None:
            event()
        return super().write(data)


def test_an_export_is_one_state(archive: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ims_spiders.db.export.WIDE_BATCH", 1)

    def rewrite() -> None:
        with archive.begin() as connection:
            connection.execute(text("UPDATE ims.issues SET status = 'Rewritten'"))
            connection.execute(text("DELETE FROM ims.issues WHERE issue_id = '9'"))

    told: list[tuple[str, int, int]] = []
    target = Meanwhile(rewrite)
    assert export(archive, ExportRequest(), target, lambda *call: told.append(call)) == 4
    found = [json.loads(line)["status"] for line in target.getvalue().splitlines()]
    assert sorted(found) == ["Closed", "Open", "Open", "Open"]
    assert told == [("issues", done, 4) for done in (1, 2, 3, 4)]
    assert {line["status"] for line in lines(archive, "issues")} == {"Rewritten"}


def test_an_export_can_write_nothing_into_the_database(archive: Engine) -> None:
    """The pooled connection that it used may write again afterwards."""
    lines(archive, "issues")
    with archive.begin() as connection:
        assert connection.scalar(text("SHOW transaction_read_only")) == "off"
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"


class Stumbling(io.BytesIO):
    """A target that refuses one write, as a disk that is full for a moment."""

    refused = False

    def write(self, data: Any) -> int:
        if self.tell() > 1_000 and not self.refused:
            self.refused = True
            raise OSError(28, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("chosen", Format)
def test_half_a_file_does_not_look_like_a_whole_one(
    archive: Engine, chosen: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrow would end the file in order, with as many rows as it has got."""
    monkeypatch.setattr("ims_spiders.db.export.WIDE_BATCH", 1)
    monkeypatch.setattr("ims_spiders.db.export_parquet.GROUP_ROWS", 1, raising=False)
    target = Stumbling()
    with pytest.raises(OSError, match="No space left"):
        export(archive, ExportRequest(format=chosen), target)
    gc.collect()
    assert len(target.getvalue()) > 1_000
    assert not target.getvalue().endswith(b"PAR1")


@pytest.mark.parametrize("chosen", Format)
def test_an_empty_table_is_a_whole_file(engine: Engine, chosen: Format) -> None:
    content = exported(engine, "issues", chosen)
    if chosen is Format.PARQUET:
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
    elif chosen is Format.CSV:
        assert content.startswith(b"issue_id,issue_pk,")
        assert content.count(b"\r\n") == 1
    else:
        assert content == b""
