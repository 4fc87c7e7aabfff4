"""The environment, typed: every variable that the project reads, with its default and what is valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ims_spiders.exceptions import ConfigurationError

RenderMode = Literal["auto", "always", "never"]
LoggedPages = Literal["off", "errors", "all"]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TrackerConfig(BaseSettings):
    """Where the tracker is, who logs in, and where the archive lies: the variables that begin with IMS_."""

    model_config = SettingsConfigDict(env_prefix="IMS_", env_file=".env", extra="ignore", env_ignore_empty=True)

    base_url: str = "https://ims.tmaxsoft.com"
    username: str | None = None
    password: SecretStr | None = None
    cookie_file: Path | None = None
    data_dir: Path = Path("data")
    render: RenderMode = "auto"
    attachment_url: str | None = None
    user: str | None = None
    timezone: str = "Asia/Seoul"
    search_meaning: bool = False
    log_pages: LoggedPages = "off"
    log_format: Literal["text", "json"] = "text"

    @field_validator("base_url")
    @classmethod
    def _base_url_is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address such as https://ims.example.com")
        if parts.username or parts.password:
            raise ValueError("must not hold a user name or password; use IMS_USERNAME and IMS_PASSWORD")
        return value.rstrip("/").removesuffix("/tody")

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be a time zone's name such as Asia/Seoul") from error
        return value


class DatabaseConfig(BaseSettings):
    """Which PostgreSQL to use. With none of these set (nor libpq's PG*), an embedded server is started.

    DATABASE_URL goes before DATABASE_HOST and its kin, those before PG*. libpq's other variables (PGSSLROOTCERT, …)
    hold as they do for psql, from the environment only.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, populate_by_name=True)

    use_database: bool = True
    url: SecretStr | None = Field(default=None, alias="DATABASE_URL")
    host: str | None = Field(default=None, alias="DATABASE_HOST")
    port: int | None = Field(default=None, ge=1, le=65535, alias="DATABASE_PORT")
    name: str | None = Field(default=None, alias="DATABASE_NAME")
    user: str | None = Field(default=None, alias="DATABASE_USER")
    password: SecretStr | None = Field(default=None, alias="DATABASE_PASSWORD")
    schema_name: str = Field(default="ims", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,54}$", alias="DATABASE_SCHEMA")
    pool_size: int = Field(default=5, ge=1, alias="DATABASE_POOL_SIZE")
    max_overflow: int = Field(default=5, ge=0, alias="DATABASE_MAX_OVERFLOW")
    pool_timeout: float = Field(default=30.0, gt=0, alias="DATABASE_POOL_TIMEOUT")
    pg_host: str | None = Field(default=None, alias="PGHOST")
    pg_hostaddr: str | None = Field(default=None, alias="PGHOSTADDR")
    pg_port: int | None = Field(default=None, ge=1, le=65535, alias="PGPORT")
    pg_database: str | None = Field(default=None, alias="PGDATABASE")
    pg_user: str | None = Field(default=None, alias="PGUSER")
    pg_password: SecretStr | None = Field(default=None, alias="PGPASSWORD")
    pg_passfile: str | None = Field(default=None, alias="PGPASSFILE")
    pg_service: str | None = Field(default=None, alias="PGSERVICE")
    pg_sslmode: str | None = Field(default=None, alias="PGSSLMODE")


class LlmConfig(BaseSettings):
    """The language model that may be asked about doubtful queries: the variables that begin with IMS_LLM_.

    Without an address none is asked.
    """

    model_config = SettingsConfigDict(env_prefix="IMS_LLM_", env_file=".env", extra="ignore", env_ignore_empty=True)

    url: str | None = None
    model: str | None = None
    api_key: SecretStr | None = None
    timeout: float = Field(default=10.0, gt=0, le=600)

    @field_validator("url")
    @classmethod
    def _url_is_http(cls, value: str | None) -> str | None:
        return _checked_endpoint(value, "IMS_LLM_API_KEY")

    @field_validator("api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked_key(value)


class EmbeddingConfig(BaseSettings):
    """The model that turns texts into vectors for the search by meaning: the variables that begin with IMS_EMBEDDING_.

    Without an address there is no such search; issues' texts are sent to that address and nowhere else.
    """

    model_config = SettingsConfigDict(
        env_prefix="IMS_EMBEDDING_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    url: str | None = None
    model: str | None = None
    api_key: SecretStr | None = None
    timeout: float = Field(default=10.0, gt=0, le=600)

    @field_validator("url")
    @classmethod
    def _url_is_http(cls, value: str | None) -> str | None:
        return _checked_endpoint(value, "IMS_EMBEDDING_API_KEY")

    @field_validator("api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked_key(value)


class NotifyConfig(BaseSettings):
    """Who is told of a session whose figures look wrong: by a POST of JSON, by mail, or both."""

    model_config = SettingsConfigDict(env_prefix="IMS_", env_file=".env", extra="ignore", env_ignore_empty=True)

    notify_url: SecretStr | None = None
    notify_mail: str | None = None
    smtp_url: SecretStr | None = None

    @property
    def addresses(self) -> list[str]:
        """Those of IMS_NOTIFY_MAIL."""
        return [one.strip() for one in (self.notify_mail or "").split(",") if one.strip()]

    @field_validator("notify_url")
    @classmethod
    def _url_is_safe(cls, value: SecretStr | None) -> SecretStr | None:
        parts = _split(value)
        loopback = parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK
        if parts is not None and not loopback and (parts.scheme != "https" or not parts.hostname):
            raise ValueError("must be an https address, or an http one of this machine")
        return value

    @field_validator("notify_mail")
    @classmethod
    def _addresses_are_some(cls, value: str | None) -> str | None:
        if value is not None and not all(_ADDRESS.fullmatch(one.strip()) for one in value.split(",")):
            raise ValueError("must be mail addresses, separated by commas")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _server_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        parts = _split(value)
        if parts is not None and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
            raise ValueError("must be like smtps://user:password@mail.example.com or smtp://localhost:25")
        return value


_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


def _split(value: SecretStr | None) -> SplitResult | None:
    """The parts of an address. Raises ValueError, without it, for what is none."""
    if value is None:
        return None
    text = value.get_secret_value()
    if not _port_is_valid(text) or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be an address")
    return urlsplit(text)


def _checked_endpoint(value: str | None, key_variable: str) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _port_is_valid(value):
        raise ValueError("must be an address such as http://localhost:11434/v1")
    if parts.username or parts.password or parts.query:
        raise ValueError(f"must not hold a user, password or query; use {key_variable}")
    return value


def _checked_key(value: SecretStr | None) -> SecretStr | None:
    key = value.get_secret_value() if value else ""
    if not (key.isascii() and key.isprintable()):
        raise ValueError("must be printable ASCII characters, without line breaks")
    return value


def _port_is_valid(url: str) -> bool:
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


def load_tracker_config() -> TrackerConfig:
    """The tracker's settings. Raises ConfigurationError that names each wrong variable and what would be right."""
    try:
        return TrackerConfig()
    except ValidationError as error:
        raise ConfigurationError(explain(error, "IMS_")) from error


def load_llm_config() -> LlmConfig:
    """The language model's settings. Raises ConfigurationError that names each wrong variable and what is right."""
    try:
        config = LlmConfig()
    except ValidationError as error:
        raise ConfigurationError(explain(error, "IMS_LLM_")) from error
    if config.url and not config.model:
        raise ConfigurationError("IMS_LLM_MODEL: must name the model to ask when IMS_LLM_URL is set")
    return config


def load_embedding_config() -> EmbeddingConfig:
    """The embedding model's settings. Raises ConfigurationError that names each wrong variable and what is right."""
    try:
        config = EmbeddingConfig()
    except ValidationError as error:
        raise ConfigurationError(explain(error, "IMS_EMBEDDING_")) from error
    if config.url and not config.model:
        raise ConfigurationError("IMS_EMBEDDING_MODEL: must name the model to ask when IMS_EMBEDDING_URL is set")
    return config


def load_notify_config() -> NotifyConfig:
    """Who is told. Raises ConfigurationError that names each wrong variable and what would be right."""
    try:
        config = NotifyConfig()
    except ValidationError as error:
        raise ConfigurationError(explain(error, "IMS_")) from error
    if config.notify_mail and config.smtp_url is None:
        raise ConfigurationError("IMS_SMTP_URL: must name the mail server when IMS_NOTIFY_MAIL is set")
    return config


def load_database_config() -> DatabaseConfig:
    """The database's settings. Raises ConfigurationError that names each wrong variable and what would be right."""
    try:
        return DatabaseConfig()
    except ValidationError as error:
        raise ConfigurationError(explain(error, "")) from error


def explain(error: ValidationError, prefix: str) -> str:
    """One line per wrong variable, without the value: it may be a secret."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in problem["loc"])
        lines.append(f"{(prefix + name).upper()}: {problem['msg']}")
    return "\n".join(lines)
