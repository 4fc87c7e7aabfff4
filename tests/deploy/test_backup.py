"""Backup and restore: every row, role and file comes back, though crawls go on meanwhile."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.load import load
from ims_spiders.db.projection import Projection
from tests.cli.conftest import Ims
from tests.cli.db_archive import _issue, loaded_archive
from tests.crawl.crawling import database_url
from tests.db.catalogue import Facts, catalogue, contents, database, differences, roles, superuser
from tests.db.factory import folder, issue, session
from tests.deploy.backups import BACKUP, RESTORE, Machine, files, open_to_others, tools


@pytest.fixture(scope="module")
def machine(prototype: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose archive has sessions, attachments, users and a trail, in an embedded database."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    shutil.copytree(prototype, made.data, symlinks=True)
    (made.data / "postgres" / "port").unlink()
    ims = loaded_archive(made.folder)
    for arguments in (["kim"], ["boss", "--role", "admin"]):
        assert ims.run("db", "user", "add", *arguments).returncode == 0
    (made.data / "lexicon").mkdir()
    (made.data / "lexicon" / "synonyms of ours.txt").write_text("en: oops | ko: 앗\n")
    yield made
    EmbeddedServer(made.data).stop()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing is yet."""
    made = Machine(tmp_path / "other")
    made.folder.mkdir()
    yield made
    EmbeddedServer(made.data).stop()


@dataclass
class Crawl:
    """Writes issues one after the other, files first and rows later, until it is told to stop."""

    data: Path
    server: EmbeddedServer
    done: int = 0
    failure: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Crawl:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            self.failure.append(error)

    def _write(self) -> None:
        content = session(9, status="running", completed_at=None)
        made = folder(self.data, content, [])
        made.write_session({**content, "data_path": f"sessions/{made.path.name}"})
        made.lock()
        url = parse_url(self.server.dsn())
        engine = open_engine(url, None, {"password": self.server.password()})
        projection = Projection(engine)
        projection.write_session(made.read_session())
        while not self._stop.is_set():
            documents = [_issue(self.data, issue(1000 + self.done + n, session_number=9)) for n in range(5)]
            for document in documents:
                made.write_issue(document["issue_id"], document)
            projection.write_issues(content["session_uuid"], documents)
            self.done += 5
        made.unlock()
        engine.dispose()


def refresh(engine: Engine) -> None:
    """Have the materialized views as they will be after a restore."""
    with engine.begin() as connection:
        connection.execute(text("SELECT ims.refresh_materialized_views()"))


def bare(facts: Facts) -> Facts:
    """Without brackets: of `a OR b OR c` those that were parsed and those that were printed differ."""
    return {(kind, name, re.sub("[()]", "", detail)) for kind, name, detail in facts}


@pytest.mark.long
def test_all_of_it_comes_back_on_an_empty_machine(machine: Machine, other: Machine) -> None:
    first = superuser(EmbeddedServer(machine.data), "ims_crawler")
    refresh(first)
    backup = machine.backup("--with-secrets")
    assert open_to_others(backup) == []
    done = other.run(RESTORE, str(backup))
    assert done.returncode == 0, done.stderr
    assert "Files and database agree." in done.stderr
    second = superuser(EmbeddedServer(other.data), "ims_crawler")
    try:
        assert differences(bare(catalogue(first)), bare(catalogue(second))) == []
        assert contents(first) == contents(second)
        assert contents(second)["ims.mv_daily_session_summary"]
        assert len(contents(second)["ims.audit_log"]) > 3
        assert roles(first) == roles(second)
    finally:
        first.dispose()
        second.dispose()
    for name in ("sessions", "attachments", "lexicon", "state"):
        assert files(machine.data / name) == files(other.data / name) != {}
    # A user's password of before, in the state that came along, still opens the door.
    ims = Ims(other.folder)
    engine = open_engine(parse_url(ims.run("db", "url", "--user", "kim").stdout.strip()))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ims.crawl_sessions")) == 2
    engine.dispose()


def test_a_backup_that_a_crawl_went_on_under_is_consistent(machine: Machine, other: Machine, prototype: Path) -> None:
    before = files(machine.data / "sessions") | files(machine.data / "attachments")
    with Crawl(machine.data, EmbeddedServer(machine.data)) as crawl:
        machine.run(BACKUP, "--dry-run", str(machine.backups))
        begun = crawl.done
        backup = machine.backup()
        ended = crawl.done
    assert crawl.failure == []
    assert ended > begun > 0
    shutil.copytree(prototype / "postgres", other.data / "postgres")
    (other.data / "postgres" / "port").unlink()
    done = other.run(RESTORE, str(backup))
    assert done.returncode == 0, done.stderr
    back = files(other.data / "sessions")
    assert before.items() <= (back | files(other.data / "attachments")).items()
    assert begun <= len([name for name in back if "/issues/1" in name and len(Path(name).stem) == 4]) <= crawl.done
    assert not (other.data / "state").exists()
    assert "ims db user add NAME --new-password" in done.stdout
    assert "was under way; to go on: ims crawl --resume 00000000-0000-4000-8000-0000abcdef09" in done.stdout
    # Nobody's password and nothing that could be tried against one.
    theirs = superuser(EmbeddedServer(other.data), "ims_crawler")
    with theirs.connect() as connection:
        secrets = connection.scalar(
            text("SELECT count(rolpassword) FROM pg_authid WHERE rolname IN ('ims_kim', 'ims_boss')")
        )
    theirs.dispose()
    assert secrets == 0


@pytest.mark.long
def test_on_a_server_of_ones_own_no_row_is_left_out_unnoticed(
    engine: Engine, server: EmbeddedServer, tmp_path: Path
) -> None:
    machine, name = Machine(tmp_path), engine.url.database
    seen = [_issue(machine.data, issue(number)) for number in (1, 2)]
    folder(machine.data, session(issues_crawled=2), seen)
    load(engine, machine.data)
    refresh(engine)
    log = tmp_path / "arguments"
    spy = f'printf "%s\\n" "$@" >>{log}\nexec REAL "$@"\n'
    real = server.psql_path().parent
    spied = tools(tmp_path / "tools", real, psql=spy, pg_dump=spy, pg_restore=spy)
    machine.environment["DATABASE_URL"] = owner = database_url(engine)
    without = machine.run(BACKUP, "--bin", "/", str(machine.backups))
    assert (without.returncode, "--bin" in without.stderr) == (2, True)
    refused = machine.run(BACKUP, str(machine.backups))
    assert refused.returncode == 1
    assert "CREATE ROLE ims_backup LOGIN BYPASSRLS" in refused.stderr
    first = superuser(server, str(name), autocommit=True)
    with first.connect() as connection, database(server, "brought_back") as second:
        connection.execute(text("CREATE ROLE ims_backup LOGIN BYPASSRLS PASSWORD 'c4n4ry-pass'"))
        connection.execute(
            text(f"GRANT pg_read_all_data TO ims_backup; GRANT CONNECT ON DATABASE {name} TO ims_backup")
        )
        try:
            url = make_url(owner).set(username="ims_backup", password="c4n4ry-pass")
            machine.environment["DATABASE_URL"] = url.render_as_string(hide_password=False)
            made = machine.backup("--bin", str(spied))
        finally:
            connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM ims_backup; DROP ROLE ims_backup"))
        machine.environment["DATABASE_URL"] = owner.replace(f"/{name}", "/brought_back")
        known = roles(first)
        done = machine.run(RESTORE, "--database-only", "--bin", str(spied), str(made))
        assert done.returncode == 0, done.stderr
        assert contents(first) == contents(second)
        assert differences(bare(catalogue(first)), bare(catalogue(second))) == []
        assert roles(first) == known
        again = machine.run(RESTORE, "--database-only", str(made))
        assert (again.returncode, "is there already" in again.stderr) == (2, True)
    first.dispose()
    secrets = ("c4n4ry-pass", server.password())
    for text_of in (log.read_text(), *(content.decode("utf-8", "replace") for content in files(made).values())):
        assert not any(secret in text_of for secret in secrets)
