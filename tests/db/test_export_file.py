"""Where an export goes: whole or not at all, and nothing that is no file is replaced."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ims_spiders.db.export_file import export_target
from ims_spiders.exceptions import ConfigurationError, StorageError


def test_it_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with export_target(path) as file:
        file.write(b"one\n")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"one\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, ValueError])
def test_what_is_interrupted_leaves_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with export_target(path) as file:
            file.write(b"new")
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o600)
    link.symlink_to(real)
    with export_target(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    with export_target(path) as file:
        file.write(b"through")
    reader.join(10)
    assert read == [b"through"]
    assert path.is_fifo()


def test_a_full_disk_is_named() -> None:
    with pytest.raises(StorageError, match="/dev/full: No space left"), export_target(Path("/dev/full")) as file:
        file.write(b"x" * 100_000)


@pytest.mark.parametrize(("name", "reason"), [("", "is a folder"), ("no/such/out", "its folder is not there")])
def test_no_place_to_write_to(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason), export_target(tmp_path / name):
        pass
