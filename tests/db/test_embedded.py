"""The embedded server: started once, found again, killed, moved, kept to its owner."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from ims_spiders.db import cluster
from ims_spiders.db.cluster import SUPERUSER, EmbeddedServerError
from ims_spiders.db.embedded import EmbeddedServer

PYTHON = sys.executable
START = (
    "import sys; from pathlib import Path; from ims_spiders.db.embedded import EmbeddedServer\n"
    "print(EmbeddedServer(Path(sys.argv[1])).start().pid)"
)


@pytest.fixture
def server(prototype: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A stopped server of the test's own, below a long path with a blank and Korean in it."""
    data_dir = tmp_path / ("긴 이름 $(touch x) " + "n" * 100) / "데이터"
    shutil.copytree(prototype, data_dir, symlinks=True)
    (data_dir / "postgres" / "port").unlink()
    made = EmbeddedServer(data_dir)
    yield made
    made.stop()


def ask(server: EmbeddedServer, query: str) -> object:
    """The answer to a query, over a connection made from the DSN alone."""
    connection = psycopg2.connect(server.dsn(), connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            (answer,) = cursor.fetchone() or (None,)
            return answer
    finally:
        connection.close()


def test_it_starts_answers_and_stops(server: EmbeddedServer) -> None:
    assert not server.status().running
    with pytest.raises(EmbeddedServerError, match="ims db start"):
        server.dsn()
    status = server.start()
    assert status.running
    assert status.version == "18"
    assert ask(server, "SELECT current_database() || ' ' || current_user") == "ims_crawler ims_owner"
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert ask(server, "SELECT lower('ÀÉ')") == "àé"
    assert server.start() == status
    assert server.stop()
    assert not server.stop()
    assert not server.status().running


def test_it_runs_on_when_its_starter_is_gone(server: EmbeddedServer) -> None:
    command = [PYTHON, "-c", START, str(server.folder.parent)]
    pid = int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    assert server.status().pid == pid
    assert ask(server, "SELECT 1") == 1


def test_many_starters_make_one_server(tmp_path: Path) -> None:
    """Also when there is nothing yet: one of them makes the cluster, the others find it."""
    data_dir = tmp_path / "new"
    command = [PYTHON, "-c", START, str(data_dir)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    answers = [starter.communicate(timeout=90) for starter in starters]
    try:
        assert [starter.returncode for starter in starters] == [0, 0, 0], answers
        assert len({answer[0] for answer in answers}) == 1
    finally:
        EmbeddedServer(data_dir).stop()


def test_a_killed_server_starts_again_and_keeps_what_was_committed(server: EmbeddedServer) -> None:
    first = server.start()
    assert first.pid is not None
    ask(server, "SELECT lo_create(0)")
    connection = psycopg2.connect(server.dsn())
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    connection.commit()
    os.kill(first.pid, signal.SIGKILL)
    second = server.start()
    connection.close()
    assert second.pid != first.pid
    assert second.port == first.port
    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_pid_file_whose_number_is_somebody_elses_does_not_count(server: EmbeddedServer) -> None:
    """After a container's restart the number of the old server is often another process."""
    first = server.start()
    assert first.pid is not None
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    os.kill(first.pid, signal.SIGKILL)
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert not server.status().running
        assert server.start().running
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_half_made_clusters_are_made_anew(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    remains = server.folder / "new-1234" / "cluster"
    remains.mkdir(parents=True)
    (remains / "PG_VERSION").write_text("18\n")
    try:
        assert server.start().running
        assert not remains.exists()
    finally:
        server.stop()


def test_the_port_stays_unless_somebody_took_it(server: EmbeddedServer) -> None:
    port = server.start().port
    assert port is not None
    server.stop()
    assert server.start().port == port
    server.stop()
    with socket.socket() as taken:
        # The server's own connections may still linger on it.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        other = server.start().port
    assert other != port
    assert ask(server, "SELECT 1") == 1


def test_only_who_can_read_the_password_gets_in(server: EmbeddedServer) -> None:
    status = server.start()
    assert stat.S_IMODE(server.passfile.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert server.password() not in server.dsn()
    for user in ("ims_owner", SUPERUSER):
        dsn = f"postgresql://{user}@127.0.0.1:{status.port}/postgres?sslmode=disable&passfile=/dev/null"
        for password in ("", "wrong"):
            with pytest.raises(psycopg2.OperationalError, match=r"password|authentication"):
                psycopg2.connect(dsn, password=password)


def test_it_listens_on_loopback_alone(server: EmbeddedServer) -> None:
    server.start()
    assert ask(server, "SHOW listen_addresses") == "127.0.0.1"
    lines = (server.cluster / "postmaster.pid").read_text().splitlines()
    assert lines[4].strip() == ""
    assert list(server.folder.rglob(".s.PGSQL*")) == []


def test_the_owner_is_no_superuser(server: EmbeddedServer) -> None:
    server.start()
    assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(server, "SELECT pg_read_file('/etc/passwd')")


def test_a_dropped_database_comes_back_empty(server: EmbeddedServer) -> None:
    server.start()
    connection = psycopg2.connect(server.dsn(database="postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE ims_crawler")
    connection.close()
    server.start()
    assert ask(server, "SELECT current_database()") == "ims_crawler"


def test_no_folder_outside_changes_its_permissions(prototype: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    shutil.copytree(prototype, closed / "data", symlinks=True)
    closed.chmod(0o700)
    folders = [closed, *closed.parents]
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in folders]
    server = EmbeddedServer(closed / "data")
    try:
        server.start()
        assert ask(server, "SELECT 1") == 1
        assert [(folder.stat().st_mode, folder.stat().st_uid) for folder in folders] == before
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why(server: EmbeddedServer) -> None:
    with (server.cluster / "postgresql.conf").open("a") as file:
        file.write("\nshared_buffers = 'plenty'\n")
    began = time.monotonic()
    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        server.start()
    assert time.monotonic() - began < 20


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="IMS_DATA_DIR"):
        EmbeddedServer(tmp_path / "file").start()


def test_psql_connects_with_nothing_but_the_dsn(server: EmbeddedServer) -> None:
    server.start()
    command = [str(server.psql_path()), "-X", "-At", "-c", "SELECT 'hello 안녕'", server.dsn()]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert result.stdout == "hello 안녕\n"


def test_nobody_runs_a_shell(server: EmbeddedServer, tmp_path: Path) -> None:
    """The data folder's name holds a command."""
    server.start()
    assert list(tmp_path.rglob("x")) == []
    assert not Path("x").exists()


USE = (
    "import sys, psycopg2; from pathlib import Path; from ims_spiders.db.embedded import EmbeddedServer\n"
    "server = EmbeddedServer(Path(sys.argv[1])); pid = server.start().pid\n"
    "psycopg2.connect(server.dsn()).cursor().execute('SELECT 1')\n"
    "print(Path(f'/proc/{pid}/status').read_text()); print('stopped', server.stop())"
)
AS_ORDINARY_USER = (
    "import ctypes, os, sys; from pathlib import Path\n"
    "ctypes.CDLL(None).unshare(0x10000000); Path('/proc/self/setgroups').write_text('deny')\n"
    "Path('/proc/self/uid_map').write_text('1000 0 1'); Path('/proc/self/gid_map').write_text('1000 0 1')\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
AS_ROOT_OF_A_CONTAINER = (
    "import ctypes, os, sys; from pathlib import Path\n"
    "ctypes.CDLL(None).unshare(0x10000000); print('ready', flush=True); sys.stdin.readline()\n"
    "Path('/proc/sys/user/max_user_namespaces').write_text('0')\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@only_root
def test_an_ordinary_user_can_run_one(prototype: Path, tmp_path: Path) -> None:
    """In a user namespace root's own files belong to user 1000, who has no right beyond that."""
    shutil.copytree(prototype, tmp_path / "data", symlinks=True)
    command = [PYTHON, "-c", AS_ORDINARY_USER, "-c", f"import os; assert os.geteuid() == 1000\n{USE}"]
    result = subprocess.run([*command, str(tmp_path / "data")], check=False, capture_output=True, text=True, timeout=90)
    assert result.returncode == 0, result.stderr
    assert "stopped True" in result.stdout


@only_root
def test_root_in_a_container_without_namespaces_can_run_one(prototype: Path, tmp_path: Path) -> None:
    """There it runs as another account, also below a folder that is closed to that account."""
    closed = tmp_path / "closed"
    shutil.copytree(prototype, closed / "data", symlinks=True)
    closed.chmod(0o700)
    command = [PYTHON, "-c", AS_ROOT_OF_A_CONTAINER, "-c", USE, str(closed / "data")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as container:
        assert container.stdout is not None
        assert container.stdout.readline() == "ready\n"
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{container.pid}/{name}").write_text("0 0 65536")
        output, errors = container.communicate("go\n", timeout=90)
    assert container.returncode == 0, errors
    assert "stopped True" in output
    (uid,) = (line.split()[1] for line in output.splitlines() if line.startswith("Uid:"))
    assert uid != "0"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    # And back again where namespaces are to be had: the files belong to root once more.
    server = EmbeddedServer(closed / "data")
    try:
        assert server.start().running
        assert {path.stat().st_uid for path in server.folder.rglob("*")} == {0}
    finally:
        server.stop()


@pytest.mark.long
def test_it_works_out_of_a_zipped_egg(own_server: EmbeddedServer, tmp_path: Path) -> None:
    """Scrapyd imports projects from such a file without unpacking it."""
    root = Path(__file__).parents[2]
    egg = tmp_path / "ims_spiders.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        package = root / "ims_spiders"
        data = [*(package / "db" / "sql").glob("*.sql"), package / "search" / "synonyms.txt"]
        for path in [*package.rglob("*.py"), *data]:
            archive.write(path, path.relative_to(root))
    program = (
        f"import sys; sys.path.insert(0, {str(egg)!r}); import ims_spiders; assert '.egg' in ims_spiders.__file__\n"
        "from pathlib import Path; from ims_spiders.config import DatabaseConfig\n"
        "from ims_spiders.db import engine, schema\n"
        "print(schema.initialise(engine.connect(DatabaseConfig(), Path(sys.argv[1]))))"
    )
    command = [PYTHON, "-I", "-c", program, str(own_server.folder.parent)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "True\n"


def test_programs_are_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)
    with pytest.raises(EmbeddedServerError, match="DATABASE_URL"):
        cluster.binary("postgres")
