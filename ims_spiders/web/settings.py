"""Where the archive is served, to whom, and under which names a browser may ask for it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ims_spiders.exceptions import ConfigurationError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_PASSWORD = 12
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class WebConfig(BaseSettings):
    """The variables of `ims serve` alone."""

    model_config = SettingsConfigDict(env_prefix="IMS_WEB_", env_file=".env", extra="ignore", env_ignore_empty=True)

    password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What a server needs to know. `user` None: whose login it is, else the account's name.

    `public_names` are host names beyond the address listened on, such as a reverse proxy's.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    public_names: tuple[str, ...] = ()
    data_dir: Path = Path("data")
    schema: str = "ims"

    def checked(self) -> WebSettings:
        """These settings. Raises ConfigurationError when they would let in whoever comes, or name no name."""
        opening = (
            f"--host {self.host}" if not is_loopback(self.host) else "--public-name" if self.public_names else None
        )
        if self.password is None and opening is not None:
            raise ConfigurationError(
                f"{opening} lets other machines in: give a password with --password-file or IMS_WEB_PASSWORD, "
                "and put a reverse proxy with TLS before it, since the password is sent in clear"
            )
        if self.password is not None and len(self.password) < SHORTEST_PASSWORD:
            raise ConfigurationError(f"the password for the web has less than {SHORTEST_PASSWORD} characters")
        for name in self.public_names:
            if not _NAME.fullmatch(name.lower()):
                raise ConfigurationError(
                    f"--public-name {name!r} is no host name; it looks like ims.example.com, without https:// and port"
                )
        return self

    @property
    def names(self) -> frozenset[str]:
        """What the Host header may say, in small letters and without a port."""
        return LOOPBACK_NAMES | {self.host.lower()} | {name.lower() for name in self.public_names}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def web_password(path: Path | None) -> str | None:
    """The first line of the file, else IMS_WEB_PASSWORD, else None.

    Raises ConfigurationError for a file that cannot be read, others may read, or that says nothing.
    """
    if path is None:
        given = WebConfig().password
        return given.get_secret_value() if given else None
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"others may read {path}: run chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--password-file {path}: {getattr(error, 'strerror', None) or error}") from error
    if not lines or not lines[0].strip():
        raise ConfigurationError(f"--password-file {path}: the first line is empty; it must be the password")
    return lines[0].strip()
