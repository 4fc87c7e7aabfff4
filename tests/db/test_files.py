"""The session folder: names, durability, one writer, reading back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.db.abandoned import interrupt_abandoned
from ims_spiders.db.durable import append_durably, write_durably
from ims_spiders.db.files import SessionFolder, find_session, session_folders, to_json
from ims_spiders.exceptions import ConfigurationError, SessionBusy, StorageError

STARTED = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
UUID = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    return SessionFolder.create(tmp_path, UUID, "OpenFrame", STARTED)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_what_began_within_one_second_is_in_order_too(tmp_path: Path, order: tuple[int, int]) -> None:
    made = []
    for number, place in enumerate(order):
        began = STARTED.replace(microsecond=number * 1000)
        folder = SessionFolder.create(tmp_path, f"{place:08d}{UUID[8:]}", "", began)
        folder.write_session({"session_uuid": UUID, "started_at": began.isoformat(timespec="milliseconds")})
        made.append(folder.path)
    assert [folder.path for folder in session_folders(tmp_path)] == made
    assert find_session(tmp_path, "last").path == made[-1]


def test_the_name_tells_time_product_and_uuid(folder: SessionFolder) -> None:
    assert folder.path.name == "20260506T070809Z-OpenFrame-0a1b2c3d"


@pytest.mark.parametrize(
    ("product", "label"),
    [("", "all"), ("../..", "all"), ("OpenFrame Base,070", "OpenFrame_Base_070"), ("제품", "제품")],
)
def test_any_product_makes_a_folder_inside_sessions(tmp_path: Path, product: str, label: str) -> None:
    made = SessionFolder.create(tmp_path, UUID, product, STARTED)
    assert made.path.parent == tmp_path / "sessions"
    assert made.path.name.split("-")[1] == label


@pytest.mark.parametrize("issue_id", ["../1", "", "1.json", "12a", "1" * 13, "١٢"])
def test_only_digits_name_an_issue(folder: SessionFolder, issue_id: str) -> None:
    with pytest.raises(ValueError, match="not an issue id"):
        folder.issue_path(issue_id)


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none()), max_size=5))
def test_any_text_survives(content: dict[str, object]) -> None:
    assert json.loads(to_json(content)) == content


def test_issues_are_listed_by_number(folder: SessionFolder) -> None:
    for issue_id in ("100000", "99999", "348115"):
        folder.write_issue(issue_id, {"issue_id": issue_id})
    (folder.path / "issues" / ".0123.tmp").write_text("torn")
    assert folder.issue_ids() == ["99999", "100000", "348115"]


def test_a_torn_line_of_errors_is_left_out(folder: SessionFolder) -> None:
    folder.append_error({"error_message": "오류"})
    with folder.errors_path.open("ab") as file:
        file.write(b'{"error_mess')
    assert folder.read_errors() == [{"error_message": "오류"}]


def test_an_error_after_a_torn_line_is_not_lost(folder: SessionFolder) -> None:
    folder.append_error({"n": 1})
    with folder.errors_path.open("ab") as file:
        file.write(b'{"torn')
    folder.append_error({"n": 2})
    assert folder.read_errors() == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("name", ["../../x", "a/b", ".hidden", "한글.html", ""])
def test_quarantine_stays_in_its_folder(folder: SessionFolder, name: str) -> None:
    path = folder.quarantine(name, b"<html>")
    assert path.parent == folder.path / "quarantine"
    assert path.read_bytes() == b"<html>"


def test_only_one_process_writes_a_session(folder: SessionFolder) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys;from pathlib import Path;from ims_spiders.db.files import SessionFolder;"
            "SessionFolder(Path(sys.argv[1])).lock();print('locked',flush=True);sys.stdin.read()",
            str(folder.path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        assert folder.is_locked()
        with pytest.raises(SessionBusy):
            folder.lock()
        holder.kill()
    assert not folder.is_locked()
    folder.lock()
    folder.unlock()


def test_finding_a_session(tmp_path: Path) -> None:
    first = SessionFolder.create(tmp_path, UUID, "a", STARTED)
    second = SessionFolder.create(tmp_path, "ffffffff-0000-4000-8000-000000000002", "b", datetime.now(UTC))
    first.write_session({"session_uuid": UUID})
    second.write_session({"session_uuid": "ffffffff-0000-4000-8000-000000000002"})
    assert [one.path for one in session_folders(tmp_path)] == [first.path, second.path]
    assert find_session(tmp_path, "last").path == second.path
    for name in (UUID, UUID[:8], first.path.name):
        assert find_session(tmp_path, name).path == first.path
    for name in ("0a1b", "nothing-like-it", ""):
        with pytest.raises(ConfigurationError, match="no session"):
            find_session(tmp_path, name)


def test_a_session_whose_process_was_killed_is_interrupted(tmp_path: Path) -> None:
    for uuid, status in ((UUID, "running"), ("ffffffff-0000-4000-8000-000000000002", "completed")):
        SessionFolder.create(tmp_path, uuid, status, STARTED).write_session({"session_uuid": uuid, "status": status})
    running = SessionFolder.create(tmp_path, "eeeeeeee-0000-4000-8000-000000000003", "held", STARTED)
    running.write_session({"session_uuid": "eeeeeeee-0000-4000-8000-000000000003", "status": "running"})
    running.lock()
    assert [one.read_session()["session_uuid"] for one in interrupt_abandoned(tmp_path)] == [UUID]
    assert find_session(tmp_path, UUID).read_session()["status"] == "interrupted"
    assert running.read_session()["status"] == "running"
    running.unlock()


def test_a_refused_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    write_durably(path, b"old")
    with pytest.raises(StorageError, match="IMS_DATA_DIR"):
        write_durably(path / "below", b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["session.json"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_no_name_appears_before_the_content_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    else:
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="No space left"):
        write_durably(tmp_path / "a.json", b"content")
    assert list(tmp_path.iterdir()) == []


def test_the_order_of_a_durable_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(number: int) -> None:
        calls.append("fsync")
        fsync(number)

    def noted_replace(self: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_durably(tmp_path / "a.json", b"content", mode=0o600)
    assert calls == ["fsync", "rename", "fsync"]
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600


def test_append_to_a_full_device() -> None:
    with pytest.raises(StorageError, match="No space left"):
        append_durably(Path("/dev/full"), b"line\n")
