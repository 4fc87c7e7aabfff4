"""The search by meaning is made on demand, where it can be; it changes nothing of what is there without it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import SUPERUSER, binary
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.meaning_setup import prepare
from ims_spiders.db.schema import SCRIPTS, alone, initialise, is_initialised, run_scripts
from ims_spiders.db.upgrade import upgrade
from ims_spiders.exceptions import ConfigurationError
from tests.db.catalogue import catalogue, contents, database, differences, superuser
from tests.db.inspect_rows import rows, value
from tests.search.meaning_archive import copied

ISSUES = """
INSERT INTO ims.issues (issue_id, title, product, status)
SELECT n::text, 'issue ' || n, CASE WHEN n % 10 = 0 THEN 'Rare' ELSE 'Common' END, 'Open'
FROM generate_series(1, 40) AS n;
INSERT INTO ims_private.search_meaning_models (name, dimensions) VALUES ('small', 3);
INSERT INTO ims_private.search_meaning_issues (model_id, issue_pk, seen) SELECT 1, issue_pk, '' FROM ims.issues;
INSERT INTO ims_private.search_meaning_passages
SELECT 1, issue_pk, 0, 'title', NULL, 0, 7, '', ARRAY[cos(issue_id::float / 20), sin(issue_id::float / 20), 0]::real[]
FROM ims.issues
"""
MANY = """
ALTER TABLE ims.issues DISABLE TRIGGER USER;
INSERT INTO ims.issues (issue_id, title, registered_date)
SELECT n::text, 'x', timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 6000) AS n;
ALTER TABLE ims.issues ENABLE TRIGGER USER;
INSERT INTO ims_private.search_documents (issue_pk, registered_date, language, title, words)
SELECT issue_pk, registered_date, 'en', '', array_to_tsvector(ARRAY[ims_private.search_mark('product',
    CASE WHEN issue_id::int % 2 = 0 THEN 'Even' ELSE 'Odd' END)]) FROM ims.issues;
INSERT INTO ims_private.search_meaning_models (name, dimensions) VALUES ('small', 3);
INSERT INTO ims_private.search_meaning_issues (model_id, issue_pk, seen)
SELECT 1, issue_pk, '' FROM ims.issues;
INSERT INTO ims_private.search_meaning_passages SELECT 1, issue_pk, 0, 'title', NULL, 0, 1, '',
    ARRAY[cos(issue_id::float / 4000), sin(issue_id::float / 4000), 0.1]::real[] FROM ims.issues;
CREATE INDEX ON ims_private.search_meaning_passages
    USING hnsw ((embedding::public.halfvec(3)) public.halfvec_cosine_ops) WHERE model_id = 1;
"""
NEAREST = "SELECT i.issue_id FROM ims.search_nearest({}) AS n JOIN ims.issues AS i USING (issue_pk) ORDER BY n.distance"
PRIVATE = ("search_meaning_models", "search_meaning_issues", "search_meaning_passages")


@contextmanager
def acting(server: EmbeddedServer, database: str, role: str) -> Iterator[Engine]:
    """An engine whose connections have the rights of this role alone."""
    engine = open_engine(
        parse_url(server.dsn(SUPERUSER, database)),
        DatabaseConfig(),
        {"password": server.password(SUPERUSER), "options": f"-c role={role}"},
    )
    yield engine
    engine.dispose()


def fill(connection: Connection, statements: str = ISSUES) -> None:
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


def name_of(engine: Engine) -> str:
    return str(engine.url.database)


@pytest.fixture
def prepared(engine: Engine, server: EmbeddedServer) -> Engine:
    """Forty issues around a quarter of a circle and more, one after the other."""
    prepare(engine, server=server)
    with engine.begin() as connection:
        fill(connection)
    return engine


@pytest.fixture(scope="module")
def readable(server: EmbeddedServer, template: str) -> Iterator[Engine]:
    """The same for all tests that only read."""
    with copied(server, template, "meaning_setup") as engine:
        prepare(engine, server=server)
        with engine.begin() as connection:
            fill(connection)
        yield engine


def test_an_archive_has_none_of_it_unasked(engine: Engine) -> None:
    assert is_initialised(engine)
    assert rows(engine, "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'") == []
    assert not any("meaning" in name or "nearest" in name for _, name, _ in catalogue(engine))


def test_a_login_that_may_not_create_the_extension_is_told_what_to_do(engine: Engine) -> None:
    before = catalogue(engine)
    with pytest.raises(ConfigurationError, match=f"CREATE EXTENSION vector; in database {name_of(engine)}"):
        prepare(engine)
    assert differences(before, catalogue(engine)) == []


def test_a_server_without_the_extension(engine: Engine, server: EmbeddedServer, undertaker: Engine) -> None:
    with undertaker.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name_of(engine)} SET extension_control_path = '/nowhere'"))
    engine.dispose()
    before = catalogue(engine)
    with pytest.raises(ConfigurationError, match=r"does not have the extension vector.*searches go by words as before"):
        prepare(engine, server=server)
    assert differences(before, catalogue(engine)) == []


def test_an_extension_that_is_too_old(prepared: Engine, server: EmbeddedServer) -> None:
    root = superuser(server, name_of(prepared))
    with root.begin() as connection:
        connection.execute(text("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'"))
    root.dispose()
    with pytest.raises(ConfigurationError, match=r"version 0\.7\.4, and .* needs 0\.8"):
        prepare(prepared, server=server)


def test_it_is_made_where_an_administrator_has_put_the_extension(engine: Engine, server: EmbeddedServer) -> None:
    root = superuser(server, name_of(engine))
    with root.begin() as connection:
        connection.execute(text('CREATE SCHEMA "Else Where"; CREATE EXTENSION vector SCHEMA "Else Where"'))
        connection.execute(text('GRANT USAGE ON SCHEMA "Else Where" TO ims_owner'))
    root.dispose()
    prepare(engine)
    with engine.begin() as connection:
        fill(connection)
    assert rows(engine, NEAREST.format("ARRAY[1, 0, 0]::real[], 'small', '', 2")) == [("1",), ("2",)]


def test_once_more_and_the_schema_again_change_nothing(prepared: Engine, server: EmbeddedServer) -> None:
    # The rights on the database itself do not come along with the template's copy; the scripts say them again.
    before, held = {fact for fact in catalogue(prepared) if fact[0] != "database"}, contents(prepared)
    prepare(prepared, server=server)
    assert not upgrade(prepared).needed
    with alone(prepared, "ims") as connection:
        run_scripts(connection, SCRIPTS)
    assert differences(before, {fact for fact in catalogue(prepared) if fact[0] != "database"}) == []
    assert {name: held[name] for name in held if "meaning" in name} == {
        name: found for name, found in contents(prepared).items() if "meaning" in name
    }


def test_another_schema_has_its_own(engine: Engine, server: EmbeddedServer) -> None:
    initialise(engine, "other")
    prepare(engine, "other", server)
    assert value(engine, "SELECT to_regclass('ims_private.search_meaning_models') IS NULL")
    with engine.begin() as connection:
        fill(connection, ISSUES.replace("ims.", "other.").replace("ims_private.", "other_private."))
    found = rows(engine, NEAREST.replace("ims.", "other.").format("ARRAY[1, 0, 0]::real[], 'small', '+issue', 2"))
    assert found == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("ARRAY[1, 0, 0]::real[], 'small', '', 3", ["1", "2", "3"]),
        ("ARRAY[0, 1, 0]::real[], 'small', '', 2", ["31", "32"]),
        ("ARRAY[1, 0, 0]::real[], 'small', '', 2, ARRAY['rar']", ["10", "20"]),
        ("ARRAY[1, 0, 0]::real[], 'small', '+17 +issue', 5", ["17"]),
        ("ARRAY[1, 0, 0]::real[], 'small', '', 5, NULL, ARRAY['Closed']", []),
        ("ARRAY[1, 0, 0]::real[], 'other', '', 5", []),
        ("ARRAY[1, 0]::real[], 'small', '', 5", []),
        ("ARRAY[1, 0, 0]::real[], 'small', '', 0", []),
        ("NULL::real[], 'small', '', 5", []),
    ],
)
def test_the_nearest(readable: Engine, arguments: str, expected: list[str]) -> None:
    assert [issue_id for (issue_id,) in rows(readable, NEAREST.format(arguments))] == expected


@pytest.mark.parametrize("role", ["ims_user", "ims_readonly", "ims_admin"])
def test_people_search_and_read_no_vectors(readable: Engine, server: EmbeddedServer, role: str) -> None:
    with acting(server, name_of(readable), role) as engine:
        assert rows(engine, NEAREST.format("ARRAY[1, 0, 0]::real[], 'small', '', 1")) == [("1",)]
        assert rows(engine, "SELECT * FROM ims.search_meanings()") == [("small", 3)]
        for table in PRIVATE:
            with pytest.raises(ProgrammingError, match="permission denied for schema ims_private"):
                rows(engine, f"SELECT FROM ims_private.{table}")
        with pytest.raises(ConfigurationError, match="only the archive's owner"):
            prepare(engine)


@pytest.mark.parametrize("role", ["ims_service", "ims_crawl"])
def test_nobody_else_does(readable: Engine, role: str) -> None:
    functions = rows(
        readable, "SELECT oid::regprocedure::text FROM pg_proc WHERE proname IN ('search_nearest', 'search_meanings')"
    )
    assert len(functions) == 2
    for (function,) in functions:
        assert not value(readable, "SELECT has_function_privilege(:role, :name, 'EXECUTE')", role=role, name=function)


def test_a_dump_brings_it_back(readable: Engine, server: EmbeddedServer) -> None:
    environment = {**os.environ, "PGPASSWORD": server.password(SUPERUSER)}
    with database(server, "meaning_restored") as root:
        dumped = subprocess.run(
            # Row security has a say in what fills a materialized view, so that those are filled after a restore.
            [binary("pg_dump"), "--exclude-table-data=ims.mv_*", server.dsn(SUPERUSER, name_of(readable))],
            env=environment, capture_output=True, check=True,
        ).stdout  # fmt: skip
        subprocess.run(
            [binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", server.dsn(SUPERUSER, name_of(root))],
            env=environment, input=dumped, capture_output=True, check=True,
        )  # fmt: skip
        assert [one for (one,) in rows(root, NEAREST.format("ARRAY[1, 0, 0]::real[], 'small', '', 3"))] == [
            "1",
            "2",
            "3",
        ]
        every = "SELECT to_jsonb(p)::text FROM ims_private.search_meaning_passages AS p ORDER BY issue_pk"
        assert rows(root, every) == rows(readable, every)


def test_a_dump_without_it_has_nothing_of_it(engine: Engine, server: EmbeddedServer) -> None:
    dumped = subprocess.run(
        [binary("pg_dump"), server.dsn(SUPERUSER, name_of(engine))],
        env={**os.environ, "PGPASSWORD": server.password(SUPERUSER)}, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    assert "CREATE TABLE ims.issues" in dumped
    assert "search_meaning" not in dumped
    assert "halfvec" not in dumped


def test_many_issues_filters_and_an_index(engine: Engine, server: EmbeddedServer) -> None:
    """Of more issues than are looked at one by one, those that the index says are near are confined by the filters."""
    prepare(engine, server=server)
    with engine.begin() as connection:
        fill(connection, MANY)
    asked = "ARRAY[cos(4100 / 4000.0), sin(4100 / 4000.0), 0.1]::real[], 'small', '', 10"
    for more, wanted in (
        ("", set(range(4050, 4151))),
        (", ARRAY['Even']", set(range(4050, 4151, 2))),
        (", NULL, NULL, '2026-01-01'::timestamptz + interval '4200 minutes'", set(range(4200, 4300))),
        (", NULL, NULL, NULL, '2026-01-01'::timestamptz + interval '4000 minutes'", set(range(3900, 4000))),
    ):
        found = [int(issue_id) for (issue_id,) in rows(engine, NEAREST.format(asked + more))]
        assert (len(found), set(found) - wanted) == (10, set())
