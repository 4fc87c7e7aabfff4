"""What every command prints: 80 columns whatever the content, no escape codes but on a terminal that wants them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from sqlalchemy import Engine

from ims_spiders.db.favourites import add_favourite
from ims_spiders.db.history import Question
from ims_spiders.db.schedules import add_schedule
from tests.cli.conftest import Ims
from tests.cli.db_archive import days_ago
from tests.cli.terminal import Terminal
from tests.crawl.crawling import database_url
from tests.db.factory import error, folder, issue, session
from tests.test_docs import COMMANDS

LONG = "배치 작업을 처리하는 동안 시간이 초과되어 트랜잭션이 비정상적으로 종료되는 현상에 대한 매우 긴 제목 "
NAME = "오픈프레임 배치 관리자 확장 모듈 한국어판 이천이십육"
USER = "아주긴이름을가진사용자의계정이름입니다"
TABLES = (
    "analytics", "db cleanup --older-than 30d --dry-run", "db history", "db load", "db stats",
    f"db stats --user {USER}", "db status", "db user list", "history", "history --favourites",
    "query " + LONG, "schedule run", "schedule list", "status",
)  # fmt: skip
TEXTS = ("db check", "search 시간", "search --like 1", "doctor")
"""Not in columns: a terminal breaks their lines, and who copies one, such as a command, has it whole."""
OTHERS = {
    # A tracker, a browser or a service that runs on: their own tests look at what they print.
    "crawl", "demo", "demo-tracker", "metrics", "serve", "history run",
    # A document, data in a format of its own, or one line for a program.
    "report", "db export", "db url", "db psql",
    # Say on stderr what they have done, and print nothing.
    "db init", "db start", "db stop", "db upgrade", "db refresh", "db user add", "db user disable", "history favourite",
    "history forget", "schedule add", "schedule pause", "schedule remove", "schedule resume",
}  # fmt: skip


def test_the_help_of_every_command_fits_too() -> None:
    for name, command in COMMANDS.items():
        context = typer.Context(command, info_name=name, terminal_width=80)  # type: ignore[arg-type]
        shown = command.get_help(context)  # type: ignore[attr-defined]
        assert max(map(cell_len, shown.splitlines())) <= 80, name


@pytest.fixture
def archive(ims: Ims, engine: Engine) -> Ims:
    """`ims` with an archive in which everything is long."""
    data_dir = ims.folder / "data"
    for number, status in enumerate(("completed", "interrupted", "failed"), 1):
        content = session(
            number, days_ago(number * 20), username=USER, product=NAME, original_query=LONG * 2, status=status
        )
        made = folder(data_dir, content, [issue(number, product=NAME, title=LONG * 3, status="처리중인 상태입니다")])
        made.write_session({**content, "data_path": f"sessions/{made.path.name}"})
        made.append_error(error(LONG * 3))
    ims.environment |= {"DATABASE_URL": database_url(engine), "IMS_USER": USER, "COLUMNS": "80", "TZ": "Asia/Seoul"}
    assert ims.run("db", "load").returncode == 0
    add_schedule(engine, USER, LONG, "*/30 8-18 1,2,3,4,5,6,7 JAN-DEC MON-FRI", "Asia/Seoul", {"product": "없는 제품"})
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ims.schedules SET next_run_at = now() - interval '1 hour'")
    add_favourite(engine, USER, LONG, Question(True, {"query": LONG, "product": NAME}))
    return ims


def test_every_command_is_looked_at() -> None:
    looked_at = {command_of(line) for line in (*TABLES, *TEXTS)}
    groups = {"db", "db user", "schedule"}
    assert {name.removeprefix("ims ") for name in COMMANDS} - looked_at - groups == OTHERS


def command_of(line: str) -> str:
    """The command that the line begins with."""
    words = line.split()
    return next(name for end in (3, 2, 1) if f"ims {(name := ' '.join(words[:end]))}" in COMMANDS)


def test_tables_fit_80_columns_without_escape_codes(archive: Ims) -> None:
    too_wide: dict[str, Any] = {}
    for line in (*TABLES, *TEXTS):
        done = archive.run(*line.split())
        assert "Traceback" not in done.stderr, done.stderr
        assert "\x1b" not in done.stdout + done.stderr, line
        assert done.stdout, (line, done.stderr)
        wide = [one for one in done.stdout.splitlines() if cell_len(one) > 80]
        if wide and line in TABLES:
            too_wide[line] = wide
    assert too_wide == {}


def test_times_for_programs_are_local_with_their_offset(archive: Ims) -> None:
    for line in ("history", "db history", "schedule list", "db stats", "history --favourites"):
        found = json.dumps(json.loads(archive.run(*line.split(), "--json").stdout))
        moments = re.findall(r'"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^"]*)"', found)
        assert moments, line
        assert all(re.fullmatch(r"[\d-]+T[\d:.]+\+09:00", moment) for moment in moments), (line, moments)


def shown(ims: Ims, *arguments: str, **more: Any) -> str:
    with Terminal(ims, *arguments, **more) as terminal:
        assert terminal.end() == 0, terminal.seen
    return terminal.seen


def test_a_terminal_has_styles_unless_it_wants_none(archive: Ims) -> None:
    styled = shown(archive, "search", "処理")
    assert re.search(r"\x1b\[[\d;]*3\dm", styled)
    assert not re.search(r"\x1b\[[\d;]*(3\d|38|9\d)[\d;]*m", shown(archive, "search", "処理", NO_COLOR="1"))
    for line in ("search 処理", "history", "db load"):
        assert "\x1b" not in shown(archive, *line.split(), TERM="dumb"), line
    assert "\x1b[K" in shown(archive, "db", "load")


def test_quiet_and_verbose(archive: Ims, tmp_path: Path) -> None:
    assert len(archive.run("db", "load").stderr.splitlines()) == 3
    assert archive.run("--quiet", "db", "load").stderr == ""
    next((tmp_path / "data" / "sessions").glob("*/session.json")).write_text("{}")
    done = archive.run("--quiet", "db", "load")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("left out "), "why the exit code is not 0"
    done = archive.run("--quiet", "history", "run", "nothing")
    assert (done.returncode, done.stderr.startswith("Error: ")) == (2, True)


def test_a_crawl_says_as_much_as_is_wanted(ims_at: Ims) -> None:
    ims_at.environment |= {"USE_DATABASE": "false", "IMS_RENDER": "never"}
    crawl = ("crawl", "-m", "1", "--no-related")
    done = ims_at.run("--quiet", *crawl)
    assert (done.returncode, done.stderr) == (0, "")
    assert "State" in done.stdout
    assert " issues, " in ims_at.run(*crawl).stderr
    done = ims_at.run("-v", *crawl, IMS_PASSWORD="right-password")
    logged = [
        line for line in done.stderr.splitlines() if re.match(r"\d\d:\d\d:\d\d INFO \[(ims_spiders|scrapy)\.", line)
    ]
    assert len(logged) > 5
    assert any(" issues, " in line for line in logged)
    assert "right-password" not in done.stderr
