"""The oldest PostgreSQL that is supported: scripts, writing and loading work there too."""

from __future__ import annotations

from pathlib import Path

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.load import load
from tests.db.factory import changed, folder, issue, session
from tests.db.inspect_rows import rows, value


def test_sixteen_does_it_all(tmp_path: Path) -> None:
    first = [issue(number) for number in range(100, 120)]
    folder(tmp_path, session(), first)
    folder(tmp_path, session(2, 60), [changed(document, 61, 2, status="Closed") for document in first[:5]])
    server = EmbeddedServer(tmp_path, version="16")
    try:
        server.start()
        engine = connect(DatabaseConfig(), tmp_path)
        assert str(value(engine, "SHOW server_version")).startswith("16.")
        result = load(engine, tmp_path)
        assert (result.issues.new, result.issues.changed, result.broken) == (20, 5, {})
        assert load(engine, tmp_path).issues.unchanged == 25
        assert rows(engine, "SELECT crawl_count, count(*) FROM ims.issues GROUP BY 1 ORDER BY 1") == [(1, 15), (2, 5)]
        engine.dispose()
    finally:
        server.stop()
