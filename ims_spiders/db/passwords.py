"""Passwords of the archive's users for the database: made here, kept in 0600 files that libpq reads."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from psycopg2.extensions import encrypt_password

from ims_spiders.db.durable import write_durably


class Passwords:
    """One libpq password file per database role, in `<data_dir>/state/database`: each lets in that role only."""

    def __init__(self, data_dir: Path):
        self._folder = data_dir.absolute() / "state" / "database"

    def path(self, role: str) -> Path:
        """The role's password file."""
        return self._folder / f"{role}.pgpass"

    def make(self, role: str) -> str:
        """A new password, in the file before it is the server's: a lost one could not be told again."""
        password = secrets.token_urlsafe(24)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(self.path(role), f"*:*:*:{role}:{password}\n".encode(), 0o600)
        return password

    def read(self, role: str) -> str | None:
        """The role's password, or None when it was not made on this machine."""
        try:
            return self.path(role).read_text().rstrip("\n").rpartition(":")[2]
        except FileNotFoundError:
            return None


def verifier(password: str, role: str, connection: Any) -> str:
    """What the server stores, so that the password is never part of a statement. Takes a psycopg2 connection."""
    return str(encrypt_password(password, role, scope=connection, algorithm="scram-sha-256"))
