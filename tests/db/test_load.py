"""Loading session folders: the same rows as the crawl wrote, however often, in parallel, with broken files about."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.accounts import set_password
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.files import SessionFolder
from ims_spiders.db.load import LoadResult, load, load_session
from ims_spiders.db.projection import Projection
from ims_spiders.db.schema import initialise
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import at, changed, error, folder, hashed, issue, session, session_uuid
from tests.db.inspect_rows import dump, rows, value

NUMBERS = range(100, 140)


def archive(data_dir: Path) -> list[tuple[SessionFolder, list[dict[str, Any]]]]:
    """Three sessions over the same issues: the second overlaps the first in time, the third finds changes."""
    first = [issue(number, minutes=10 + number / 100) for number in NUMBERS]
    second = [changed(document, 10.5 + index / 50, 2) for index, document in enumerate(first[:20])]
    third = [changed(document, 61, 3, status="Closed", comments=document["comments"][:1]) for document in first[10:30]]
    plan = [(session(1, 0), first), (session(2, 10), second), (session(3, 60), [*third, issue(500, 62, 3)])]
    made = []
    for content, documents in plan:
        where = folder(data_dir, content, documents)
        where.append_error(error(f"of {content['session_uuid']}"))
        made.append((where, documents))
    return made


def crawl_writes(projection: Projection, made: list[tuple[SessionFolder, list[dict[str, Any]]]]) -> None:
    """What the crawls wrote as they went: issue by issue, in the order of time across sessions."""
    for where, _ in made:
        content = where.read_session()
        projection.write_session(content | {"status": "running", "completed_at": None})
        projection.write_errors(content["session_uuid"], where.read_errors())
    documents = [document for _, session_documents in made for document in session_documents]
    for document in sorted(documents, key=lambda entry: str(entry["crawl"]["crawled_at"])):
        projection.write_issues(document["crawl"]["session_uuid"], [document])
    for where, _ in made:
        projection.write_session(where)


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA ims CASCADE"))


def test_a_load_gives_the_rows_that_the_crawl_wrote(engine: Engine, projection: Projection, tmp_path: Path) -> None:
    made = archive(tmp_path)
    crawl_writes(projection, made)
    before = dump(engine)
    assert len(before["issues"]) == 41
    assert len(before["session_errors"]) == 3
    empty(engine)
    result = load(engine, tmp_path)
    assert (result.sessions, result.issues.new, result.issues.changed, result.errors) == (3, 41, 20, 3)
    assert result.issues.unchanged == 20
    assert result.broken == {}
    assert dump(engine) == before


def test_again_and_in_any_order_it_is_the_same(engine: Engine, tmp_path: Path) -> None:
    archive(tmp_path)
    load(engine, tmp_path)
    before = dump(engine)
    result = load(engine, tmp_path)
    assert (result.issues.new, result.issues.changed, result.issues.unchanged) == (0, 0, 81)
    assert dump(engine) == before
    empty(engine)
    load(engine, tmp_path, ["last"])
    assert value(engine, "SELECT count(*) FROM ims.crawl_sessions") == 1
    load(engine, tmp_path, [session_uuid(2)])
    load(engine, tmp_path)
    after = dump(engine)
    assert {name: after[name] for name in ("issues", "session_issues", "issue_comments", "issue_history")} == {
        name: before[name] for name in ("issues", "session_issues", "issue_comments", "issue_history")
    }


def test_two_loads_and_a_crawl_at_once_stay_exact(
    server: EmbeddedServer, engine: Engine, projection: Projection, tmp_path: Path
) -> None:
    made = archive(tmp_path)
    load(engine, tmp_path)
    expected = dump(engine)
    empty(engine)
    initialise(engine)
    failures: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            work()
        except BaseException as problem:
            failures.append(problem)
            raise

    works = [lambda: load(engine, tmp_path), lambda: load(engine, tmp_path), lambda: crawl_writes(projection, made)]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    found = dump(engine)
    assert {name: len(entries) for name, entries in found.items()} == {
        name: len(entries) for name, entries in expected.items()
    }
    for name in ("crawl_sessions", "search_queries", "session_errors", "session_issues", "issues"):
        assert found[name] == expected[name], name


def test_broken_files_are_named_and_the_rest_loads(engine: Engine, tmp_path: Path) -> None:
    documents = [issue(number) for number in NUMBERS]
    documents[2]["title"] = " "
    where = folder(tmp_path, session(), [hashed(document) for document in documents])
    where.issue_path("100").write_text("{")
    where.issue_path("101").write_text('{"issue_id": "7"}')
    where.issue_path("104").write_bytes(b"\xff\xfe")
    lost = folder(tmp_path, session(2, 20), [])
    (lost.path / "session.json").write_text("[]")
    nameless = folder(tmp_path, session(3, 30, username=" "), [])
    odd = folder(tmp_path, session(4, 40, status="odd"), [])
    result = load(engine, tmp_path)
    assert result.issues.new == len(NUMBERS) - 4
    assert set(result.broken) == {
        *(where.issue_path(number) for number in ("100", "101", "102", "104")),
        *(entry.path / "session.json" for entry in (lost, nameless, odd)),
    }
    assert "not JSON" in result.broken[where.issue_path("100")]
    assert "issues_title_check" in result.broken[where.issue_path("102")]
    assert "username" in result.broken[nameless.path / "session.json"]
    assert "crawl_sessions_status_check" in result.broken[odd.path / "session.json"]


def test_what_is_written_again_meanwhile_is_loaded_again(engine: Engine, tmp_path: Path) -> None:
    """The crawl replaces a file after it was read here and writes its own row before ours."""
    documents = [issue(number) for number in range(100, 110)]
    where = folder(tmp_path, session(), documents)
    newer = hashed(documents[4] | {"status": "Closed"})

    class Overtaken(Projection):
        def write_issues(self, session_uuid: str, batch: Any) -> Any:
            if where.read_issue("104")["status"] == "Open":
                where.write_issue("104", newer)
                Projection(engine).write_issues(session_uuid, [newer])
            return super().write_issues(session_uuid, batch)

    load_session(Overtaken(engine), where, LoadResult())
    assert rows(engine, "SELECT status, crawl_count FROM ims.issues WHERE issue_id = '104'") == [("Closed", 1)]


def test_a_running_session_may_be_loaded(engine: Engine, tmp_path: Path) -> None:
    where = folder(tmp_path, session(status="running", completed_at=None), [issue(100)])
    where.lock()
    try:
        assert load(engine, tmp_path).issues.new == 1
    finally:
        where.unlock()
    assert rows(engine, "SELECT status FROM ims.crawl_sessions") == [("running",)]


def test_progress_is_told_and_order_is_the_crawls(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ims_spiders.db.load.BATCH", 3)
    documents = [issue(number) for number in range(100, 108)]
    for place, document in enumerate(reversed(documents)):
        document["crawl"]["crawl_order"] = place
    where = folder(tmp_path, session(), documents)
    told: list[tuple[str, int, int]] = []
    load(engine, tmp_path, progress=lambda *call: told.append(call))
    assert told == [(where.path.name, done, 8) for done in (3, 6, 8)]
    first = rows(engine, "SELECT issue_id FROM ims.issues ORDER BY issue_pk LIMIT 3")
    assert sorted(first) == [("105",), ("106",), ("107",)]


def test_a_session_that_is_not_there_is_named(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nosuchsession"):
        load(engine, tmp_path, ["nosuchsession"])


def test_times_of_reloaded_rows_are_the_crawls(engine: Engine, tmp_path: Path) -> None:
    folder(tmp_path, session(), [issue(100)])
    load(engine, tmp_path)
    for table, column, expected in (
        ("users", "created_at", at(0)),
        ("crawl_sessions", "created_at", at(0)),
        ("crawl_sessions", "updated_at", at(5)),
        ("search_queries", "queried_at", at(0)),
        ("issues", "created_at", at(1)),
        ("session_issues", "created_at", at(1)),
        ("issue_history", "created_at", at(1)),
    ):
        assert {row[0] for row in rows(engine, f"SELECT {column} FROM ims.{table}")} == {expected}, table


def test_a_login_that_is_a_crawl_and_nothing_else_can_load(
    server: EmbeddedServer, engine: Engine, tmp_path: Path
) -> None:
    folder(tmp_path, session(), [issue(number) for number in range(100, 110)])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER ROLE ims_crawl LOGIN")
        set_password(connection, "ims_crawl", "only for this test")
    url = parse_url(server.dsn("ims_crawl", str(engine.url.database)))
    login = open_engine(url, None, {"password": "only for this test"})
    try:
        assert load(login, tmp_path).issues.new == 10
        assert load(login, tmp_path).issues.unchanged == 10
        for table in ("audit_log", "analytics_daily"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                rows(login, f"SELECT * FROM ims.{table}")
    finally:
        login.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER ROLE ims_crawl NOLOGIN PASSWORD NULL")
    assert value(engine, "SELECT sum(unique_issues) FROM ims.analytics_daily") == 10
