"""`ims demo` and `ims demo-tracker` as a newcomer runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ims_spiders.cli.demorun import QUERIES
from tests.cli.conftest import Ims, clean_environment


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ims, subprocess.CompletedProcess[str]]]:
    """A demo that has run, in a folder whose .env names another tracker, login and database."""
    ims = Ims(tmp_path_factory.mktemp("demo"))
    (ims.folder / ".env").write_text(
        "IMS_BASE_URL=https://real.example.com\nIMS_USERNAME=real\nIMS_PASSWORD=real-password\n"
        "DATABASE_URL=postgresql://me:real-secret@127.0.0.1:9/real\nIMS_DATA_DIR=real\n"
    )
    done = ims.run("demo")
    yield ims, done
    (ims.folder / ".env").unlink()
    ims.run("db", "stop", IMS_DATA_DIR="data/demo")


def test_the_demo_shows_its_session(finished: tuple[Ims, subprocess.CompletedProcess[str]]) -> None:
    ims, done = finished
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80
    assert any("State" in line and "completed" in line for line in table)
    (record,) = [json.loads(path.read_text()) for path in ims.folder.glob("data/demo/sessions/*/session.json")]
    assert record["product"] == "OpenFrame"
    assert record["issues_crawled"] > 100
    assert record["failed_issues"] == 0


def test_the_demo_touches_nothing_of_the_users(finished: tuple[Ims, subprocess.CompletedProcess[str]]) -> None:
    ims, done = finished
    assert sorted(path.name for path in ims.folder.iterdir()) == [".env", "data"]
    assert "real-" not in done.stdout + done.stderr


def test_its_queries_can_be_pasted(finished: tuple[Ims, subprocess.CompletedProcess[str]]) -> None:
    ims, done = finished
    commands = re.findall(r'^# .*\n([^"]*"[^"]*")$', done.stdout, re.MULTILINE)
    assert len(commands) == len(QUERIES) == 3
    for command in commands:
        environment = {**clean_environment(), "PATH": "/usr/bin:/bin"}
        pasted = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=ims.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert pasted.returncode == 0, pasted.stderr
        assert int(re.findall(r"\((\d+) rows?\)", pasted.stdout)[0]) > 0


def test_no_tracker_is_left(finished: tuple[Ims, subprocess.CompletedProcess[str]]) -> None:
    ims, _ = finished
    assert not [process for process in psutil.process_iter() if is_tracker_of(process, ims.folder)]


def is_tracker_of(process: psutil.Process, folder: Path) -> bool:
    try:
        return "demo-tracker" in process.cmdline() and Path(process.cwd()) == folder
    except psutil.Error:
        return False


def test_the_archive_can_be_rebuilt_and_the_server_stopped(
    finished: tuple[Ims, subprocess.CompletedProcess[str]],
) -> None:
    ims, done = finished
    (ims.folder / ".env").rename(ims.folder / "env")
    try:
        loaded = json.loads(ims.run("db", "load", "--json", IMS_DATA_DIR="data/demo").stdout)
        assert loaded["sessions"] == 1
        assert (loaded["new"], loaded["changed"], loaded["broken"]) == (0, 0, {})
        stop = next(line for line in done.stdout.splitlines() if line.startswith("to stop it: "))
        command = stop.removeprefix("to stop it: ")
        stopped = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=ims.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Stopped" in stopped.stderr
    finally:
        (ims.folder / "env").rename(ims.folder / ".env")


@pytest.mark.long
def test_ctrl_c_ends_the_demo_in_good_order(ims: Ims) -> None:
    with ims.start("demo", IMS_DATA_DIR="interrupted") as process:
        deadline = time.monotonic() + 60
        while not list(ims.folder.glob("interrupted/sessions/*/issues/*.json")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 7, said
    assert "Traceback" not in said
    record = json.loads(next(ims.folder.glob("interrupted/sessions/*/session.json")).read_text())
    assert record["status"] == "interrupted"
    assert not [found for found in psutil.process_iter() if is_tracker_of(found, ims.folder)]


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_tracker_serves_until_it_is_told_to_stop(ims: Ims, number: signal.Signals) -> None:
    with ims.start("demo-tracker", "--issues", "20") as process:
        url = address_of(process)
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=10):
            pass
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert f"IMS_BASE_URL={url}" in said
    assert "Traceback" not in said


def test_the_tracker_ends_with_its_input(ims: Ims) -> None:
    with ims.start("demo-tracker", "--issues", "20", "--stop-with-stdin") as process:
        assert address_of(process).startswith("http://127.0.0.1:")
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_trackers_password_comes_from_the_environment(ims: Ims) -> None:
    with ims.start(
        "demo-tracker", "--issues", "20", IMS_DEMO_USERNAME="lee", IMS_DEMO_PASSWORD="own-secret"
    ) as process:
        url = address_of(process)
        settings = {"IMS_BASE_URL": url, "IMS_USERNAME": "lee", "IMS_RENDER": "never", "USE_DATABASE": "false"}
        assert ims.run("doctor", "--login", **settings, IMS_PASSWORD="own-secret").returncode == 0
        assert ims.run("doctor", "--login", **settings, IMS_PASSWORD="demo").returncode == 1
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "own-secret" not in said


def test_the_trackers_faults_are_listed_and_checked(ims: Ims) -> None:
    listed = ims.run("demo-tracker", "--faults", "list")
    assert listed.returncode == 0
    assert len(listed.stdout.splitlines()) > 10
    for arguments in (("--faults", "nonsense"), ("--attachment-style", "nonsense")):
        done = ims.run("demo-tracker", *arguments)
        assert done.returncode == 2
        assert "nonsense" in done.stderr


def test_a_taken_port_is_named(ims: Ims) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = ims.run("demo-tracker", "--port", port)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
