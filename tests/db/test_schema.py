"""The SQL scripts: with and without psql, twice, at once, and the same as the models."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from ims_spiders.db.cluster import SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import parse_url
from ims_spiders.db.models import Base
from ims_spiders.db.schema import SCRIPTS, VERSION, initialise, is_initialised, schema_version
from tests.conftest import database_engine
from tests.db.inspect_rows import rows, value

SQL = Path(__file__).parents[2] / "sql"

CATALOGUE = """
SELECT 'column', c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'r'
UNION ALL
SELECT 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = to_regnamespace(:schema) AND k.contype <> 'n'
UNION ALL
SELECT 'index', c.relname, i.relname, pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = to_regnamespace(:schema)
UNION ALL
SELECT 'options', c.relname, '', coalesce(c.reloptions::text, '')
FROM pg_class c WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'r'
"""


def catalogue(engine: Engine, schema: str) -> set[tuple[str, ...]]:
    """Columns, constraints, indexes and storage options as the server tells them, without the schema's name."""
    found = rows(engine, f"SET LOCAL search_path TO {schema}; {CATALOGUE}", schema=schema)
    return {tuple(str(cell).replace(f"{schema}.", "") for cell in row) for row in found}


@pytest.fixture
def empty(server: EmbeddedServer, admin: Engine, undertaker: Engine) -> Iterator[Engine]:
    """A database without the schema."""
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE empty_one"))
    engine = database_engine(server, "empty_one")
    yield engine
    engine.dispose()
    with undertaker.connect() as connection:
        connection.execute(text("DROP DATABASE empty_one WITH (FORCE)"))


def psql(server: EmbeddedServer, dsn: str, *arguments: str, **environment: str) -> str:
    """Run the wheel's psql as people do; returns what it printed."""
    inherited = {name: content for name, content in os.environ.items() if not name.startswith("PG")}
    command = [str(server.psql_path()), "-X", "-v", "ON_ERROR_STOP=1", "-d", dsn, *arguments]
    result = subprocess.run(
        command, env=inherited | environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def test_models_and_scripts_describe_the_same_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA of_models"))
        connection.commit()
        named = connection.execution_options(schema_translate_map={None: "of_models"})
        Base.metadata.create_all(named)
        named.commit()
    of_models, of_scripts = catalogue(engine, "of_models"), catalogue(engine, "ims")
    assert sorted(of_scripts - of_models) == []
    assert sorted(of_models - of_scripts) == []
    assert len([row for row in of_scripts if row[0] == "options"]) == 13


def test_a_database_without_the_schema_has_no_version(empty: Engine) -> None:
    assert schema_version(empty) is None
    assert not is_initialised(empty)
    assert initialise(empty)
    assert schema_version(empty) == VERSION
    assert not initialise(empty)


def test_psql_and_the_package_make_the_same_and_twice_is_once(
    server: EmbeddedServer, empty: Engine, engine: Engine
) -> None:
    dsn = server.dsn(database="empty_one")
    for name in SCRIPTS:
        psql(server, dsn, "-q", "-f", str(SQL / name))
    assert catalogue(empty, "ims") == catalogue(engine, "ims")
    snapshot = "SELECT oid::text, xmin::text FROM pg_class WHERE relnamespace = 'ims'::regnamespace ORDER BY 1"
    before = rows(empty, snapshot)
    for name in SCRIPTS:
        psql(server, dsn, "-q", "-f", str(SQL / name))
    assert rows(empty, snapshot) == before
    assert value(empty, "SELECT count(*) FROM ims.schema_version") == 1


def test_psql_takes_another_schema_name(server: EmbeddedServer, empty: Engine, engine: Engine) -> None:
    for name in SCRIPTS:
        psql(server, server.dsn(database="empty_one"), "-q", "-f", str(SQL / name), PGOPTIONS="-c ims.schema=archive")
    assert catalogue(empty, "archive") == catalogue(engine, "ims")
    assert not is_initialised(empty)
    assert is_initialised(empty, "archive")


def test_two_may_initialise_at_once(server: EmbeddedServer, empty: Engine) -> None:
    outcomes: list[object] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        engine = database_engine(server, "empty_one")
        barrier.wait(10)
        try:
            outcomes.append(initialise(engine))
        except Exception as error:  # noqa: BLE001 - the test tells which
            outcomes.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {type(outcome) for outcome in outcomes} == {bool}
    assert len(outcomes) == 4
    assert schema_version(empty) == VERSION


def test_initialising_leaves_no_setting_in_the_pool(empty: Engine) -> None:
    initialise(empty)
    assert value(empty, "SELECT coalesce(current_setting('ims.schema', true), '')") == ""
    assert value(empty, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_every_foreign_key_has_an_index(engine: Engine) -> None:
    missing = rows(
        engine,
        """SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
           WHERE k.contype = 'f' AND k.connamespace = 'ims'::regnamespace AND NOT EXISTS (
               SELECT FROM pg_index x WHERE x.indrelid = k.conrelid AND x.indkey[0] = k.conkey[1]
               AND x.indpred IS NULL)""",
    )
    assert missing == []


def test_every_table_says_what_it_is(engine: Engine) -> None:
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'ims'::regnamespace AND relkind = 'r'"
    assert rows(engine, f"{tables} AND obj_description(oid) IS NULL") == []


def test_the_tablespace_script_makes_one_once(server: EmbeddedServer, empty: Engine, tmp_path: Path) -> None:
    place = server.folder / "tablespace"
    place.mkdir(mode=0o700, exist_ok=True)
    superuser = server.dsn(SUPERUSER, "empty_one")
    script = str(SQL / "01_create_tablespace.sql")
    assert psql(server, superuser, "-q", "-f", script) == ""
    assert value(empty, "SELECT count(*) FROM pg_tablespace WHERE spcname = 'ims_data'") == 0
    for _ in range(2):
        psql(server, superuser, "-q", "-v", f"tablespace_dir={place}", "-f", script)
    fresh = database_engine(server, "empty_one")
    assert value(fresh, "SHOW default_tablespace") == "ims_data"
    fresh.dispose()
    administrator = create_engine(
        parse_url(server.dsn(SUPERUSER, "postgres")),
        connect_args={"password": server.password(SUPERUSER)},
        isolation_level="AUTOCOMMIT",
    )
    with administrator.connect() as connection:
        connection.execute(text("ALTER DATABASE empty_one RESET default_tablespace"))
        connection.execute(text("DROP TABLESPACE ims_data"))
    administrator.dispose()
