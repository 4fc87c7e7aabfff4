"""`ims serve` as a process: where it says it is, how it ends, and what it refuses."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Ims
from tests.web.conftest import Filled


@pytest.fixture
def loaded(archive: Filled, tmp_path: Path) -> Ims:
    """`ims` with the address of the filled archive."""
    where = archive.server.dsn(database=archive.database)
    return Ims(tmp_path, {"DATABASE_URL": where, "IMS_DATA_DIR": str(archive.data_dir)})


def address(process: subprocess.Popen[str]) -> str:
    """Where the process says that it is."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"http://\S+", line)
        if found:
            return found[0]
    raise AssertionError("it ended before it served")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(loaded: Ims, end: signal.Signals) -> None:
    process = loaded.start("serve", "--port", "0", "--user", "kim")
    where = address(process)
    with urllib.request.urlopen(where + "?q=deadlock") as answer:  # noqa: S310 - its own address
        page = answer.read().decode()
    assert "issues found" in page
    with urllib.request.urlopen(where + "sessions") as answer:  # noqa: S310
        assert answer.read().decode().count('<a href="/session/') == 1
    process.send_signal(end)
    said = process.communicate(timeout=30)
    assert (process.returncode, said[0]) == (0, "")
    assert said[1] == "The server has ended.\n"


def test_one_that_others_reach_asks_for_the_password(loaded: Ims) -> None:
    arguments = ("serve", "--host", "0.0.0.0", "--port", "0", "--user", "kym")  # noqa: S104
    process = loaded.start(*arguments, IMS_WEB_PASSWORD="a long enough one")
    assert process.stderr is not None
    assert "knows no user 'kym' yet" in process.stderr.readline()
    where = address(process).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(where)  # noqa: S310
    process.send_signal(signal.SIGTERM)
    assert "a long enough one" not in "".join(process.communicate(timeout=30))


def test_it_refuses_to_be_open_to_everybody(loaded: Ims) -> None:
    done = loaded.run("serve", "--host", "0.0.0.0")  # noqa: S104
    assert (done.returncode, done.stdout) == (2, "")
    assert "lets other machines in: give a password" in done.stderr


def test_a_port_that_is_taken(loaded: Ims) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = loaded.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port takes another one" in done.stderr


def test_without_an_archive_in_the_embedded_server(archive: Filled, tmp_path: Path) -> None:
    ims = Ims(tmp_path, {"IMS_DATA_DIR": str(archive.server.folder.parent)})
    done = ims.run("serve", "--port", "0")
    assert done.returncode == 2
    assert "ims db init" in done.stderr


def test_a_server_that_is_away_is_waited_for(loaded: Ims) -> None:
    process = loaded.start("serve", "--port", "0", DATABASE_URL="postgresql://nobody@127.0.0.1:9/nowhere")
    assert process.stderr is not None
    assert "Warning: the database does not answer" in process.stderr.readline()
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(address(process))  # noqa: S310
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.communicate()
