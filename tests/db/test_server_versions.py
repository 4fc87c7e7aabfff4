"""Older servers: scripts, upgrade, writing, statistics and policies work there as on the one that all tests run on.

The wheel brings PostgreSQL 16. TEST_POSTGRES_BIN names the bin folders of others, as PATH does.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db import cluster
from ims_spiders.db.check_rights import rights_findings
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.identity import acting_as
from ims_spiders.db.load import load
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.schema import SAMPLES, SCRIPTS, alone, initialise, run_scripts, without_transaction
from ims_spiders.db.upgrade import upgrade
from ims_spiders.db.users import add_user
from tests.conftest import database_engine
from tests.db.catalogue import catalogue, contents, database, differences, superuser
from tests.db.factory import changed, folder, issue, session
from tests.db.inspect_rows import rows, value
from tests.db.test_upgrade import BASELINE

OTHERS = [Path(folder) for folder in os.environ.get("TEST_POSTGRES_BIN", "").split(os.pathsep) if folder]


@pytest.fixture(scope="module", params=["16", *OTHERS], ids=str)
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server of an older version."""
    with pytest.MonkeyPatch.context() as patch:
        version = request.param if isinstance(request.param, str) else use_binaries(request.param, patch)
        server = EmbeddedServer(tmp_path_factory.mktemp("older"), version)
        server.start()
        yield server
        server.stop()


def use_binaries(programs: Path, patch: pytest.MonkeyPatch) -> str:
    """Have the embedded server run these, and the wheel's psql where there is none; returns their version."""
    told = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    version = told.split()[2].partition(".")[0]
    of_wheel = cluster.binary

    def binary(name: str, wanted: str | None = None) -> Path:
        if wanted != version:
            return of_wheel(name, wanted)
        return programs / name if (programs / name).exists() else of_wheel(name)

    patch.setattr(cluster, "binary", binary)
    patch.setitem(cluster.BUILTIN_LOCALE, version, () if version == "16" else cluster.BUILTIN_LOCALE["18"])
    return version


@pytest.fixture
def archive(older: EmbeddedServer) -> Iterator[Engine]:
    """Nothing yet, on that server."""
    engine = connect(DatabaseConfig(), older.folder.parent)
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS ims, ims_private CASCADE"))
    engine.dispose()


def test_it_is_the_version_that_was_asked_for(older: EmbeddedServer, archive: Engine) -> None:
    told = str(value(archive, "SHOW server_version"))
    assert told.partition(".")[0] == older.status().version
    assert int(told.partition(".")[0]) >= 16


def test_scripts_run_twice_and_revisions_make_the_same(older: EmbeddedServer, archive: Engine) -> None:
    initialise(archive, samples=True)
    unbound = superuser(older, cluster.DATABASE)
    made, kept = catalogue(unbound), contents(unbound)
    with alone(archive, "ims") as connection:
        run_scripts(connection, [*SCRIPTS, SAMPLES])
    assert differences(made, catalogue(unbound)) == []
    assert rights_findings(archive) == []
    assert contents(unbound) == kept
    unbound.dispose()
    with database(older, "version_1") as old:
        owner = database_engine(older, "version_1")
        with owner.begin() as connection:
            baseline = without_transaction(BASELINE.read_text())
            connection.exec_driver_sql(baseline, execution_options={"no_parameters": True})
        assert upgrade(owner).needed
        owner.dispose()
        assert differences(made, catalogue(old)) == []


def test_sessions_are_loaded_and_counted(archive: Engine, tmp_path: Path) -> None:
    first = [issue(number) for number in range(100, 120)]
    folder(tmp_path, session(issues_crawled=20), first)
    seen = [changed(document, 61, 2, status="Closed") for document in first[:5]]
    folder(tmp_path, session(2, 60, issues_crawled=5), seen)
    result = load(archive, tmp_path)
    assert (result.issues.new, result.issues.changed, result.broken) == (20, 5, {})
    assert load(archive, tmp_path).issues.unchanged == 25
    assert rows(archive, "SELECT crawl_count, count(*) FROM ims.issues GROUP BY 1 ORDER BY 1") == [(1, 15), (2, 5)]
    daily = "SELECT sessions_count, issues_crawled, unique_issues, new_issues FROM ims.analytics_daily"
    assert rows(archive, daily) == [(2, 25, 20, 20)]
    with archive.begin() as connection:
        connection.execute(text("SELECT ims.refresh_materialized_views()"))
    assert rows(archive, "SELECT sessions_count, issues_crawled FROM ims.mv_daily_session_summary") == [(2, 25)]
    assert value(archive, "SELECT count(*) FROM ims.search_issues('TPETIME')") == 20


def test_a_user_sees_and_deletes_what_is_theirs(older: EmbeddedServer, archive: Engine, tmp_path: Path) -> None:
    folder(tmp_path, session(), [issue(100)])
    folder(tmp_path, session(2, 60, username="lee"), [issue(100, 61, 2)])
    load(archive, tmp_path)
    for name in ("kim", "lee"):
        add_user(archive, name, Passwords(older.folder / "users"))
    with acting_as(archive, "kim") as connection:
        seen = connection.execute(text("SELECT username FROM ims.v_session_detail")).scalars().all()
        assert seen == ["kim"]
        assert connection.scalar(text("SELECT count(*) FROM ims.session_issues")) == 1
        assert connection.execute(text("DELETE FROM ims.crawl_sessions")).rowcount == 1
    assert rows(archive, "SELECT username FROM ims.v_session_detail") == [("lee",)]
    assert value(archive, "SELECT crawl_count FROM ims.issues") == 1
