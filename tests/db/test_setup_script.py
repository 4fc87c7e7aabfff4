"""deploy/setup_database.sh as administrators run it: with the wheel's psql, against real servers."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from ims_spiders.db.cluster import OWNER, SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import LOCK, SAMPLES, SCRIPTS, VERSION, initialise, schema_version, without_transaction
from tests.conftest import database_engine
from tests.db.catalogue import catalogue, contents, database, differences, roles, superuser
from tests.db.inspect_rows import rows, value
from tests.db.test_upgrade import BASELINE

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "setup_database.sh"

Finished = subprocess.CompletedProcess[str]


class Setup:
    """Runs the script for a server's account."""

    def __init__(self, server: EmbeddedServer, user: str = OWNER):
        self.server = server
        self.user = user
        self.path = f"{server.psql_path().parent}:{os.environ['PATH']}"
        self.environment = {"PGPASSFILE": str(server.passfile), "PGCONNECT_TIMEOUT": "5"}

    def __call__(self, *arguments: str, **environment: str) -> Finished:
        address = make_url(self.server.dsn())
        where = ["--host", str(address.host), "--port", str(address.port), "--user", self.user]
        return run([*where, *arguments], {"PATH": self.path, **self.environment, **environment})


def run(arguments: list[str], environment: dict[str, str]) -> Finished:
    command = ["/bin/sh", str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)


def databases(engine: Engine) -> list[str]:
    return [name for (name,) in rows(engine, "SELECT datname FROM pg_database ORDER BY 1")]


@pytest.fixture
def setup(server: EmbeddedServer) -> Setup:
    return Setup(server)


@pytest.fixture
def target(server: EmbeddedServer) -> Iterator[Engine]:
    """The database "target", still empty; its superuser's engine."""
    with database(server, "target") as engine:
        yield engine


@pytest.fixture
def server_engine(server: EmbeddedServer) -> Iterator[Engine]:
    engine = superuser(server, "postgres", autocommit=True)
    yield engine
    engine.dispose()


def test_it_makes_the_database_and_what_the_package_makes(
    server: EmbeddedServer, setup: Setup, server_engine: Engine
) -> None:
    done = setup("--database", "made by hand", "--with-samples", "--skip-tablespace")
    try:
        assert (done.returncode, done.stderr) == (0, "")
        expected = ["creating the database made by hand", *SCRIPTS, SAMPLES, "synonyms.txt"]
        assert done.stdout.splitlines()[:-1] == expected
        made = superuser(server, "made by hand")
        facts = "datdba::regrole::text, pg_encoding_to_char(encoding)"
        assert rows(made, f"SELECT {facts} FROM pg_database WHERE datname = 'made by hand'") == [(OWNER, "UTF8")]
        with database(server, "of_package") as of_package:
            engine = database_engine(server, "of_package")
            initialise(engine, samples=True)
            engine.dispose()
            assert differences(catalogue(of_package), catalogue(made)) == []
        before, kept, known = catalogue(made), contents(made), roles(made)
        again = setup("--database", "made by hand", "--with-samples", "--skip-tablespace")
        assert (again.returncode, again.stderr) == (0, "")
        assert "creating" not in again.stdout
        assert differences(before, catalogue(made)) == []
        assert (contents(made), roles(made)) == (kept, known)
        made.dispose()
    finally:
        with server_engine.connect() as connection:
            connection.execute(text('DROP DATABASE IF EXISTS "made by hand" WITH (FORCE)'))


def test_another_schema_and_no_tablespace_unless_asked_for(setup: Setup, target: Engine) -> None:
    done = setup("--database=target", "--schema=elsewhere")
    assert done.returncode == 0
    assert "01_create_tablespace.sql left out" in done.stdout
    assert schema_version(target, "elsewhere") == VERSION
    assert schema_version(target) is None


@pytest.mark.long
def test_a_dry_run_on_a_new_server_changes_nothing_roles_included(own_server: EmbeddedServer) -> None:
    own_server.start()
    setup, engine = Setup(own_server), superuser(own_server, "ims_crawler")
    before = catalogue(engine), roles(engine), databases(engine)
    assert "ims_admin" not in before[1]
    done = setup("--dry-run", "--with-samples")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.endswith(".sql")] == [*SCRIPTS, SAMPLES]
    assert done.stdout.endswith("All of it works. Nothing was changed.\n")
    assert (catalogue(engine), roles(engine), databases(engine)) == before

    missing = setup("--dry-run", "--database", "not_there")
    assert missing.returncode == 0
    assert "would create the database not_there" in missing.stdout
    assert (catalogue(engine), roles(engine), databases(engine)) == before

    assert setup("--with-samples").returncode == 0
    made = catalogue(engine), contents(engine), roles(engine)
    assert "ims_admin" in made[2]
    assert setup("--dry-run", "--with-samples").returncode == 0
    assert (catalogue(engine), contents(engine), roles(engine)) == made
    engine.dispose()


def test_a_dry_run_meets_the_errors_of_the_real_one(setup: Setup, target: Engine) -> None:
    with target.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA ims AUTHORIZATION {OWNER}"))
        connection.execute(text("CREATE TABLE ims.v_product_stats (one integer)"))
    before = catalogue(target)
    for arguments, consequence in ((["--dry-run"], "nothing was changed"), ([], "put it right")):
        done = setup("--database", "target", *arguments)
        assert done.returncode == 1
        assert re.search(r"05_create_views\.sql:\d+: ERROR: .*v_product_stats", done.stderr)
        assert consequence in done.stderr
        if arguments:
            assert differences(before, catalogue(target)) == []
    assert schema_version(target) is None


def test_an_older_or_newer_schema_is_not_touched(server: EmbeddedServer, setup: Setup, target: Engine) -> None:
    owner = database_engine(server, "target")
    with owner.begin() as connection:
        baseline = without_transaction(BASELINE.read_text())
        connection.exec_driver_sql(baseline, execution_options={"no_parameters": True})
    before = catalogue(target)
    for arguments in ([], ["--dry-run"]):
        done = setup("--database", "target", *arguments)
        assert done.returncode == 1
        assert "version 1" in done.stderr
        assert "ims db upgrade" in done.stderr
    assert differences(before, catalogue(target)) == []
    initialise(owner)
    with owner.begin() as connection:
        connection.execute(text("UPDATE ims.alembic_version SET version_num = '1000'"))
    assert "version 1000" in setup("--database", "target").stderr
    owner.dispose()


@pytest.mark.long
def test_the_tablespace_is_for_superusers_with_an_empty_directory(server: EmbeddedServer, target: Engine) -> None:
    asked = "--database", "target", "--tablespace-dir"
    place = server.folder / "place of its own"
    refused = Setup(server)(*asked, str(place))
    assert refused.returncode == 1
    assert "SUPERUSER" in refused.stderr
    setup = Setup(server, SUPERUSER)
    absent = setup(*asked, str(place), "--dry-run")
    assert absent.returncode == 1
    assert "No such file or directory" in absent.stderr
    place.mkdir(mode=0o700)
    (place / "something").touch()
    occupied = setup(*asked, str(place), "--dry-run")
    assert occupied.returncode == 1
    assert "empty directory" in occupied.stderr
    (place / "something").unlink()
    there = "SELECT count(*) FROM pg_tablespace WHERE spcname = 'ims_data'"
    assert setup(*asked, str(place), "--dry-run").returncode == 0
    assert value(target, there) == 0
    try:
        done = setup(*asked, str(place))
        assert done.returncode == 0
        assert "01_create_tablespace.sql\n02_" in done.stdout
        assert "superuser" in done.stderr
        assert value(target, there) == 1
        used = """SELECT DISTINCT spcname FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
            WHERE relnamespace = 'ims'::regnamespace AND relkind IN ('r', 'm', 'i')"""
        assert rows(target, used) == [("ims_data",)]
    finally:
        administrator = superuser(server, "postgres", autocommit=True)
        target.dispose()
        with administrator.connect() as connection:
            connection.execute(text("DROP DATABASE target WITH (FORCE)"))
            connection.execute(text("DROP TABLESPACE ims_data"))
            connection.execute(text("CREATE DATABASE target"))
        administrator.dispose()


def test_rights_that_are_missing_are_named_before_anything_is_done(
    server: EmbeddedServer, server_engine: Engine
) -> None:
    with server_engine.connect() as connection:
        connection.execute(text("CREATE ROLE modest LOGIN PASSWORD 'modest one'"))
    try:
        done = Setup(server, "modest")("--database", "modest_one", "--dry-run", PGPASSWORD="modest one")
        assert done.returncode == 1
        assert "this account lacks CREATEDB" in done.stderr
    finally:
        with server_engine.connect() as connection:
            connection.execute(text("DROP ROLE modest"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--nope"], "there is no option --nope"),
        (["now"], "there is no option now"),
        (["--host"], "--host needs a value"),
        (["--database", ""], "--database needs a value"),
        (["--port", "5432x"], "--port must be a number"),
        (["--schema", "a-b"], "--schema must consist of"),
        (["--schema", "a" * 56], "55 letters"),
        (["--dry-run=yes"], "there is no option yes"),
        (["--skip-tablespace", "--tablespace-dir", "/x"], "exclude each other"),
    ],
)
def test_wrong_options(arguments: list[str], reason: str) -> None:
    done = run(arguments, {"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_help_names_every_option() -> None:
    done = run(["--help"], {"PATH": os.environ["PATH"]})
    assert done.returncode == 0
    handled = set(re.findall(r"^ +(--[a-z-]+)\)", SCRIPT.read_text(), re.MULTILINE))
    assert len(handled) == 10
    assert set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE)) == handled


def test_without_psql_it_says_what_to_install(tmp_path: Path) -> None:
    for name in ("dirname", "mktemp", "rm"):
        (tmp_path / name).symlink_to(str(which(name)))
    done = run([], {"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "postgresql-client" in done.stderr


def test_a_server_that_does_not_answer_or_refuses(setup: Setup) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = setup("--port", str(probe.getsockname()[1]))
    assert closed.returncode == 1
    assert "Connection refused" in closed.stderr
    assert "--port" in closed.stderr
    refused = setup(PGPASSFILE="/dev/null")
    assert refused.returncode == 1
    assert "PGPASSWORD" in refused.stderr


def test_a_server_that_is_too_old(tmp_path: Path) -> None:
    fake = tmp_path / "psql"
    fake.write_text("#!/bin/sh\necho 150004\n")
    fake.chmod(0o755)
    done = run([], {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1
    assert "PostgreSQL 15; needed is 16 or newer" in done.stderr


def test_no_password_is_an_argument_of_anything(server: EmbeddedServer, tmp_path: Path, target: Engine) -> None:
    log = tmp_path / "arguments"
    spy = tmp_path / "psql"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{log}"\nexec "{server.psql_path()}" "$@"\n')
    spy.chmod(0o755)
    setup = Setup(server)
    setup.path = f"{tmp_path}:{setup.path}"
    done = setup("--database", "target", PGPASSFILE="/dev/null", PGPASSWORD=server.password())
    assert done.returncode == 0
    assert "-w" in log.read_text().splitlines()
    assert server.password() not in log.read_text()


def test_it_agrees_with_the_package() -> None:
    script = SCRIPT.read_text()
    assert re.findall(r"^(VERSION|LOCK)=(\d+)", script, re.MULTILINE) == [("VERSION", VERSION), ("LOCK", str(LOCK))]
    assert f'files="{" ".join(SCRIPTS)}"' in script.replace("\\\n", "")
    assert os.access(SCRIPT, os.X_OK)
