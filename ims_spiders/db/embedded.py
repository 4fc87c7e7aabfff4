"""The PostgreSQL that comes with the package: one server per data directory, running until it is stopped.

It listens on 127.0.0.1 only and asks for a password, which lies in a 0600 file that the DSN names. So psql, notebooks
and reporting tools can use it, no other account of the machine can, and no DSN holds a secret.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2

from ims_spiders.db import cluster
from ims_spiders.db.cluster import DATABASE, OWNER, SUPERUSER, VERSION, EmbeddedServerError

START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What `ims db status` shows of the embedded server. `pid` and `port` are set while it runs."""

    running: bool
    folder: Path
    version: str | None = None
    pid: int | None = None
    port: int | None = None


class EmbeddedServer:
    """The server under `<data_dir>/postgres`; made on the first start, which creates the database as well.

    `version` is the major version that a new one gets, 16 or 18; an existing one keeps its own.
    """

    def __init__(self, data_dir: Path, version: str = VERSION):
        self._version = version
        self.folder = data_dir.absolute() / "postgres"
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"

    def start(self) -> ServerStatus:
        """Make it run, whoever else tries the same at this moment. Nothing happens when it runs already.

        Raises EmbeddedServerError with the end of the server's log when it does not come up.
        """
        deadline = time.monotonic() + START_SECONDS
        with self._lock():
            while True:
                if not self.status().running:
                    self._prepare()
                    self._launch()
                try:
                    cluster.create_database(self.dsn(SUPERUSER, "postgres"), self.passfile)
                    return self.status()
                except (psycopg2.OperationalError, EmbeddedServerError) as error:
                    # One that was being killed when it was looked at is found gone the next time.
                    if time.monotonic() > deadline:
                        message = f"the embedded PostgreSQL in {self.folder} does not answer: {error}"
                        raise EmbeddedServerError(message) from error
                    time.sleep(0.1)

    def stop(self) -> bool:
        """End it after its running transactions were rolled back. Returns whether it ran."""
        with self._lock():
            pid = cluster.running_pid(self.cluster)
            if pid is None:
                return False
            cluster.shut_down(self.cluster, pid, STOP_SECONDS)
            return True

    def status(self) -> ServerStatus:
        """Whether it runs, and where. Never starts anything."""
        version = cluster.data_version(self.cluster)
        pid = cluster.running_pid(self.cluster)
        port = cluster.running_port(self.cluster) if pid is not None else None
        return ServerStatus(pid is not None and port is not None, self.folder, version, pid, port)

    @property
    def passfile(self) -> Path:
        """The libpq password file (0600) of the server's accounts."""
        return self.folder / "pgpass"

    def dsn(self, user: str = OWNER, database: str = DATABASE, passfile: Path | None = None) -> str:
        """How to connect, for psql and other programs on libpq: the archive's owner, and no password in it.

        The password comes from `passfile`, by default the one of the server's own accounts.

        Raises EmbeddedServerError when the server does not run.
        """
        port = cluster.running_port(self.cluster) if cluster.running_pid(self.cluster) is not None else None
        if port is None:
            raise EmbeddedServerError(f"the embedded PostgreSQL in {self.folder} does not run; start it: ims db start")
        secrets = quote(str(passfile or self.passfile), safe="/")
        return f"postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable&passfile={secrets}"

    def password(self, user: str = OWNER) -> str:
        """The password of one of the server's accounts. Raises EmbeddedServerError when there is none."""
        return cluster.read_password(self.passfile, user)

    def psql_path(self) -> Path:
        """The psql that belongs to this server."""
        return cluster.binary("psql", cluster.data_version(self.cluster))

    def _prepare(self) -> None:
        """Have a cluster that can be started: a new one, or one whose last server left nothing behind."""
        if cluster.data_version(self.cluster) is None:
            cluster.initialise(self.folder, self.cluster, self.passfile, self._version)
        cluster.clear_remains(self.cluster, START_SECONDS)

    def _launch(self) -> None:
        """Start the server on the port it had before, or on a free one, and wait until it answers."""
        failure = ""
        for port in cluster.candidate_ports(self.folder):
            pid = cluster.spawn(self.cluster, self.log, port)
            deadline = time.monotonic() + START_SECONDS
            while time.monotonic() < deadline and cluster.is_alive(pid):
                if cluster.is_ready(self.cluster, pid):
                    cluster.remember_port(self.folder, port)
                    return
                time.sleep(0.05)
            failure = cluster.tail(self.log)
            if "could not bind" not in failure:
                break
        raise EmbeddedServerError(f"the embedded PostgreSQL in {self.folder} did not start:\n{failure}")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time starts or stops this server."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"cannot keep a database in {self.folder}: {reason}; set IMS_DATA_DIR or DATABASE_URL"
            raise EmbeddedServerError(message) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
