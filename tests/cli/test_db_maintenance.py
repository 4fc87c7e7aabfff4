"""`ims db cleanup`, `refresh` and `check`: what is shown, asked, done, and how it ends."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims, clean_environment
from tests.cli.db_archive import loaded_archive, on_terminal
from tests.forked import IMS


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    made = loaded_archive(tmp_path)
    yield made
    EmbeddedServer(tmp_path / "data").stop()


def sessions(ims: Ims) -> int:
    return len(json.loads(ims.run("db", "history", "--json").stdout))


def test_cleanup_shows_asks_and_deletes(archive: Ims) -> None:
    arguments = ("db", "cleanup", "--older-than", "90d")
    shown = archive.run(*arguments, "--dry-run")
    assert shown.returncode == 0
    assert shown.stdout.startswith("completed sessions")
    assert "ims db load UUID" in shown.stderr
    refused = archive.run(*arguments)
    assert (refused.returncode, refused.stdout) == (2, shown.stdout)
    assert "--yes" in refused.stderr
    code, seen = on_terminal(archive, *arguments, answer="n\n")
    assert (code, "Delete this from the database?" in seen, sessions(archive)) == (0, True, 3)
    code, seen = on_terminal(archive, *arguments, answer="y\n")
    assert (code, "1 sessions were deleted." in seen, sessions(archive)) == (0, True, 2)
    done = archive.run(*arguments, "--yes")
    assert (done.returncode, done.stderr) == (0, "Nothing is as old as that.\n")
    assert len(archive.run("db", "export", "--format", "jsonl").stdout.splitlines()) == 6
    assert archive.run("db", "check").returncode == 0


def test_cleanup_for_programs(archive: Ims) -> None:
    refused = archive.run("db", "cleanup", "--older-than", "1w", "--user", "lee", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["deleted"] is None
    done = archive.run("db", "cleanup", "--older-than", "1w", "--user", "lee", "--json", "--yes")
    found = json.loads(done.stdout)
    assert [row["status"] for row in found["would_delete"]["sessions"]] == ["failed"]
    assert (found["would_delete"]["links"], found["deleted"]) == (1, {"sessions": 1, "audit_months": []})
    assert sessions(archive) == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "say how old"),
        (("--older-than", "0d"), "'0d' is no age"),
        (("--older-than", "90"), "'90' is no age"),
        (("--audit-older-than", "90x"), "--audit-older-than: '90x' is no age"),
        (("--older-than", "90d", "--audit-older-than", "90d", "--user", "kim"), "not with --user"),
        (("--audit-older-than", "90d", "--user", "kim"), "give --older-than"),
    ],
)
def test_what_cleanup_refuses(ims: Ims, arguments: tuple[str, ...], reason: str) -> None:
    done = ims.run("db", "cleanup", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert list(ims.folder.iterdir()) == []


def test_refresh(archive: Ims) -> None:
    done = json.loads(archive.run("db", "refresh", "--all", "--json").stdout)
    assert (done["pending"], len(done["days"]), set(done["days"].values())) == (0, 3, {1})
    done = json.loads(archive.run("db", "refresh", "--day", "2020-02-29", "--month", "2020-02", "--json").stdout)
    assert done == {"pending": 0, "days": {"2020-02-29": 0}, "months": {"2020-02": 0}}
    assert "0 days and 0 months" in archive.run("db", "refresh").stderr
    for option, value in (("--day", "2020-02-30"), ("--month", "2020-13"), ("--month", "2020-1")):
        refused = archive.run("db", "refresh", option, value)
        assert refused.returncode == 2
        assert f"{option}: '{value}' is no" in refused.stderr


def test_check_groups_caps_and_says_how_to_mend(archive: Ims) -> None:
    agreed = archive.run("db", "check")
    assert (agreed.returncode, agreed.stderr.splitlines()[-1]) == (0, "Files and database agree.")
    archive.run(
        "db", "psql", "-c", "UPDATE issues SET crawl_count = 7; DELETE FROM session_errors WHERE session_id = 1"
    )
    done = archive.run("db", "check")
    assert done.returncode == 1
    assert done.stdout.startswith("errors differ: 1\n")
    assert "crawl count differs: 6\n" in done.stdout
    assert done.stdout.count("crawl_count is 7") == 5
    assert "  and 1 more: ims db check --json\n" in done.stdout
    found = json.loads(archive.run("db", "check", "--json").stdout)
    assert (found["agree"], found["counts"]) == (False, {"errors_differ": 1, "crawl_count_differs": 6})
    assert len(found["findings"]) == 7
    for finding in found["findings"]:
        follow(archive, finding["mend"])
    whole = json.loads(archive.run("db", "check", "--json").stdout)
    assert whole == {"findings": [], "agree": True, "counts": {}, "looked_at": found["looked_at"]}


@pytest.mark.long
def test_a_lost_attachment_is_fetched_again_by_the_advice(ims_at: Ims) -> None:
    crawled = ims_at.run("crawl", "-m", "10", "--no-related", "--yes")
    assert crawled.returncode == 0, crawled.stderr
    assert ims_at.run("db", "check").returncode == 0
    files = sorted(path for path in (ims_at.folder / "data" / "attachments").glob("*/*") if path.is_file())
    lost, changed = files[0], files[-1]
    content = lost.read_bytes(), changed.read_bytes()
    lost.unlink()
    changed.write_bytes(b"?" * len(content[1]))
    done = ims_at.run("db", "check", "--json")
    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert {finding["kind"] for finding in findings} == {"attachment_missing", "attachment_content_differs"}
    for finding in findings:
        follow(ims_at, finding["mend"])
    assert (lost.read_bytes(), changed.read_bytes()) == content
    again = ims_at.run("db", "check")
    assert again.returncode == 0, again.stdout


def follow(ims: Ims, advice: str) -> None:
    """Paste it into a shell in which `ims` is this one."""
    script = advice.replace("ims ", f"{shlex.quote(IMS)} ")
    environment = {**clean_environment(), **ims.environment}
    done = subprocess.run(
        ["sh", "-ec", script], cwd=ims.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stderr}"
