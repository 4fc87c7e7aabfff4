"""What the doctor says of disks, the environment and files; and that its advice mends what it is about."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ims_spiders.cli import checks_disk
from ims_spiders.cli.checks import scrapyd
from ims_spiders.cli.checks_disk import Refused, data_folder, longest_name, room, temporary_folder, try_disk
from ims_spiders.cli.checks_files import killed_sessions, leftovers, private_files
from ims_spiders.cli.checks_result import Check
from ims_spiders.cli.checks_settings import configuration, environment
from ims_spiders.config import TrackerConfig
from ims_spiders.db.files import SessionFolder
from ims_spiders.db.status import Sessions
from ims_spiders.items import Attachment
from ims_spiders.pipelines.names import LONGEST_NAME, attachment_path
from tests.cli.conftest import Ims
from tests.cli.test_doctor import verdicts
from tests.db.factory import folder, session

PLAIN = {"IMS_BASE_URL": "http://127.0.0.1:9", "IMS_RENDER": "never", "USE_DATABASE": "false"}


def follow(check: Check) -> None:
    """Do what a check says is to be run."""
    assert check.advice is not None
    assert check.advice.startswith("run: ")
    subprocess.run(check.advice.removeprefix("run: "), shell=True, check=True)  # noqa: S602 - as a user pastes it


def test_a_disk_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    try_disk(tmp_path)
    assert list(tmp_path.iterdir()) == []
    attachment = Attachment(file_id="9" * 99, kind="INLINE", filename="한" * 99)
    other = replace(attachment, kind="ISSUE")
    longest = attachment_path("7", attachment, [other, attachment]).rpartition("/")[2]
    assert len(longest.encode()) <= len(longest_name().encode()) < LONGEST_NAME + 70
    found = data_folder(tmp_path / "not" / "yet")
    assert found.ok
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("refused", ["file", "folder"])
def test_a_disk_that_confirms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    """As some network file systems do."""
    fsync = os.fsync

    def refusing(descriptor: int) -> None:
        if Path(f"/dev/fd/{descriptor}").is_dir() == (refused == "folder"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    found = data_folder(tmp_path)
    assert not found.ok
    assert "fsync" in found.found
    assert ("of the folder" in found.found) == (refused == "folder")
    assert "IMS_DATA_DIR" in (found.advice or "")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_knows_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refusing)
    found = data_folder(tmp_path)
    assert not found.ok
    assert "locks" in found.found


def test_a_disk_that_takes_no_long_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_disk, "longest_name", lambda: "한" * 100)
    with pytest.raises(Refused, match="names"):
        try_disk(tmp_path)


def test_the_embedded_servers_folder_is_tried_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres").mkdir()
    tried: list[Path] = []
    monkeypatch.setattr(checks_disk, "try_disk", tried.append)
    assert data_folder(tmp_path).ok
    assert tried == [tmp_path, tmp_path / "postgres"]


def test_room_is_counted_in_bytes_and_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert room(tmp_path, 1) is None
    assert "GB" in (room(tmp_path, 1 << 60) or "")
    monkeypatch.setattr(checks_disk, "FREE_FILES", 1 << 62)
    disk = os.statvfs(tmp_path)
    assert ("inodes" in (room(tmp_path, 1) or "")) == (disk.f_files > 0)


def test_a_temporary_folder_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    found = temporary_folder()
    assert not found.ok
    assert "TMPDIR" in (found.advice or "")
    (tmp_path / "gone").mkdir()
    assert temporary_folder().ok


def test_a_path_too_long_for_what_is_to_come(tmp_path: Path) -> None:
    found = data_folder(tmp_path / "/".join(["d" * 200] * 19))
    assert not found.ok
    assert "path" in found.found


def test_passwords_that_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = TrackerConfig(data_dir=tmp_path / "data", cookie_file=tmp_path / "my cookies.txt")
    for name, content in {
        ".env": "IMS_PASSWORD=hidden\n",
        "my cookies.txt": "#",
        "data/state/tracker.json": "{}",
        "data/state/database/kim.pgpass": "x",
        "data/postgres/pgpass": "x",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o755)
        path.write_text(content)
        path.chmod(0o644)
        found = private_files(config)
        assert not found.ok, name
        assert path.name in found.found
        assert "hidden" not in found.found
        follow(found)
        assert private_files(config).ok, name
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["IMS_BASE_URL=https://ims.example.com\n", "IMS_PASSWORD=\n"])
def test_settings_without_a_password_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(content)
    (tmp_path / ".env").chmod(0o644)
    assert private_files(TrackerConfig(data_dir=tmp_path)).ok
    with (tmp_path / ".env").open("a") as file:
        file.write("DATABASE_URL=postgresql://kim:hidden@db/ims\n")
    assert not private_files(TrackerConfig(data_dir=tmp_path)).ok


def test_a_closed_folder_closes_what_is_in_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o700)
    (state / "login.json").touch(0o644)
    (state / "login.json").chmod(0o644)
    assert private_files(TrackerConfig(data_dir=tmp_path)).ok
    state.chmod(0o770)
    assert "login.json" in private_files(TrackerConfig(data_dir=tmp_path)).found


def test_a_cluster_that_others_can_enter_does_not_start(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    cluster.chmod(0o755)
    found = private_files(TrackerConfig(data_dir=tmp_path))
    assert not found.ok
    follow(found)
    assert private_files(TrackerConfig(data_dir=tmp_path)).ok


def test_what_killed_runs_have_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    issues = tmp_path / "data" / "sessions" / "s" / "issues"
    profile = tmp_path / "tmp" / "playwright_chromiumdev_profile-left"
    used = tmp_path / "tmp" / "playwright_chromiumdev_profile-used"
    for made in (issues, profile, used, tmp_path / "data" / "postgres" / "new-0a1b2c3d"):
        made.mkdir(parents=True)
    (issues / ".0123456789abcdef.tmp").touch()
    (issues / "1.json").touch()
    assert leftovers(tmp_path / "data").state == "ok", "what is young may be somebody's work"
    an_age_ago = time.time() - 7200
    for path in (profile, used, *(tmp_path / "data").rglob("*")):
        os.utime(path, (an_age_ago, an_age_ago))
    browser = subprocess.Popen(["/bin/sh", "-c", "sleep 60 # $0", f"--user-data-dir={used}"])
    try:
        found = leftovers(tmp_path / "data")
    finally:
        browser.kill()
        browser.wait()
    assert (found.state, found.ok) == ("warn", True)
    named = {".0123456789abcdef.tmp", "new-0a1b2c3d", profile.name}
    assert all(name in found.found for name in named)
    assert used.name not in found.found
    follow(found)
    assert [path.name for path in issues.iterdir()] == ["1.json"]
    assert not profile.exists()


def test_sessions_that_nobody_writes(tmp_path: Path) -> None:
    def look() -> Check:
        return killed_sessions(Sessions(tmp_path).look())

    assert look().found == "none yet"
    made = folder(tmp_path, session(status="running"), [])
    (made.path / ".lock").unlink(missing_ok=True)
    found = look()
    assert (found.state, found.ok) == ("warn", True)
    assert f"ims crawl --resume {made.read_session()['session_uuid']}" in (found.advice or "")
    assert not (made.path / ".lock").exists(), "looking changes nothing"
    writer = SessionFolder(made.path)
    writer.lock()
    assert look().state == "ok"
    writer.unlock()
    assert look().state == "warn"


def test_settings_in_another_charset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("IMS_USERNAME=김\n".encode("cp949"))
    found = configuration()
    assert not found.ok
    assert "UTF-8" in (found.advice or "")
    (tmp_path / ".env").write_text("IMS_USERNAME=김\n", encoding="utf-8")
    assert configuration().ok


def test_proxies_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    assert "PROXY" not in environment().found
    monkeypatch.setenv("https_proxy", "http://user:hidden@proxy.example.com:3128")
    found = environment()
    assert found.ok
    assert "HTTPS_PROXY is ignored" in found.found
    assert "hidden" not in found.found


@pytest.mark.parametrize(
    ("zone", "state"), [("Asia/Seoul", "ok"), ("KST-9", "ok"), (":UTC", "ok"), ("Asia/Soeul", "warn")]
)
def test_a_time_zone_that_is_none(monkeypatch: pytest.MonkeyPatch, zone: str, state: str) -> None:
    monkeypatch.setenv("TZ", zone)
    found = environment()
    assert found.state == state
    assert (zone in found.found) == (state == "warn")


def test_a_charset_without_korean_letters(ims: Ims) -> None:
    """It is told although it has no arrow either."""
    done = ims.run("doctor", **PLAIN, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 1
    assert "FAIL Environment: names of files are written in ascii" in done.stdout
    assert "\\u2192 set LANG=C.UTF-8" in done.stdout


def test_a_scrapyd_that_is_set_up_and_away(ims: Ims) -> None:
    settings = {"SCRAPYD_URL": "http://127.0.0.1:9/", "SCRAPYD_USERNAME": "kim", "SCRAPYD_PASSWORD": "hidden"}
    found = verdicts(ims, code=1, **PLAIN, **settings)["Scrapyd"]
    assert (found["state"], found["ok"]) == ("fail", False)
    assert "make scrapyd" in found["advice"]
    assert "hidden" not in str(found)


def test_a_scrapyd_that_ran_here_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"USERNAME": "kim", "PASSWORD": "hidden", "HTTP_PORT": "9"}.items():
        monkeypatch.setenv(f"SCRAPYD_{name}", value)
    monkeypatch.delenv("SCRAPYD_URL", raising=False)
    (found,) = scrapyd(TrackerConfig())
    assert (found.state, found.ok) == ("warn", True)
    monkeypatch.delenv("SCRAPYD_PASSWORD")
    assert list(scrapyd(TrackerConfig())) == []
