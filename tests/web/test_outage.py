"""When the database is away, slow or not an archive: pages that say what to do, and that work again by themselves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.schema import initialise
from ims_spiders.web import database, search, sight
from ims_spiders.web.database import ArchiveDatabase
from ims_spiders.web.issue import SIMILAR_SECONDS
from ims_spiders.web.problems import TookTooLongError
from ims_spiders.web.settings import WebSettings
from ims_spiders.web.sight import Sight
from tests.web.conftest import Filled
from tests.web.serving import Answer, site

TELLING = ("Traceback", "postgresql://", "psycopg2", "sqlalchemy", "pgpass", "SELECT", "File &#34;")


def says_nothing_of_the_inside(answer: Answer) -> bool:
    return not [word for word in TELLING if word in answer.text]


def test_a_server_that_goes_and_comes_back(own_server: EmbeddedServer) -> None:
    own_server.start()
    folder = own_server.folder.parent

    def connected() -> Engine:
        return connect(DatabaseConfig(), folder, start_embedded=False)

    engine = connected()
    initialise(engine)
    engine.dispose()
    with site(WebSettings(port=0, user="kim", data_dir=folder), connected) as running:
        assert "The archive is empty." in running.get("/").text
        assert json.loads(running.get("/healthz").body) == {"status": "ok", "database": "ok", "data_dir": "ok"}
        own_server.stop()
        for path in ("/", "/issue/1", "/sessions", "/products", "/?q=deadlock", "/issue/1/file/1"):
            answer = running.get(path)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "10"), path
            assert "The database is away" in answer.text
            assert "ims db start" in answer.text or "ims doctor" in answer.text
            assert '<meta http-equiv="refresh" content="10">' in answer.text
            assert says_nothing_of_the_inside(answer)
        health = running.get("/healthz")
        assert (health.status, json.loads(health.body)["database"]) == (503, "The database is away")
        assert running.get("/static/style.css").status == 200
        own_server.start()
        assert running.get("/").status == 200
        assert running.get("/healthz").status == 200


def test_a_schema_that_is_not_there_is_said_until_it_is(engine: Engine, archive: Filled, tmp_path: Path) -> None:
    def connected() -> Engine:
        from ims_spiders.db.engine import open_engine

        return open_engine(engine.url, None, {"password": archive.server.password()})

    with site(WebSettings(port=0, user="kim", schema="other", data_dir=tmp_path), connected) as running:
        answer = running.get("/")
        assert answer.status == 503
        assert "`ims db init` makes one" in answer.text
        initialise(engine, "other")
        assert running.get("/").status == 200


def test_what_takes_too_long_is_ended_and_said(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "_BEGIN", "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '50ms'")
    monkeypatch.setattr(search, "_STATUSES", "SELECT pg_sleep(20)")
    with site(archive.settings(), archive.connect) as running:
        answer = running.get("/?q=deadlock")
        assert answer.status == 503
        assert "That took too long" in answer.text
        assert "refresh" not in answer.text
        assert says_nothing_of_the_inside(answer)
        assert running.get("/sessions").status == 200


def test_an_issue_is_shown_without_what_cannot_be_compared(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ims_spiders.web.issue._SIMILAR", "SELECT pg_sleep(20), :issue_id, :most")
    monkeypatch.setattr("ims_spiders.web.issue.SIMILAR_SECONDS", SIMILAR_SECONDS / 100)
    with site(archive.settings(), archive.connect) as running:
        answer = running.get("/issue/1")
        assert answer.status == 200
        assert "Comparing it with the others took too long." in answer.text
        assert "Two jobs wait for each other." in answer.text


def test_an_error_of_ours_is_in_the_log_and_not_on_the_page(
    archive: Filled, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(search, "_STATUSES", "SELECT 'canary postgresql://u:secret@h/d' FROM ims.nowhere")
    with site(archive.settings(), archive.connect) as running:
        answer = running.get("/")
    assert answer.status == 500
    assert says_nothing_of_the_inside(answer)
    assert "canary" not in answer.text
    (record,) = [one for one in caplog.records if one.name == "ims_spiders.web.errors"]
    mark = answer.text.split("log says why under ")[1].split(".")[0]
    assert f"[{mark}]" in record.getMessage()
    assert "ims.nowhere" in record.getMessage()
    assert "secret" not in record.getMessage()


def test_nothing_can_be_written_while_looking(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_STATUSES", "UPDATE ims.issues SET title = 'changed' RETURNING status")
    with site(archive.settings(), archive.connect) as running:
        assert running.get("/").status == 500
        assert "changed" not in running.get("/issue/1").text


def test_more_requests_than_there_is_room_for_are_sent_away(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MOST_WAITING", 2)
    monkeypatch.setattr(search, "_STATUSES", "SELECT 'Open' AS status FROM pg_sleep(1)")
    with site(archive.settings(), archive.connect) as running, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: running.get("/").status, range(6)))
    assert set(answers) == {200, 503}


def test_a_page_has_an_end_whatever_it_waits_for(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(search, "_STATUSES", "SELECT 'Open' AS status FROM pg_sleep(2)")
    with site(archive.settings(), archive.connect) as running:
        answer = running.get("/")
    assert answer.status == 503
    assert "longer than a page may" in answer.text


def test_the_end_does_not_wait_for_statements(archive: Filled) -> None:
    looked = ArchiveDatabase(archive.connect, "kim")
    began = threading.Event()

    def sleep(sight: Sight) -> None:
        began.set()
        sight.connection.execute(text("SELECT pg_sleep(14)"))

    def look() -> None:
        with pytest.raises(TookTooLongError):
            asyncio.run(looked.look(sleep))

    thread = threading.Thread(target=look)
    thread.start()
    assert began.wait(10)
    time.sleep(0.2)
    looked.close()
    thread.join(8)
    assert not thread.is_alive()
