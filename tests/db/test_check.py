"""The check finds each thing that can be wrong, nothing in a clean archive, and its advice mends what can be mended."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.check import Check
from ims_spiders.db.check_context import Finding
from ims_spiders.db.engine import open_engine
from ims_spiders.db.files import SessionFolder
from ims_spiders.db.load import load
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.schema import initialise
from ims_spiders.db.users import add_user
from ims_spiders.exceptions import ConfigurationError
from tests.db.factory import changed, error, folder, hashed, issue, session, session_uuid
from tests.db.inspect_rows import value

BYTES = b"log of the batch \xed\x95\x9c\n"
FIRST, SECOND = session_uuid(1), session_uuid(2)


def attached(data_dir: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The issue with one attachment that is there and one that could not be had."""
    path = f"attachments/{document['issue_id']}/{document['attachments'][0]['file_id']}-file1.log"
    (data_dir / path).parent.mkdir(parents=True, exist_ok=True)
    (data_dir / path).write_bytes(BYTES)
    document["attachments"][0] |= {
        "downloaded": True, "file_path": path, "file_size": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest()
    }  # fmt: skip
    return hashed(document)


class Archive:
    """Two sessions that agree with their database: the second sees one issue of the first changed."""

    def __init__(self, engine: Engine, data_dir: Path):
        self.engine, self.data_dir = engine, data_dir
        first = [attached(data_dir, issue(number)) for number in (1, 2, 3)]
        second = [changed(first[0], 61, 2, status="Closed"), attached(data_dir, issue(9, 62, 2))]
        self.first = self._folder(1, 0, first)
        self.second = self._folder(2, 60, second)
        self.first.append_error(error())
        load(engine, data_dir)

    def _folder(self, number: int, minutes: float, documents: list[dict[str, Any]]) -> SessionFolder:
        content = session(number, minutes, issues_crawled=len(documents))
        made = folder(self.data_dir, content, documents)
        made.write_session({**content, "data_path": f"sessions/{made.path.name}"})
        return made

    def check(self, quick: bool = False) -> list[Finding]:
        return list(Check(self.engine, self.data_dir, quick=quick).findings(Counter()))

    def kinds(self, quick: bool = False) -> list[str]:
        return [finding.kind for finding in self.check(quick)]

    def sql(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def rewrite(self, path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    def follow(self, advice: str) -> None:
        """Do what `ims db psql`, `ims db load` and `rm` do."""
        for command in advice.split(" && "):
            if statement := re.fullmatch(r'ims db psql -c "(.+)"', command):
                self.sql(f"SET LOCAL search_path = ims; {statement[1]}")
            elif loaded := re.fullmatch(r"ims db load (\S+)", command):
                load(self.engine, self.data_dir, [loaded[1]])
            elif removed := re.fullmatch(r"rm (-r )?(\S+)", command):
                path = Path(removed[2])
                path.unlink() if path.is_file() else path.rmdir()
            else:
                raise AssertionError(command)


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Archive:
    return Archive(engine, tmp_path / "data")


def old(path: Path) -> Path:
    """The file, as if nobody had touched it for long."""
    os.utime(path, (0, 0))
    return path


def test_a_clean_archive_has_no_findings(archive: Archive) -> None:
    looked_at: Counter[str] = Counter()
    told: list[tuple[str, int, int]] = []
    check = Check(archive.engine, archive.data_dir, progress=lambda *call: told.append(call))
    assert list(check.findings(looked_at)) == []
    assert looked_at == {
        "sessions": 2, "issue files": 5, "errors": 1, "issues": 4, "attachments": 4, "attachment folders": 4
    }  # fmt: skip
    assert told == [("sessions", 1, 2), ("sessions", 2, 2), ("issues", 4, 4), ("attachments", 4, 4)]


def test_an_empty_archive_has_none_either(engine: Engine, tmp_path: Path) -> None:
    assert list(Check(engine, tmp_path / "nowhere").findings(Counter())) == []


def attachment(archive: Archive) -> Path:
    return archive.data_dir / "attachments" / "2" / "3-file1.log"


def alter_issue(archive: Archive) -> None:
    """As an editor would: the content changes, its hash does not."""
    archive.rewrite(archive.first.issue_path("2"), lambda document: document.update(title="altered"))


def newer_copy(archive: Archive) -> None:
    """As the crawl would have left it, had the database been away."""
    newer = hashed(archive.first.read_issue("2") | {"status": "Closed"})
    archive.first.write_issue("2", newer)


def unlink_issue(archive: Archive) -> None:
    archive.first.issue_path("2").unlink()


BREAKS: dict[str, tuple[Callable[[Archive], Any], list[str]]] = {
    "session.json torn": (
        lambda a: (a.first.path / "session.json").write_text("{"), ["session_file_broken"]
    ),
    "session.json without its user": (
        lambda a: a.rewrite(a.first.path / "session.json", lambda s: s.update(username=" ")), ["session_file_broken"]
    ),
    "killed": (
        lambda a: a.rewrite(a.first.path / "session.json", lambda s: s.update(status="running")),
        ["session_abandoned", "session_differs"],
    ),
    "issue file gone": (unlink_issue, ["issue_files_missing", "issue_file_missing"]),
    "issue file torn": (
        lambda a: a.first.issue_path("2").write_text('{"issue_id"'), ["issue_file_broken"]
    ),
    "issue file of another issue": (
        lambda a: a.rewrite(a.first.issue_path("2"), lambda d: d.update(issue_id="7")), ["issue_file_broken"]
    ),
    "issue file altered": (alter_issue, ["issue_file_altered"]),
    "folder gone": (
        lambda a: a.second.path.rename(a.data_dir / "elsewhere"), ["session_folder_missing"]
    ),
    "attachment gone": (lambda a: attachment(a).unlink(), ["attachment_missing"]),
    "attachment cut": (lambda a: attachment(a).write_bytes(BYTES[:-1]), ["attachment_size_differs"]),
    "attachment altered": (lambda a: attachment(a).write_bytes(BYTES.upper()), ["attachment_content_differs"]),
    "attachment outside": (
        lambda a: a.sql("UPDATE ims.attachments SET file_path = '../../etc/passwd' WHERE file_path LIKE '%/2/%'"),
        ["attachment_outside"],
    ),
    "attachment without a file": (
        lambda a: a.sql("UPDATE ims.attachments SET file_path = NULL WHERE file_path LIKE '%/2/%'"),
        ["attachment_missing"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_only_another_crawl_or_a_backup_mends_is_found(archive: Archive, name: str) -> None:
    break_it, expected = BREAKS[name]
    break_it(archive)
    findings = archive.check()
    assert [finding.kind for finding in findings] == expected
    for finding in findings:
        assert re.search(r"ims crawl --resume \S+-|from a backup|ims db load", finding.mend), finding


MENDED: dict[str, tuple[Callable[[Archive], Any] | str, list[str]]] = {
    "session row gone and forgotten": (
        f"DELETE FROM ims.crawl_sessions WHERE session_uuid = '{SECOND}'; DELETE FROM ims.deleted_sessions",
        ["session_not_in_database"],
    ),
    "session counts": (
        f"UPDATE ims.crawl_sessions SET status = 'failed', failed_issues = 4 WHERE session_uuid = '{FIRST}'",
        ["session_differs"],
    ),
    "a link gone": (
        "DELETE FROM ims.session_issues s USING ims.issues i WHERE i.issue_pk = s.issue_pk AND issue_id = '2'",
        ["issue_not_in_database"],
    ),
    "an issue gone": ("DELETE FROM ims.issues WHERE issue_id = '2'", ["issue_not_in_database"]),
    "a link's hash": (
        "UPDATE ims.session_issues s SET content_hash = 'x' FROM ims.issues i "
        "WHERE i.issue_pk = s.issue_pk AND issue_id = '2'",
        ["issue_differs", "issue_row_behind"],
    ),
    "the database behind": (newer_copy, ["issue_differs"]),
    "an issue's hash": ("UPDATE ims.issues SET content_hash = 'x' WHERE issue_id = '1'", ["issue_row_behind"]),
    "an issue's time": (
        "UPDATE ims.issues SET last_crawled_at = last_crawled_at - interval '1 day' WHERE issue_id = '1'",
        ["issue_row_behind"],
    ),
    "crawl_count": ("UPDATE ims.issues SET crawl_count = 7 WHERE issue_id = '1'", ["crawl_count_differs"]),
    "a column": ("UPDATE ims.issues SET status = 'Reopened' WHERE issue_id = '1'", ["issue_rows_differ"]),
    "a date": ("UPDATE ims.issues SET registered_date = NULL WHERE issue_id = '1'", ["issue_rows_differ"]),
    "a comment gone": (
        "DELETE FROM ims.issue_comments WHERE comment_number = 11", ["issue_rows_differ"]
    ),
    "a history row more": (
        "INSERT INTO ims.issue_history (issue_pk, description) SELECT max(issue_pk), 'x' FROM ims.issues",
        ["issue_rows_differ"],
    ),
    "an attachment gone": (
        "DELETE FROM ims.attachments WHERE file_path LIKE '%/2/%'", ["issue_rows_differ"]
    ),
    "errors gone": ("DELETE FROM ims.session_errors", ["errors_differ"]),
    "errors invented": (
        "INSERT INTO ims.session_errors (session_id, error_type, error_message) "
        "SELECT session_id, 'crawl_error', 'x' FROM ims.crawl_sessions",
        ["errors_differ", "errors_differ"],
    ),
    "a temporary file": (
        lambda a: old_file(a.first.path / "issues" / ".0123456789abcdef.tmp"), ["temporary_file"]
    ),
    "a temporary attachment": (
        lambda a: old_file(attachment(a).with_name(".0123456789abcdef.tmp")), ["temporary_file"]
    ),
    "an attachment that nothing names": (
        lambda a: old_file(attachment(a).with_name("5-other.log")), ["attachment_unnamed"]
    ),
    "a folder without a session": (
        lambda a: old(made_folder(a.data_dir / "sessions" / "20260101T000000Z-all-00000000")), ["session_folder_empty"]
    ),
}  # fmt: skip


def old_file(path: Path) -> None:
    path.write_bytes(b"x")
    old(path)


def made_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("name", MENDED)
def test_what_is_found_is_mended_by_its_advice(archive: Archive, name: str) -> None:
    break_it, expected = MENDED[name]
    archive.sql(break_it) if isinstance(break_it, str) else break_it(archive)
    findings = archive.check()
    assert [finding.kind for finding in findings] == expected
    for finding in findings:
        archive.follow(finding.mend)
    assert archive.check() == []


def test_quick_leaves_the_bytes_alone(archive: Archive) -> None:
    attachment(archive).write_bytes(BYTES.upper())
    assert archive.kinds(quick=True) == []
    attachment(archive).write_bytes(b"")
    assert archive.kinds(quick=True) == ["attachment_size_differs"]


def test_what_was_deleted_on_purpose_is_not_missed(archive: Archive) -> None:
    archive.sql(f"DELETE FROM ims.crawl_sessions WHERE session_uuid = '{SECOND}'")
    assert archive.kinds() == []


def test_samples_have_no_files(archive: Archive) -> None:
    initialise(archive.engine, samples=True)
    assert archive.kinds() == []


def test_a_session_that_is_being_written_is_left_out(archive: Archive) -> None:
    archive.rewrite(archive.first.path / "session.json", lambda content: content.update(status="running"))
    archive.first.lock()
    try:
        looked_at: Counter[str] = Counter()
        assert list(Check(archive.engine, archive.data_dir).findings(looked_at)) == []
        assert looked_at["being written"] == 1
    finally:
        archive.first.unlock()


def test_young_files_may_be_a_crawls(archive: Archive) -> None:
    attachment(archive).with_name(".0123456789abcdef.tmp").write_bytes(b"x")
    attachment(archive).with_name("5-other.log").write_bytes(b"x")
    made_folder(archive.data_dir / "sessions" / "20260101T000000Z-all-00000000")
    assert archive.kinds() == []


def test_a_file_that_only_an_older_session_names_stays(archive: Archive) -> None:
    """The tracker no longer has the attachment; the session that fetched it still says so."""
    document = deepcopy(archive.second.read_issue("1"))
    document["attachments"] = []
    archive.second.write_issue("1", hashed(document))
    load(archive.engine, archive.data_dir)
    assert value(archive.engine, "SELECT count(*) FROM ims.attachments WHERE file_path LIKE '%/1/%'") == 0
    old(archive.data_dir / "attachments" / "1" / "2-file1.log")
    assert archive.kinds() == []


def test_a_torn_last_line_of_errors_was_never_acknowledged(archive: Archive) -> None:
    with archive.first.errors_path.open("ab") as file:
        file.write(b'{"error_type": "net')
    assert archive.kinds() == []


def test_pages_of_every_list(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("check_context", "check_sessions", "check_issues", "check_leftovers"):
        monkeypatch.setattr(f"ims_spiders.db.{module}.BATCH", 1)
    assert archive.kinds() == []
    archive.sql("UPDATE ims.issues SET crawl_count = 7")
    unlink_issue(archive)
    attachment(archive).unlink()
    assert Counter(archive.kinds()) == {
        "crawl_count_differs": 4, "issue_files_missing": 1, "issue_file_missing": 1, "attachment_missing": 1
    }  # fmt: skip


def test_who_does_not_see_every_session_cannot_check(archive: Archive, tmp_path: Path) -> None:
    def found(role: str) -> list[Finding]:
        passwords = Passwords(tmp_path)
        name = str(add_user(archive.engine, f"a_{role}", passwords, cast("Any", role)).database_role)
        url = archive.engine.url.set(username=name, password=passwords.read(name))
        own = open_engine(url.difference_update_query(["passfile"]))
        try:
            return list(Check(own, archive.data_dir).findings(Counter()))
        finally:
            own.dispose()

    assert found("readonly") == []
    with pytest.raises(ConfigurationError, match="does not see every session"):
        found("user")
