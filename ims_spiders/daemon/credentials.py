"""Scrapyd's user name and password: the user's own, or generated at the first start and kept in a 0600 file."""

from __future__ import annotations

import netrc
import os
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from scrapyd.config import Config

USERNAME = "ims"
HOSTS = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Login:
    """Who may use the daemon."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r}, ***)"


def netrc_path(data_dir: Path) -> Path:
    """Where a generated password lies, as `curl --netrc-file` reads it."""
    return data_dir / "state" / "scrapyd.netrc"


def known_login(config: Config, data_dir: Path) -> Login | None:
    """The login from SCRAPYD_USERNAME and SCRAPYD_PASSWORD, else scrapyd.conf, else the file; None without password.

    Raises ConfigurationError when the file is not in netrc's form.
    """
    username = os.environ.get("SCRAPYD_USERNAME") or config.get("username", "")
    password = os.environ.get("SCRAPYD_PASSWORD") or config.get("password", "")
    if password:
        return Login(username or USERNAME, password)
    kept = _read(netrc_path(data_dir))
    return Login(username or kept.username, kept.password) if kept else None


def login_for_start(config: Config, data_dir: Path) -> Login:
    """The same; a password is generated and kept where there is none. Raises StorageError when it cannot be kept."""
    login = known_login(config, data_dir)
    if login is None:
        login = Login(os.environ.get("SCRAPYD_USERNAME") or config.get("username", "") or USERNAME, token_urlsafe(24))
        lines = [f"machine {host} login {login.username} password {login.password}\n" for host in HOSTS]
        write_durably(netrc_path(data_dir), "".join(lines).encode(), mode=0o600)
    return login


def _read(path: Path) -> Login | None:
    try:
        found = netrc.netrc(str(path)).authenticators(HOSTS[0])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, netrc.NetrcParseError) as error:
        # The exception's own text may quote the line with the password.
        message = f"{path} cannot be read as a netrc file; delete it, and the next start makes a new password"
        raise ConfigurationError(message) from error
    return Login(found[0], found[2] or "") if found and found[2] else None
