"""Backups of files: what is copied and what is linked, what is kept, and what is refused."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import pytest

from ims_spiders.db.files import SessionFolder
from tests.cli.db_archive import _issue
from tests.db.factory import error, folder, issue, session
from tests.deploy.backups import BACKUP, RESTORE, Machine, files


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Two sessions with attachments, and no database."""
    made = Machine(tmp_path)
    for number in (1, 2):
        seen = [_issue(made.data, issue(100 * number + n, session_number=number)) for n in range(3)]
        folder(made.data, session(number, minutes=number), seen).append_error(error())
    for secret in ("state/ims.example.com-kim.json", "postgres/pgpass", "scrapyd/eggs/one.egg", "demo/session.json"):
        (made.data / secret).parent.mkdir(parents=True, exist_ok=True)
        (made.data / secret).write_text("c4n4ry")
    (made.data / "sessions" / ".lock").touch()
    return made


def backup(machine: Machine, *options: str) -> Path:
    return machine.backup("--files-only", *options)


def test_neither_logins_nor_what_can_be_had_again_is_in_it(machine: Machine) -> None:
    made = backup(machine)
    assert {path.split("/")[1] for path in files(made) if path.startswith("files/")} == {"sessions", "attachments"}
    assert not any(b"c4n4ry" in content for content in files(made).values())
    assert made.stat().st_mode & 0o777 == 0o700
    with_secrets = backup(machine, "--with-secrets")
    secrets = [name for name, content in files(with_secrets).items() if b"c4n4ry" in content]
    assert secrets == ["files/state/ims.example.com-kim.json"]


def test_the_next_one_holds_what_is_new_and_links_to_the_rest(machine: Machine) -> None:
    first = backup(machine)
    kept = files(first)
    changed, unchanged = sorted((machine.data / "sessions").glob("2*"))
    SessionFolder(changed).append_error(error("a new one"))
    (machine.data / "attachments" / "101" / "102-file1.log").unlink()
    second = backup(machine)
    errors = Path("sessions", changed.name, "errors.jsonl")
    assert (second / "files" / errors).read_bytes() == (machine.data / errors).read_bytes()
    assert not (second / "files" / errors).samefile(first / "files" / errors)
    linked = Path("files", "sessions", unchanged.name, "issues", "200.json")
    assert (second / linked).samefile(first / linked)
    assert not (second / linked).samefile(machine.data / linked.relative_to("files"))
    assert not (second / "files" / "attachments" / "101").exists()
    assert files(first) == kept
    third = backup(machine, "--keep", "2")
    assert machine.finished() == [second, third]
    for one in (second, third):
        assert machine.run(RESTORE, "--files-only", "--dry-run", str(one)).returncode == 2
    machine.environment["IMS_DATA_DIR"] = "elsewhere"
    assert machine.run(RESTORE, "--files-only", str(third)).returncode == 0
    for name in ("sessions", "attachments"):
        assert files(machine.folder / "elsewhere" / name) == files(machine.data / name)


def test_a_dry_run_writes_nothing(machine: Machine) -> None:
    done = machine.run(BACKUP, "--files-only", "--dry-run", str(machine.backups))
    assert done.returncode == 0
    assert "would copy 10 files of sessions, and link 0" in done.stdout
    assert not machine.backups.exists()
    made = backup(machine)
    before = sorted(machine.folder.rglob("*"))
    done = machine.run(BACKUP, "--files-only", "--dry-run", str(machine.backups))
    assert "would copy 0 files of sessions, and link 10" in done.stdout
    machine.environment["IMS_DATA_DIR"] = "elsewhere"
    assert machine.run(RESTORE, "--dry-run", str(made)).returncode == 0
    assert sorted(machine.folder.rglob("*")) == before


@pytest.mark.parametrize("damage", ["changed", "lost", "added", "unlisted"])
def test_what_is_not_as_it_was_made_is_not_restored(machine: Machine, damage: str) -> None:
    made = backup(machine)
    victim = next((made / "files" / "attachments").rglob("*.log"))
    if damage == "changed":
        victim.write_bytes(b"x" * victim.stat().st_size)
    elif damage == "lost":
        victim.unlink()
    elif damage == "added":
        (victim.parent / "more.log").touch()
    else:
        (made / "SHA256SUMS").write_text("")
    machine.environment["IMS_DATA_DIR"] = "elsewhere"
    done = machine.run(RESTORE, "--files-only", str(made))
    assert done.returncode == 1
    assert made.name in done.stderr
    assert victim.name in done.stderr or damage in {"added", "unlisted"}
    assert not (machine.folder / "elsewhere").exists()


def test_nothing_is_written_over(machine: Machine) -> None:
    made = backup(machine)
    before = files(machine.data)
    done = machine.run(RESTORE, "--files-only", str(made))
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert files(machine.data) == before


def test_one_that_fails_leaves_nothing_of_itself_and_the_others_whole(machine: Machine) -> None:
    first = backup(machine)
    kept = files(machine.backups)
    (machine.data / "attachments" / "line\nbreak").write_text("no name for a list of files")
    done = machine.run(BACKUP, "--files-only", "--keep", "1", str(machine.backups))
    assert done.returncode == 1
    assert machine.finished() == [first]
    assert files(machine.backups) == kept


def test_two_at_once(machine: Machine) -> None:
    machine.backups.mkdir()
    with (machine.backups / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = machine.run(BACKUP, "--files-only", str(machine.backups))
    assert done.returncode == 1
    assert "another backup" in done.stderr
    assert machine.finished() == []


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        (BACKUP, [], "it needs the folder"),
        (BACKUP, ["--nope", "x"], "there is no option --nope"),
        (BACKUP, ["x", "y"], "one folder, not two"),
        (BACKUP, ["--keep", "0", "x"], "--keep must be a number"),
        (BACKUP, ["--keep"], "--keep needs a value"),
        (BACKUP, ["--ims", "/nowhere/ims", "x"], "there is no ims"),
        (BACKUP, ["x"], "there is no database in"),
        (RESTORE, [], "it needs the backup"),
        (RESTORE, ["--files-only", "--database-only", "x"], "exclude each other"),
        (RESTORE, ["/"], "has no MANIFEST"),
    ],
)
def test_wrong_options(machine: Machine, script: Path, arguments: list[str], said: str) -> None:
    done = machine.run(script, *arguments)
    assert (done.returncode, done.stdout) == (1 if "/nowhere/ims" in arguments else 2, "")
    assert said in done.stderr
    assert not machine.backups.exists()


def test_wrong_settings_are_named(machine: Machine) -> None:
    machine.environment["IMS_TIMEZONE"] = "Mars"
    done = machine.run(BACKUP, "x")
    assert done.returncode == 2
    assert "IMS_TIMEZONE" in done.stderr


@pytest.mark.parametrize("script", [BACKUP, RESTORE])
def test_help_names_every_option(machine: Machine, script: Path) -> None:
    done = machine.run(script, "--help")
    assert done.returncode == 0
    handled = set(re.findall(r"^ +(--[a-z-]+)\)", script.read_text(), re.MULTILINE))
    assert set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE)) == handled >= {"--dry-run", "--ims", "--bin"}
    assert os.access(script, os.X_OK)
