"""Help, usage and errors: what everybody sees first."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Ims, clean_environment
from tests.forked import IMS

COMMANDS = [
    ("crawl",),
    ("demo",),
    ("demo-tracker",),
    ("doctor",),
    ("db",),
    *[("db", name) for name in ("init", "start", "stop", "status", "url", "psql", "load", "user")],
    ("db", "user", "add"),
]


def test_help_comes_at_once(ims: Ims) -> None:
    ims.run("--help")  # compiles what is not compiled yet
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert ims.run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < 0.5


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys\nsys.argv = ['ims', '--help']\nfrom ims_spiders.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    heavy = {'scrapy', 'twisted', 'sqlalchemy', 'playwright', 'pydantic', 'aiohttp', 'rich'}\n"
        "    print('LOADED', *sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(ims: Ims, command: tuple[str, ...]) -> None:
    done = ims.run(*command, "-h")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: ims {' '.join(command)}")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_version(ims: Ims) -> None:
    assert ims.run("--version").stdout.startswith("ims_spiders 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("crawl", "--nonsense"),
        ("crawl", "--max-results", "many"),
        ("crawl", "--max-results", "-1"),
        ("crawl", "--refresh", "some"),
        ("nonsense",),
        ("db", "user", "add"),
        ("db", "user", "add", "kim", "--role", "king"),
    ],
    ids=" ".join,
)
def test_usage_errors_exit_with_2(ims: Ims, arguments: tuple[str, ...]) -> None:
    done = ims.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr


def test_a_wrong_setting_is_named_without_its_value(ims: Ims) -> None:
    done = ims.run("crawl", IMS_BASE_URL="https://me:hidden@ims.example.com")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: IMS_BASE_URL: ")
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_where(ims: Ims) -> None:
    done = ims.run("--debug", "crawl", IMS_BASE_URL="ftp://ims.example.com")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "ConfigurationError: IMS_BASE_URL" in done.stderr


def test_a_disk_that_refuses_exits_with_4(ims_at: Ims) -> None:
    (ims_at.folder / "file").write_text("not a folder")
    done = ims_at.run("crawl", "--no-database", IMS_DATA_DIR="file/data", IMS_RENDER="never")
    assert done.returncode == 4
    assert "IMS_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_login_exits_with_3(ims_at: Ims) -> None:
    done = ims_at.run("crawl", "--no-database", IMS_PASSWORD="wrong-password", IMS_RENDER="never")
    assert done.returncode == 3
    assert "wrong-password" not in done.stdout + done.stderr


def test_a_database_password_is_in_no_error(ims: Ims) -> None:
    done = ims.run("db", "init", DATABASE_URL="postgresql://me:hidden@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_whole_tracker_is_copied_only_after_a_yes(ims_at: Ims) -> None:
    ours, theirs = pty.openpty()
    environment = {**clean_environment(), **ims_at.environment}
    command = [IMS, "crawl", "-m", "0", "--no-database"]
    with subprocess.Popen(
        command,
        cwd=ims_at.folder,
        env=environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, b"n\n")
        _, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 2
    assert "every issue of every product" in said
    assert not (ims_at.folder / "data").exists()


def test_dot_env_is_read_and_the_environment_goes_before_it(ims: Ims, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IMS_BASE_URL=ftp://from-file.example.com\n")
    assert "IMS_BASE_URL" in ims.run("crawl").stderr
    done = ims.run("crawl", IMS_BASE_URL="https://ims.example.com")
    assert "no login given" in done.stderr
