"""The shell completes commands, options, and values from the archive, in a real bash; where there is none, nothing."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ims_spiders.db.favourites import add_favourite
from ims_spiders.db.history import Question
from ims_spiders.db.projection import Projection
from ims_spiders.db.schedules import add_schedule
from tests.cli.conftest import Ims, clean_environment
from tests.crawl.crawling import database_url
from tests.db.factory import folder, issue, session
from tests.forked import IMS


@pytest.fixture
def archive(ims: Ims, engine: Engine, projection: Projection) -> Ims:
    """`ims` with an archive that holds products, a schedule, a favourite and sessions."""
    content = session(1, 0)
    projection.write_session(content)
    projection.write_issues(
        content["session_uuid"],
        [issue(number, product=name) for number, name in enumerate(("OpenFrame Batch", "OpenFrame 제품", "Tibero"), 1)],
    )
    add_schedule(engine, "kim", "nightly", "@daily", "UTC", {})
    add_favourite(engine, "kim", "night crawl", Question(False, {}))
    folder(ims.folder / "data", session(1, 0), [])
    folder(ims.folder / "data", session(2, 9, session_uuid="abcdef02-0000-4000-8000-000000000000", exit_code=7), [])
    ims.environment["DATABASE_URL"] = database_url(engine)
    return ims


@cache
def script() -> str:
    """What `ims` prints for bash."""
    return subprocess.run([IMS, "--show-completion", "bash"], capture_output=True, text=True, check=True).stdout


def completed(ims: Ims, line: str, **more: str) -> list[str]:
    """What bash offers for the last word of the line, with the script that `ims` prints for it."""
    program = f"""
        {script()}
        COMP_LINE={line!r}; COMP_WORDS=({line}); [[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _ims_completion {IMS}; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**clean_environment(), **ims.environment, **more, "PATH": f"{Path(IMS).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=ims.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_commands_and_options(ims: Ims) -> None:
    assert completed(ims, "ims sch") == ["schedule"]
    assert completed(ims, "ims schedule re") == ["remove", "resume"]
    assert "--refresh" in completed(ims, "ims crawl --re")
    assert completed(ims, "ims crawl --refresh ch") == ["changed"]


def test_values(archive: Ims) -> None:
    for line, offered in (
        ("ims crawl -p OpenF", ["OpenFrame\\ Batch", "OpenFrame\\ 제품"]),
        ("ims schedule add x -p T", ["Tibero"]),
        ("ims schedule run ", ["nightly"]),
        ("ims history run ", ["night\\ crawl"]),
        ("ims crawl --resume ", ["last", "abcdef02"]),
    ):
        assert completed(archive, line) == offered, line


@pytest.mark.parametrize("line", ["ims crawl -p O", "ims schedule remove ", "ims crawl --resume a"])
def test_what_is_away_completes_nothing_and_starts_nothing(ims: Ims, line: str) -> None:
    assert completed(ims, line) == [""]
    assert completed(ims, line, DATABASE_URL="postgresql://me:hidden@127.0.0.1:9/none") == [""]
    assert list(ims.folder.iterdir()) == []


def test_it_is_installed_into_the_users_own_files(ims: Ims) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{IMS} --install-completion bash"], cwd=ims.folder, capture_output=True, text=True, timeout=60,
        env={**clean_environment(), "HOME": str(ims.folder)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_ims_completion" in (ims.folder / ".bash_completions" / "ims.sh").read_text()
    assert "ims.sh" in (ims.folder / ".bashrc").read_text()
