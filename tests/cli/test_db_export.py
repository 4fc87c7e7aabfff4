"""`ims db export`: where the data goes, what is refused, and that nothing half-made is left."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import loaded_archive, on_terminal


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ims]:
    made = loaded_archive(tmp_path_factory.mktemp("export"))
    yield made
    EmbeddedServer(made.folder / "data").stop()


def test_json_lines_to_stdout(archive: Ims) -> None:
    done = archive.run("db", "export", "--format", "jsonl")
    assert done.returncode == 0
    assert [json.loads(line)["issue_id"] for line in done.stdout.splitlines()] == ["1", "2", "3", "4", "5", "6"]
    assert done.stderr == "issues: 6\n"


def test_filters_and_tables(archive: Ims) -> None:
    done = archive.run(
        "db", "export", "--format", "csv", "--table", "sessions", "-p", "OpenFrame", "--status", "completed",
        "--status", "failed", "--since", "2020-01-01", "--until", "2100-01-01",
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["username"] for row in rows] == ["kim", "kim"]
    assert archive.run("db", "export", "--format", "jsonl", "--until", "2020-01-01").stdout == ""


def test_parquet_into_a_file_with_a_summary(archive: Ims) -> None:
    path = archive.folder / "comments.parquet"
    done = archive.run("db", "export", "--format", "parquet", "--table", "comments", "-o", str(path), "--json")
    assert pq.read_table(path).num_rows == 12
    assert json.loads(done.stdout) == {
        "table": "comments", "format": "parquet", "rows": 12, "user": None, "filters": {}, "file": str(path),
        "bytes": path.stat().st_size,
    }  # fmt: skip
    done = archive.run("db", "export", "--format", "csv", "-o", "issues.csv")
    assert (done.stdout, done.stderr.splitlines()[-1]) == ("", "6 rows of issues are in issues.csv.")


def test_a_byte_order_mark_is_for_csv_and_on_demand(archive: Ims) -> None:
    path = archive.folder / "for_excel.csv"
    archive.run("db", "export", "--format", "csv", "--bom", "-o", str(path))
    assert path.read_bytes().startswith(b"\xef\xbb\xbfissue_id,")
    archive.run("db", "export", "--format", "csv", "-o", str(path))
    assert path.read_bytes().startswith(b"issue_id,")
    refused = archive.run("db", "export", "--format", "jsonl", "--bom")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--bom is for csv" in refused.stderr


def test_parquet_goes_through_a_pipe_and_not_to_a_terminal(archive: Ims) -> None:
    with archive.start("db", "export", "--format", "parquet") as process:
        assert process.stdout is not None
        packed = process.stdout.buffer.read()  # type: ignore[attr-defined]
        process.communicate(timeout=60)
    assert pq.read_table(io.BytesIO(packed)).num_rows == 6
    code, seen = on_terminal(archive, "db", "export", "--format", "parquet")
    assert (code, "parquet is nothing for a terminal" in seen) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--format", "xlsx"), "xlsx"),
        (("--format", "csv", "--json"), "give -o FILE"),
        (("--format", "csv", "--since", "yesterday"), "--since: 'yesterday' is no day"),
        (("--format", "csv", "--until", "20260301"), "--until: '20260301' is no day"),
        (("--format", "csv", "--table", "errors", "--status", "x"), "does not fit the table errors"),
        (("--format", "csv", "--user", "nobody"), "nobody"),
        (("--format", "csv", "-o", "nowhere/out.csv"), "its folder is not there"),
    ],
)
def test_what_is_refused(archive: Ims, arguments: tuple[str, ...], reason: str) -> None:
    done = archive.run("db", "export", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_only_what_a_user_may_see(archive: Ims) -> None:
    archive.run("db", "user", "add", "lee")
    done = archive.run("db", "export", "--format", "jsonl", "--table", "sessions", "--user", "lee")
    assert [json.loads(line)["username"] for line in done.stdout.splitlines()] == ["lee"]
    statement = "SELECT resource_type, database_role FROM audit_log WHERE action = 'export' ORDER BY log_id"
    trail = archive.run("db", "psql", "-At", "-c", statement)
    assert trail.stdout.splitlines()[-1] == "crawl_sessions|ims_lee"


def test_a_reader_that_goes_away_is_no_crash(archive: Ims) -> None:
    with archive.start("db", "export", "--format", "jsonl") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        process.wait(60)


@pytest.fixture
def long_table(archive: Ims) -> str:
    """A table whose export takes seconds."""
    done = archive.run(
        "db", "psql", "-v", "ON_ERROR_STOP=1", "-c",
        "ALTER TABLE issue_comments DISABLE TRIGGER USER; "
        "INSERT INTO issue_comments (issue_pk, comment_number, content) "
        "SELECT 1, n, repeat('x', 100) FROM generate_series(1000, 300000) AS n ON CONFLICT DO NOTHING",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return "comments"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_export_leaves_nothing(archive: Ims, long_table: str, end: signal.Signals) -> None:
    folder = archive.folder / f"out-{end.name}"
    folder.mkdir()
    with archive.start(
        "db", "export", "--format", "csv", "--table", long_table, "-o", str(folder / "out.csv")
    ) as process:
        _wait_for_file(folder, process)
        process.send_signal(end)
        process.communicate(timeout=60)
    assert process.returncode == 128 + end
    assert list(folder.iterdir()) == []


def _wait_for_file(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not list(folder.iterdir()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
