"""From version 1 to now: what comes out is what the scripts make, with every row kept; or nothing has happened."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ims_spiders.db import schema as schema_module
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import OLDER, VERSION, initialise, is_initialised, schema_version, without_transaction
from ims_spiders.db.upgrade import alembic_config, pending_upgrade, upgrade
from ims_spiders.db.writer import DatabaseWriter
from ims_spiders.exceptions import ConfigurationError, DatabaseNewer, DatabaseOutdated
from tests.conftest import database_engine
from tests.db.catalogue import catalogue, contents, database, differences, superuser
from tests.db.factory import folder, issue, session
from tests.db.inspect_rows import rows, value

BASELINE = Path(__file__).parent / "baseline" / "version_1.sql"

ROWS = """
SET LOCAL search_path TO ims;
INSERT INTO users (username, role) VALUES ('kim', 'admin'), ('lee', 'user');
INSERT INTO crawl_sessions (
    session_uuid, user_id, product, original_query, status, started_at, duration_seconds, issues_crawled
)
SELECT gen_random_uuid(), 1 + n % 2, 'OpenFrame', 'Q' || n % 3, (ARRAY['completed', 'failed', 'running'])[1 + n % 3],
    timestamptz '2026-01-30 22:00+00' + n * interval '5 hours', n, 2
FROM generate_series(1, 12) AS n;
INSERT INTO search_queries (user_id, session_id, original_query)
SELECT user_id, session_id, original_query FROM crawl_sessions;
INSERT INTO search_queries (user_id, original_query, queried_at) VALUES (2, 'alone', '2025-12-31 23:59+00');
INSERT INTO session_errors (session_id, sequence, error_type, error_message) VALUES (2, 1, 'crawl_error', '오류');
INSERT INTO issues (issue_id, title, product, status, crawl_count, first_crawled_at)
SELECT n::text, 'issue ' || n, 'Product ' || n % 2, 'Open', 9, '2026-01-01' FROM generate_series(1, 6) AS n;
INSERT INTO session_issues (session_id, issue_pk, created_at)
SELECT s, i, timestamptz '2026-01-31' + s * interval '1 hour'
FROM generate_series(1, 12) AS s, generate_series(1, 5) AS i WHERE (s + i) % 3 = 0;
INSERT INTO issue_comments (issue_pk, comment_number, content) VALUES (1, 1, 'コメント');
INSERT INTO issue_history (issue_pk, description) VALUES (1, 'made');
INSERT INTO attachments (issue_pk, session_id, file_id, filename) VALUES (1, 1, '7', 'a.log');
INSERT INTO audit_log (user_id, action, new_value, ip_address, created_at)
VALUES (1, 'insert', '{"a": 1}', '10.0.0.1', '2025-02-03'), (NULL, 'delete', NULL, NULL, now());
SELECT nextval('audit_log_log_id_seq');
"""
KEPT = """
SELECT to_jsonb(t) - '{{crawl_count,product,status,missing_since,database_role,is_suspicious}}'::text[] AS row
FROM ims.{table} t ORDER BY 1
"""
DAILY = """
SELECT user_id, stat_date::text, sessions_count, issues_crawled, unique_issues
FROM ims.analytics_daily WHERE sessions_count > 0 ORDER BY 1, 2
"""
RECOUNT = """
WITH ended AS (
    SELECT user_id, started_at::date AS day, session_id, issues_crawled
    FROM ims.crawl_sessions WHERE status <> 'running'
), links AS (
    SELECT e.user_id, e.day, count(DISTINCT l.issue_pk) AS issues
    FROM ended e JOIN ims.session_issues l USING (session_id) GROUP BY 1, 2
)
SELECT e.user_id, e.day::text, count(*), sum(e.issues_crawled), coalesce(max(l.issues), 0)
FROM ended e LEFT JOIN links l USING (user_id, day) GROUP BY 1, 2 ORDER BY 1, 2
"""


@pytest.fixture
def scripted(server: EmbeddedServer) -> Iterator[Engine]:
    """What the scripts make."""
    with database(server, "scripted") as engine:
        owner = database_engine(server, "scripted")
        initialise(owner)
        owner.dispose()
        yield engine


@pytest.fixture
def old(server: EmbeddedServer) -> Iterator[Engine]:
    """An archive as version 1 made it, with rows in every table."""
    with database(server, "version_1"):
        engine = database_engine(server, "version_1")
        with engine.begin() as connection:
            run(connection, without_transaction(BASELINE.read_text()))
            run(connection, ROWS)
        yield engine
        engine.dispose()


@pytest.fixture
def old_unbound(server: EmbeddedServer, old: Engine) -> Iterator[Engine]:
    """The same database seen by its superuser, from whom no policy hides a row."""
    engine = superuser(server, str(old.url.database))
    yield engine
    engine.dispose()


def run(connection: Any, statements: str) -> None:
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


def test_revisions_make_what_the_scripts_make(old: Engine, scripted: Engine) -> None:
    assert (schema_version(old), pending_upgrade(old).needed) == ("1", True)
    assert upgrade(old).before == "1"
    assert (schema_version(old), pending_upgrade(old).needed) == (VERSION, False)
    assert differences(catalogue(scripted), catalogue(old)) == []


def test_upgrading_again_changes_nothing(old: Engine, old_unbound: Engine) -> None:
    upgrade(old)
    before = catalogue(old), contents(old_unbound)
    assert not upgrade(old).needed
    assert not initialise(old)
    assert (catalogue(old), contents(old_unbound)) == before


def test_no_row_is_lost(old: Engine, old_unbound: Engine) -> None:
    names = rows(old, "SELECT relname FROM pg_class WHERE relnamespace = 'ims'::regnamespace AND relkind = 'r'")
    tables = {name for (name,) in names} - {"schema_version", "analytics_daily", "analytics_monthly"}
    before = {table: rows(old_unbound, KEPT.format(table=table)) for table in tables}
    assert all(before.values())
    upgrade(old)
    assert {table: rows(old_unbound, KEPT.format(table=table)) for table in tables} == before
    assert value(old, "SELECT nextval('ims.audit_log_log_id_seq')") == 4


def test_what_version_1_did_not_know_is_filled_in(old: Engine, old_unbound: Engine) -> None:
    upgrade(old)
    assert (
        value(old, "SELECT count(*) FROM ims.session_issues WHERE status = 'Open' AND product LIKE 'Product _'") == 20
    )
    wrong = "crawl_count <> (SELECT count(*) FROM ims.session_issues l WHERE l.issue_pk = i.issue_pk)"
    assert value(old, f"SELECT count(*) FROM ims.issues i WHERE {wrong}") == 0
    assert rows(old, DAILY) == rows(old, RECOUNT)
    assert value(old, "SELECT sum(total_sessions) FROM ims.analytics_monthly") == 8
    assert contents(old_unbound)["ims_private.statistics_pending"] == []


@pytest.mark.parametrize(
    "obstacle",
    [
        pytest.param("CREATE VIEW ims.mine AS SELECT * FROM ims.audit_log", id="a view on what a revision drops"),
        pytest.param("CREATE TABLE ims.v_product_stats (one integer)", id="a table in the place of a script's view"),
    ],
)
def test_a_failure_leaves_version_1_whole(old: Engine, old_unbound: Engine, obstacle: str) -> None:
    with old.begin() as connection:
        run(connection, obstacle)
    before = catalogue(old), contents(old_unbound)
    with pytest.raises(DBAPIError):
        upgrade(old)
    assert schema_version(old) == "1"
    assert (catalogue(old), contents(old_unbound)) == before


def test_what_is_used_is_not_waited_for_forever(old: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_module, "LOCK_SECONDS", 1)
    with old.begin() as connection:
        run(connection, "LOCK TABLE ims.users IN ACCESS SHARE MODE")
        with pytest.raises(ConfigurationError, match="end crawls"):
            upgrade(old)
    assert upgrade(old).needed


def test_unasked_nothing_is_altered(old: Engine, old_unbound: Engine) -> None:
    before = catalogue(old), contents(old_unbound)
    with pytest.raises(DatabaseOutdated, match="`ims db upgrade`"):
        initialise(old, upgrade=False)
    assert not is_initialised(old)
    assert (catalogue(old), contents(old_unbound)) == before
    assert initialise(old)
    assert is_initialised(old)


def test_a_newer_schema_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        run(connection, "UPDATE ims.alembic_version SET version_num = '1000'")
    for attempt in (initialise, upgrade, pending_upgrade, is_initialised):
        with pytest.raises(DatabaseNewer, match=r"1000.*newer ims_spiders"):
            attempt(engine)
    assert schema_version(engine) == "1000"


def test_without_a_schema_there_is_nothing_to_upgrade(server: EmbeddedServer) -> None:
    with database(server, "nothing") as engine:
        for attempt in (upgrade, pending_upgrade):
            with pytest.raises(ConfigurationError, match="`ims db init`"):
                attempt(engine)


@pytest.mark.long
def test_another_schema_name_and_one_with_capitals(server: EmbeddedServer, scripted: Engine) -> None:
    with database(server, "two_archives"):
        engine = database_engine(server, "two_archives")
        for name in ("elsewhere", "Mixed_1"):
            with engine.begin() as connection:
                connection.execute(text("SELECT set_config('ims.schema', :name, true)"), {"name": name})
                run(connection, without_transaction(BASELINE.read_text()))
            assert upgrade(engine, name).needed
        expected = catalogue(scripted)
        assert differences(expected, catalogue(engine, "elsewhere")) == []
        engine.dispose()


def test_many_may_upgrade_at_once(server: EmbeddedServer, old: Engine) -> None:
    outcomes: list[object] = []
    barrier = threading.Barrier(3)

    def attempt() -> None:
        engine = database_engine(server, "version_1")
        barrier.wait(10)
        try:
            outcomes.append(upgrade(engine).needed)
        except Exception as error:  # noqa: BLE001 - the test tells which
            outcomes.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(str, outcomes)) == ["False", "False", "True"]
    assert schema_version(old) == VERSION


def test_the_versions_are_those_of_the_revisions(engine: Engine) -> None:
    with engine.connect() as connection, alembic_config(connection, "ims") as config:
        revisions = ScriptDirectory.from_config(config)
        assert revisions.get_heads() == [VERSION]
        assert [entry.revision for entry in revisions.walk_revisions()] == [VERSION, *reversed(OLDER)]


def test_a_crawl_into_somebody_elses_server_waits_for_the_upgrade(old: Engine, tmp_path: Path) -> None:
    made = folder(tmp_path, session(), [issue(100)])
    writer = DatabaseWriter(lambda: old, made, batch_seconds=0.01, upgrade=False)
    writer.start()
    writer.put("100")
    report = writer.close(5)
    assert (report.behind, schema_version(old)) == (1, "1")
    assert "`ims db upgrade`" in str(report.error)


def test_a_crawl_into_the_embedded_server_upgrades_it(old: Engine, tmp_path: Path) -> None:
    made = folder(tmp_path, session(), [issue(100)])
    writer = DatabaseWriter(lambda: old, made, batch_seconds=0.01)
    writer.start()
    writer.put("100")
    report = writer.close(30)
    assert (report.behind, report.error, schema_version(old)) == (0, None, VERSION)


@pytest.mark.long
def test_revisions_are_found_in_a_zipped_egg(server: EmbeddedServer, old: Engine, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    egg = tmp_path / "ims_spiders.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        package = root / "ims_spiders"
        data = [*(package / "db" / "sql").glob("*.sql"), package / "search" / "synonyms.txt"]
        for path in [*package.rglob("*.py"), *data]:
            archive.write(path, path.relative_to(root))
    program = (
        f"import sys; sys.path.insert(0, {str(egg)!r}); import ims_spiders; assert '.egg' in ims_spiders.__file__\n"
        "from ims_spiders.db import engine, schema\n"
        "print(schema.initialise(engine.open_engine(engine.parse_url(sys.argv[1]))))"
    )
    command = [sys.executable, "-I", "-c", program, server.dsn(database="version_1")]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (result.stdout, result.stderr) == ("True\n", "")
    assert schema_version(old) == VERSION
