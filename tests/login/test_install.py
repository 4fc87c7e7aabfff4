"""Set-up's search for a browser that starts: what it tries, and what it says when nothing helps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def install(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the step as `make setup` does; downloads end at a closed port of this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "PLAYWRIGHT_"))}
    ours = {"PLAYWRIGHT_BROWSERS_PATH": str(folder / "browsers"), "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "ims_spiders.login.install"],
        cwd=folder,
        env={**kept, **ours, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A program called chromium that starts nothing."""
    path = tmp_path / "bin" / "chromium"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 'error while loading shared libraries: libnss3.so' >&2\nexit 1\n")
    path.chmod(0o755)
    return path


def test_a_browser_that_starts_is_taken_as_it_is(tmp_path: Path) -> None:
    done = install(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("browser: ")
    assert not (tmp_path / "browsers").exists(), "nothing is to be downloaded where a browser starts"


def test_a_browser_asked_for_is_not_replaced(tmp_path: Path, broken: Path) -> None:
    done = install(tmp_path, IMS_BROWSER=str(broken))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{broken} does not start: ")
    assert "libnss3.so" in line
    assert "IMS_BROWSER" in line


def test_without_browser_network_and_apt_one_line_says_what_to_do(tmp_path: Path, broken: Path) -> None:
    broken.unlink()
    done = install(tmp_path, PATH=str(broken.parent))
    assert done.returncode == 1
    *tried, last = done.stderr.splitlines()
    assert [line.split()[0] for line in tried] == ["downloading", "installing"]
    assert "install Chromium or Chrome" in last
