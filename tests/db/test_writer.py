"""The crawl's writer: everything arrives, and a database that is away, silent or killed costs the crawl nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect, open_engine, parse_url
from ims_spiders.db.files import SessionFolder
from ims_spiders.db.load import load
from ims_spiders.db.projection import Projection
from ims_spiders.db.watchdog import Watchdog
from ims_spiders.db.writer import DatabaseWriter
from tests.conftest import database_engine
from tests.db.factory import error, folder, hashed, issue, session
from tests.db.inspect_rows import dump, rows, value
from tests.faults.wire import Wire

NUMBERS = range(100, 160)
OTHERS_ENDED = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.fixture
def crawl(tmp_path: Path) -> SessionFolder:
    """A running session with sixty issues and one error."""
    documents = [issue(number) for number in NUMBERS]
    made = folder(tmp_path / "crawl", session(status="running", completed_at=None), documents)
    made.append_error(error())
    return made


@pytest.fixture
def proxy(server: EmbeddedServer) -> Iterator[Wire]:
    """A proxy before this worker's server."""
    made = Wire(server.status().port or 0)
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short: what is tested is what happens after them."""
    monkeypatch.setattr("ims_spiders.db.writer.LONGEST_PAUSE", 0.2)
    monkeypatch.setattr("ims_spiders.db.writer.STEP_SECONDS", 2.0)


def again(engine: Engine) -> Callable[[], Engine]:
    """What connects anew to the same database each time."""
    server = EmbeddedServer(Path(str(engine.url.query["passfile"])).parents[1])
    return lambda: database_engine(server, str(engine.url.database))


def through(proxy: Wire, engine: Engine, server: EmbeddedServer) -> Callable[[], Engine]:
    """What connects to the test's database by way of the proxy."""
    url = parse_url(server.dsn(database=str(engine.url.database))).set(port=proxy.port)
    return lambda: open_engine(url, DatabaseConfig(), {"password": server.password(), "connect_timeout": 2})


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it holds; fail when it does not come to."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def put_all(writer: DatabaseWriter) -> None:
    for number in NUMBERS:
        writer.put(str(number))


def test_everything_arrives(engine: Engine, crawl: SessionFolder) -> None:
    writer = DatabaseWriter(again(engine), crawl, batch_size=7, batch_seconds=0.01)
    writer.start()
    put_all(writer)
    crawl.append_error(error("later"))
    writer.put_errors()
    crawl.write_session(session())
    writer.put_session(session())
    report = writer.close(30)
    assert (report.new, report.changed, report.unchanged, report.behind, report.error) == (60, 0, 0, 0, None)
    assert rows(engine, "SELECT status FROM ims.crawl_sessions") == [("completed",)]
    assert rows(engine, "SELECT error_message FROM ims.session_errors ORDER BY sequence") == [
        ("no answer",),
        ("later",),
    ]
    before = dump(engine)
    assert load(engine, crawl.path.parents[1]).issues.unchanged == 60
    assert dump(engine) == before


def test_the_schema_is_made_by_the_thread(
    server: EmbeddedServer, own_server: EmbeddedServer, crawl: SessionFolder
) -> None:
    """Nothing there at all: server stopped, schema missing."""
    writer = DatabaseWriter(lambda: connect(DatabaseConfig(), own_server.folder.parent), crawl)
    writer.start()
    put_all(writer)
    report = writer.close(60)
    assert (report.new, report.behind, report.error) == (60, 0, None)


def test_a_few_issues_do_not_wait_for_a_batch(engine: Engine, crawl: SessionFolder) -> None:
    writer = DatabaseWriter(again(engine), crawl, batch_size=1000, batch_seconds=0.1)
    writer.start()
    writer.put("100")
    wait_for(lambda: bool(value(engine, "SELECT count(*) FROM ims.issues") == 1))
    assert writer.close(10).new == 1


def test_a_file_that_was_replaced_is_written_again(engine: Engine, crawl: SessionFolder) -> None:
    writer = DatabaseWriter(again(engine), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    wait_for(lambda: bool(value(engine, "SELECT count(*) FROM ims.issues") == 1))
    crawl.write_issue("100", hashed(issue(100, status="Closed")))
    writer.put("100")
    report = writer.close(10)
    assert (report.new, report.changed) == (1, 1)
    assert rows(engine, "SELECT status, crawl_count FROM ims.issues") == [("Closed", 1)]


def test_what_is_refused_is_told_and_not_behind(engine: Engine, crawl: SessionFolder) -> None:
    crawl.write_issue("100", hashed(issue(100, title=" ")))
    crawl.issue_path("101").write_text("{")
    writer = DatabaseWriter(again(engine), crawl)
    writer.start()
    put_all(writer)
    report = writer.close(30)
    assert (report.new, report.behind, report.error) == (58, 0, None)
    assert {entry.issue_id for entry in report.refused} == {"100", "101"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.long
def test_an_embedded_server_that_was_killed_is_started_again(own_server: EmbeddedServer, crawl: SessionFolder) -> None:
    writer = DatabaseWriter(lambda: connect(DatabaseConfig(), own_server.folder.parent), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    wait_for(lambda: own_server.status().running)
    reader = connect(DatabaseConfig(), own_server.folder.parent)
    wait_for(lambda: _count(reader) == 1)
    reader.dispose()
    os.kill(own_server.status().pid or 0, signal.SIGKILL)
    put_all(writer)
    report = writer.close(60)
    assert (report.new, report.behind, report.error) == (60, 0, None)


@pytest.mark.usefixtures("impatient")
def test_a_silent_connection_is_given_up_and_made_anew(
    server: EmbeddedServer, engine: Engine, proxy: Wire, crawl: SessionFolder
) -> None:
    writer = DatabaseWriter(through(proxy, engine, server), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    wait_for(lambda: bool(value(engine, "SELECT count(*) FROM ims.issues") == 1))
    proxy.silent.set()
    put_all(writer)
    time.sleep(0.3)
    before = proxy.connections
    wait_for(lambda: proxy.connections > before)
    proxy.silent.clear()
    report = writer.close(30)
    assert (report.behind, report.error) == (0, None)
    assert rows(engine, "SELECT count(*), max(crawl_count) FROM ims.issues") == [(60, 1)]


def test_a_silent_connection_does_not_delay_the_end(
    server: EmbeddedServer, engine: Engine, proxy: Wire, crawl: SessionFolder
) -> None:
    writer = DatabaseWriter(through(proxy, engine, server), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    wait_for(lambda: bool(value(engine, "SELECT count(*) FROM ims.issues") == 1))
    proxy.silent.set()
    began = time.monotonic()
    put_all(writer)
    assert time.monotonic() - began < 0.5
    report = writer.close(1.5)
    assert time.monotonic() - began < 4
    assert report.new == 1
    assert report.behind == 60
    assert report.error is not None
    wait_for(lambda: not any(thread.name == "database-writer" for thread in threading.enumerate()), 5)


@pytest.mark.usefixtures("impatient")
def test_what_a_server_has_forgotten_is_written_again(engine: Engine, crawl: SessionFolder) -> None:
    """As one does that confirms before it keeps, or whose place a replica takes that was behind."""
    writer = DatabaseWriter(again(engine), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    writer.put_errors()
    wait_for(lambda: bool(value(engine, "SELECT count(*) FROM ims.session_errors") == 1))
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE ims.crawl_sessions, ims.issues CASCADE"))
        connection.execute(text(OTHERS_ENDED))
    writer.put("101")
    report = writer.close(30)
    assert (report.behind, report.error) == (0, None)
    assert rows(engine, "SELECT issue_id FROM ims.issues ORDER BY 1") == [("100",), ("101",)]
    assert value(engine, "SELECT count(*) FROM ims.session_errors") == 1


def test_an_absent_database_is_tried_less_and_less_often(proxy: Wire, crawl: SessionFolder) -> None:
    proxy.refusing.set()
    url = parse_url(f"postgresql://kim:word@127.0.0.1:{proxy.port}/archive?sslmode=disable&gssencmode=disable")
    writer = DatabaseWriter(lambda: open_engine(url), crawl, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    wait_for(lambda: proxy.connections == 3)
    first, second, third = proxy.moments
    assert second - first >= 0.9
    assert third - second >= 1.9
    writer.close(0.1)


def test_failures_come_out_as_operational_errors(server: EmbeddedServer, engine: Engine, proxy: Wire) -> None:
    """What a caller has to catch to try again later: refused, cut, silent."""
    opened = through(proxy, engine, server)()
    watchdog = Watchdog(opened)
    projection = Projection(opened)
    projection.write_session(session())
    proxy.cut_after(b"COMMIT\0")
    with pytest.raises(OperationalError):
        projection.write_issues(session()["session_uuid"], [issue(100)])
    assert proxy.cuts == 1
    proxy.silent.set()
    began = time.monotonic()
    with pytest.raises(OperationalError), watchdog.limit(0.5):
        projection.write_issues(session()["session_uuid"], [issue(101)])
    assert time.monotonic() - began < 3
    proxy.close()
    with pytest.raises(OperationalError):
        projection.write_issues(session()["session_uuid"], [issue(102)])
    opened.dispose()


def test_a_silent_first_connection_is_cut_too(server: EmbeddedServer, engine: Engine, proxy: Wire) -> None:
    """SQLAlchemy asks a new connection some things of its own, before anybody has it in hand."""
    opened = through(proxy, engine, server)()
    watchdog = Watchdog(opened)

    def connected(*_: object) -> None:
        proxy.silent.set()

    from sqlalchemy import event

    event.listen(opened, "connect", connected, insert=True)
    began = time.monotonic()
    with pytest.raises(OperationalError), watchdog.limit(0.5):
        opened.connect()
    assert time.monotonic() - began < 3
    opened.dispose()


def test_putting_never_waits(crawl: SessionFolder) -> None:
    """However long the database takes; here it takes for ever."""
    release = threading.Event()

    def connect_some_day() -> Engine:
        release.wait(20)
        raise ValueError("never came")

    writer = DatabaseWriter(connect_some_day, crawl)
    writer.start()
    began = time.monotonic()
    for number in range(20_000):
        writer.put(str(number))
    assert time.monotonic() - began < 2
    report = writer.close(0.2)
    assert report.behind == 20_000
    assert report.error == "the database did not answer in time"
    release.set()


def _count(engine: Engine) -> int:
    try:
        return int(value(engine, "SELECT count(*) FROM ims.issues"))
    except Exception:  # noqa: BLE001 - the server is away just now
        return -1
