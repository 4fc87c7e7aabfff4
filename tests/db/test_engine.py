"""Which server the settings mean, and that no message of theirs tells a password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ims_spiders.config import DatabaseConfig, load_database_config
from ims_spiders.db.cluster import EmbeddedServerError
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import (
    configured_url,
    connect,
    describe,
    open_engine,
    parse_url,
    redact_dsn,
    safe_message,
    uses_embedded,
)
from ims_spiders.exceptions import ConfigurationError
from tests.db.inspect_rows import rows

SECRET = "s3cr3t/+@"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the working directory is read."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg", "postgres+psycopg2"]
)
def test_every_postgresql_url_is_taken(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://kim:s3cr3t%2F%40@db.example.com:5433/archive?sslmode=require")
    url = configured_url(load_database_config())
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "kim", "s3cr3t/@", "db.example.com", 5433, "archive",
    )  # fmt: skip
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "text", ["mysql://kim:s3cr3t@host/db", "s3cr3t", "postgresql://kim:s3cr3t@host:port/db", "sqlite://"]
)
def test_any_other_url_is_refused_without_being_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DATABASE_URL", text)
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as refused:
        configured_url(load_database_config())
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "s3cr3t" not in str(chain)
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


def test_the_password_may_be_given_apart_from_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://kim@host/archive")
    monkeypatch.setenv("DATABASE_PASSWORD", SECRET)
    assert configured_url(load_database_config()).password == SECRET


def test_parts_and_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {
        "PGHOST": "a",
        "PGPORT": "1",
        "PGUSER": "u",
        "PGPASSWORD": SECRET,
        "PGSSLMODE": "require",
    }.items():
        monkeypatch.setenv(name, content)
    url = configured_url(load_database_config())
    assert (url.host, url.port, url.username, url.password, url.database) == ("a", 1, "u", SECRET, "ims_crawler")
    assert url.query == {"sslmode": "require"}
    monkeypatch.setenv("DATABASE_HOST", "b")
    monkeypatch.setenv("DATABASE_NAME", "other")
    url = configured_url(load_database_config())
    assert (url.host, url.port, url.database) == ("b", 1, "other")


def test_a_service_decides_everything_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "archive")
    url = configured_url(load_database_config())
    assert (url.host, url.database, url.query) == (None, None, {"service": "archive"})


def test_env_file_counts_and_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PGHOST=from-file\nDATABASE_SCHEMA=other\n")
    config = load_database_config()
    assert not uses_embedded(config)
    assert configured_url(config).host == "from-file"
    assert config.schema_name == "other"
    monkeypatch.setenv("PGHOST", "from-environment")
    assert configured_url(load_database_config()).host == "from-environment"


@pytest.mark.parametrize("name", ["DATABASE_SCHEMA", "DATABASE_POOL_SIZE", "PGSSLMODE", "PGPASSWORD", "PGPASSFILE"])
def test_what_names_no_server_leaves_the_embedded_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "5")
    if name == "DATABASE_SCHEMA":
        monkeypatch.setenv(name, "other")
    assert uses_embedded(load_database_config())
    assert describe(load_database_config()).startswith("embedded")


@pytest.mark.parametrize("schema", ['ims"; DROP SCHEMA public; --', "with space", "", "1st", "x" * 56])
def test_a_schema_name_is_a_plain_name(monkeypatch: pytest.MonkeyPatch, schema: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_SCHEMA"):
        DatabaseConfig(DATABASE_SCHEMA=schema)


def test_the_description_tells_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://kim:s3cr3t@host/archive")
    assert describe(load_database_config()) == "postgresql://kim:***@host/archive"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgresql://kim:s3cr3t@host/db", "postgresql://kim:***@host/db"),
        ("at postgres://kim:p@s/s:w@host/db failed", "at postgres://kim:***@host/db failed"),
        ("postgresql://kim@host/db", "postgresql://kim@host/db"),
        ("host=h password=s3cr3t user=u", "host=h password=*** user=u"),
        ("host=h password='two words' user=u", "host=h password=*** user=u"),
        ("?user=u&password=s3cr3t&x=1", "?user=u&password=***&x=1"),
    ],
)
def test_redacted(text: str, redacted: str) -> None:
    assert redact_dsn(text) == redacted


def test_a_failure_is_one_line_without_the_password() -> None:
    engine = open_engine(parse_url("postgresql://kim:s3cr3t@127.0.0.1:1/archive"))
    with pytest.raises(OperationalError) as refused:
        engine.connect()
    message = safe_message(refused.value, engine)
    assert "Connection refused" in message
    assert "\n" not in message
    assert safe_message(ValueError("it was s3cr3t, they say"), engine) == "it was ***, they say"


def test_connections_have_a_name_timeouts_and_the_time_zone(server: EmbeddedServer, engine: Any) -> None:
    found = rows(
        engine,
        "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('TimeZone'),"
        " current_setting('client_encoding')",
    )
    assert found == [("ims_spiders", "2min", "UTC", "UTF8")]


def test_a_url_of_ones_own_overrides_the_defaults(server: EmbeddedServer) -> None:
    url = parse_url(server.dsn(database="postgres") + "&application_name=mine&options=-c%20statement_timeout%3D7s")
    engine = open_engine(url, None, {"password": server.password()})
    found = rows(engine, "SELECT current_setting('application_name'), current_setting('statement_timeout')")
    engine.dispose()
    assert found == [("mine", "7s")]


def test_the_embedded_server_is_reached_whatever_libpq_variables_say(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in {"PGPASSWORD": "wrong", "PGSSLMODE": "require", "PGOPTIONS": "-c search_path=x"}.items():
        monkeypatch.setenv(name, content)
    engine = connect(DatabaseConfig(), server.folder.parent)
    assert rows(engine, "SELECT current_user, current_database()") == [("ims_owner", "ims_crawler")]
    engine.dispose()


def test_an_embedded_server_is_not_started_unasked(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="ims db start"):
        connect(DatabaseConfig(), tmp_path, start_embedded=False)
    assert not (tmp_path / "postgres").exists()
