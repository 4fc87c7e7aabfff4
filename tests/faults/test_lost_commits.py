"""Two hundred answers that are lost after COMMIT, at every transaction that a crawl makes: each row is there once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.files_pages import PagesFile
from ims_spiders.db.load import load
from ims_spiders.db.writer import DatabaseWriter
from tests import figures
from tests.db.factory import error, folder, issue, session
from tests.db.inspect_rows import dump, rows
from tests.faults.wire import Wire

pytestmark = pytest.mark.long
PARTS, LOSSES = range(10), 20
KINDS = 6
"""Transactions of one crawl: session, issues, errors; at its end the session, the errors, the pages."""
COMMIT = b"COMMIT\0"
SHARED = 999
"""An issue that every crawl sees."""
PAGE = {"url": "https://ims.example.com/tody/ims/issue/issueView.do", "created_at": "2026-03-01T09:00:00+00:00"}


@pytest.mark.parametrize("part", PARTS)
def test_an_answer_lost_after_commit_makes_nothing_twice(
    part: int,
    server: EmbeddedServer,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: figures.Record,
) -> None:
    monkeypatch.setattr("ims_spiders.db.writer.LONGEST_PAUSE", 0.02)
    url = parse_url(server.dsn(database=str(engine.url.database)))
    assert url.port is not None
    with Wire(url.port) as wire:

        def connect() -> Engine:
            return open_engine(url.set(port=wire.port), DatabaseConfig(), {"password": server.password()})

        for number in range(1, LOSSES + 1):
            wire.cut_after(COMMIT, nth=1 + (part * LOSSES + number) % KINDS)
            crawl(connect, tmp_path, number)
            assert wire.cuts == number, "each crawl loses one answer"
    figures.add(record_property, "lost commits: runs", LOSSES)
    counted = rows(engine, "SELECT issue_id, crawl_count FROM ims.issues WHERE crawl_count > 1")
    pages = rows(engine, "SELECT count(*) FROM ims.pages")
    written = dump(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE ims.users, ims.issues CASCADE"))
    load(engine, tmp_path)
    found = counted, pages, written
    expected = [(str(SHARED), LOSSES)], [(LOSSES,)], dump(engine)
    figures.add(record_property, "lost commits: violations", int(found != expected))
    assert found == expected


def crawl(connect: Callable[[], Engine], data_dir: Path, number: int) -> None:
    """What a crawl hands its writers: one while it runs, one for its end."""
    ids = [number * 10, number * 10 + 1, SHARED]
    documents = [issue(one, minutes=number, session_number=number) for one in ids]
    running = session(number, minutes=number, status="running", completed_at=None)
    made = folder(data_dir, running, documents)
    made.append_error(error(f"in crawl {number}"))
    writer = DatabaseWriter(connect, made, batch_seconds=0.01)
    writer.start()
    for one in ids:
        writer.put(str(one))
    writer.put_session(running)
    writer.put_errors()
    finish(writer)
    PagesFile(made).append(PAGE)
    made.append_error(error(f"at the end of crawl {number}"))
    ended = session(number, minutes=number)
    made.write_session(ended)
    last = DatabaseWriter(connect, made)
    last.start()
    last.put_session(ended)
    last.put_errors()
    last.put_pages()
    finish(last)


def finish(writer: DatabaseWriter) -> None:
    """Everything is in the database, whatever was lost on the way."""
    report = writer.close(30)
    assert (report.behind, report.error, report.refused) == (0, None, [])
