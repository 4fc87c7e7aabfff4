"""`ims db` against a real embedded server, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from ims_spiders.cli.psql import connection_variables
from ims_spiders.db.schema import VERSION
from ims_spiders.exceptions import ConfigurationError
from tests.cli.conftest import Ims


def test_status_starts_nothing(ims: Ims) -> None:
    done = ims.run("db", "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["running"] is False
    assert list(ims.folder.iterdir()) == []


def test_the_life_of_the_embedded_server(ims: Ims) -> None:
    assert ims.run("db", "start").returncode == 0
    assert "is ready" in ims.run("db", "init").stderr
    assert "was there already" in ims.run("db", "init").stderr
    status = json.loads(ims.run("db", "status", "--json").stdout)
    assert (status["reachable"], status["schema_version"], status["issues"]) == (True, VERSION, 0)

    kim = json.loads(ims.run("db", "user", "add", "kim", "--role", "admin", "--json").stdout)
    assert (kim["username"], kim["role"]) == ("kim", "admin")
    listed = ims.run("db", "psql", "-At", "-c", "SELECT username, role FROM users WHERE username = 'kim'")
    assert listed.stdout == "kim|admin\n"

    dsn = ims.run("db", "url").stdout
    assert dsn.count("\n") == 1
    assert make_url(dsn.strip()).password is None
    found = ims.run("db", "psql", "-At", "-c", "SELECT 1", dsn.strip())
    assert found.stdout == "1\n"

    assert "Stopped" in ims.run("db", "stop").stderr
    assert "was not running" in ims.run("db", "stop").stderr


def test_psql_gets_no_password_as_an_argument_and_none_of_anothers(ims: Ims) -> None:
    done = ims.run("db", "psql", "-At", "-c", r"\! tr '\0' ' ' < /proc/$PPID/cmdline", DATABASE_SCHEMA="other")
    assert done.returncode == 0, done.stderr
    secrets = [line.rsplit(":", 1)[1] for line in (ims.folder / "data/postgres/pgpass").read_text().splitlines()]
    assert secrets
    assert "psql" in done.stdout
    assert not any(secret in done.stdout for secret in secrets)
    path = ims.run("db", "psql", "-At", "-c", "SHOW search_path", DATABASE_SCHEMA="other")
    assert path.stdout == "other,public\n"


def test_psql_passes_on_how_it_ended(ims: Ims) -> None:
    assert ims.run("db", "psql", "-c", "nonsense").returncode == 1


def test_every_part_of_a_dsn_reaches_psql() -> None:
    url = make_url(
        "postgresql+psycopg2://me:p%40ss@db.example.com:5433/archive?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    assert connection_variables(url, "ims") == {
        "PGHOST": "db.example.com",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "archive",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGOPTIONS": "-c search_path=ims,public",
    }
    with pytest.raises(ConfigurationError, match="keepalives"):
        connection_variables(make_url("postgresql://h/d?keepalives=1"), "ims")


def test_the_embedded_commands_leave_a_server_of_yours_alone(ims: Ims) -> None:
    url = "postgresql://me:hidden@db.example.com/archive"
    for command in ("start", "stop"):
        done = ims.run("db", command, DATABASE_URL=url)
        assert done.returncode == 2
        assert "db.example.com" in done.stderr
        assert "hidden" not in done.stderr
    assert ims.run("db", "url", DATABASE_URL=url).stdout == f"{url}\n"


def test_loading_nothing_and_nonsense(ims: Ims, tmp_path: Path) -> None:
    assert json.loads(ims.run("db", "load", "--json").stdout) == {
        "sessions": 0, "new": 0, "changed": 0, "unchanged": 0, "errors": 0, "pages": 0, "deleted": [], "broken": {}
    }  # fmt: skip
    done = ims.run("db", "load", "nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    broken = tmp_path / "data" / "sessions" / "20260101T000000Z-all-00000000"
    broken.mkdir(parents=True)
    (broken / "session.json").write_text("{")
    done = ims.run("db", "load")
    assert done.returncode == 1
    assert f"left out {Path('data') / broken.relative_to(tmp_path / 'data')}" in done.stderr


def test_a_reader_that_goes_away_is_no_crash(ims: Ims) -> None:
    with ims.start("doctor", "--json", IMS_BASE_URL="http://127.0.0.1:9", IMS_RENDER="never") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "Traceback" not in said
