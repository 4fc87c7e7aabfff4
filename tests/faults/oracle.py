"""The promise, looked for after every row: nothing lost, nothing twice, nothing wrong, nothing leaked."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, quote_plus

from sqlalchemy import Engine, text

from ims_spiders.db.check import Check
from ims_spiders.db.files import SessionFolder
from ims_spiders.pages.login import is_login_page
from tests.crawl import oracle as exact
from tests.crawl.crawling import Archive
from tests.faults.case import Case

Document = dict[str, Any]
_GAP = re.compile(r"declares (\d+) results, (\d+) could be listed")
_UNCOUNTED = ("shows neither results nor how many there are", "grew shorter while it was read")
ENDED = frozenset({0, 5, 6})
"""Exit codes of crawls that have seen everything through."""
EARLIER = frozenset({0, 3, 4, 5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Violation:
    """One break of the promise."""

    kind: Literal["lost", "twice", "wrong", "leaked"]
    what: str


def check(case: Case) -> None:
    """Raises AssertionError that names every break of the promise, and what was said last."""
    found = violations(case)
    if found:
        listed = "\n".join(f"{one.kind}: {one.what}" for one in found)
        said = case.runs[-1].stderr[-3000:] if case.runs else ""
        raise AssertionError(f"{len(found)} violations\n{listed}\n--- said last ---\n{said}")


def violations(case: Case) -> list[Violation]:
    """All breaks of the promise in what the case has left so far."""
    case.notice_secrets()
    folders = [one for one in case.archive.sessions() if one.read_session()["session_uuid"] not in case.foreign]
    found: list[Violation] = []
    if folders:
        found += [*_lost(case, folders[-1]), *_wrong(case, folders)]
        if case.archive.engine is not None and case.expected_database:
            found += _database(case.archive)
    return [*found, *_twice(case, folders), *_leaked(case)]


def _lost(case: Case, folder: SessionFolder) -> Iterator[Violation]:
    """Of the newest session: what is expected and not stored whole is just what its errors name."""
    session = folder.read_session()
    if session["exit_code"] not in ENDED:
        return
    expected = set(case.hits()) if case.expected is None else case.expected
    stored = {issue_id: folder.read_issue(issue_id) for issue_id in folder.issue_ids()}
    whole = {issue_id for issue_id, document in stored.items() if not document["crawl"]["missing"]}
    named = {one["error_detail"].get("issue_id") for one in folder.read_errors()}
    for issue_id in sorted(stored.keys() - expected):
        yield Violation("wrong", f"issue {issue_id} was not to be found")
    unnamed = expected - whole - named
    if len(unnamed) > _missing_from_list(folder):
        yield Violation("lost", f"issues {sorted(unnamed)} are not there whole, and no error says so")
    if session["exit_code"] == 0 and expected - whole:
        yield Violation("lost", f"the crawl says it is complete, without {sorted(expected - whole)}")
    if session["exit_code"] == 5 and expected == whole:
        yield Violation("wrong", "the crawl says that something failed, and everything is there")


def _missing_from_list(folder: SessionFolder) -> float:
    """How many issues the errors say that the tracker did not list, which therefore have no name there."""
    messages = [one["error_message"] for one in folder.read_errors()]
    counted = [_GAP.search(message) for message in messages]
    uncounted = any(words in message for message in messages for words in _UNCOUNTED)
    return float("inf") if uncounted else max((int(one[1]) - int(one[2]) for one in counted if one), default=0)


def _wrong(case: Case, folders: list[SessionFolder]) -> Iterator[Violation]:
    """Each file parses, says what the tracker says, and is no login or error page; its files have its hashes."""
    truth = case.tracker.truth(folders[-1].issue_ids())
    for folder in folders:
        code = folder.read_session()["exit_code"]
        if code is not None and code not in EARLIER:
            yield Violation("wrong", f"{folder.path.name} ended with exit code {code}")
        for path in sorted(folder.path.rglob("*.json")):
            if "quarantine" not in path.parts and not _parses(path):
                yield Violation("wrong", f"{path.name} is not JSON")
        if folder is not folders[-1]:
            # Older than the truth of now.
            continue
        for issue_id in folder.issue_ids():
            yield from _caught(f"issue {issue_id}", _exactly(truth, folder.read_issue(issue_id), case.archive.data_dir))
    for path in case.archive.data_dir.glob("attachments/*/*"):
        content = path.read_bytes()
        if content[:200].lstrip()[:1] == b"<" and is_login_page(content.decode("utf-8", "replace"), ""):
            yield Violation("wrong", f"{path.name} is a login page")


def _exactly(truth: Document, document: Document, data_dir: Path) -> Callable[[], None]:
    """A whole issue is compared in all that it holds, one without some files in all the rest."""
    gone = [one for one in document["attachments"] if one["download_error"] and _is_missing(document, one)]
    known = deepcopy(truth["issues"][document["issue_id"]])
    for one in known["attachments"]:
        if any((one["kind"], one.get("file_id")) == (lost["kind"], lost["file_id"]) for lost in gone):
            one["sha256"] = one["file_size"] = None
    pictures = {lost["url"] for lost in gone if lost["kind"] == "INLINE"}
    known["attachments"] = [one for one in known["attachments"] if one.get("url") not in pictures or not one.get("url")]
    # Like pictures of elsewhere, they are named and not there.
    known["foreign_images"] = [*known["foreign_images"], *pictures]
    for part, source in (("relations", "relation"), ("patch_list", "patch")):
        if part in document["crawl"]["missing"]:
            # A list that could not be had, or not to its end.
            had = {one["issue_id"] for one in document["related"] if one["source"] == source}
            known["related"] = [one for one in known["related"] if one["source"] != source or one["issue_id"] in had]
    return lambda: exact.check_issue({"issues": {document["issue_id"]: known}}, document, data_dir)


def _is_missing(document: Document, attachment: Document) -> bool:
    return f"attachment:{attachment['kind']}:{attachment['file_id']}" in document["crawl"]["missing"]


def _parses(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def _caught(name: str, look: Callable[[], None]) -> Iterator[Violation]:
    try:
        look()
    except (AssertionError, KeyError, OSError) as error:
        yield Violation("wrong", f"{name}: {type(error).__name__} {str(error)[:1500]}")


def _twice(case: Case, folders: list[SessionFolder]) -> Iterator[Violation]:
    """One line of the feed, one row and one place on the disk for each."""
    for run in case.runs:
        counted = Counter(one["issue_id"] for one in run.feed)
        yield from (Violation("twice", f"issue {name} was yielded {n} times") for name, n in counted.items() if n > 1)
    uuids = Counter(folder.read_session()["session_uuid"] for folder in folders)
    yield from (Violation("twice", f"session {name} has {n} folders") for name, n in uuids.items() if n > 1)
    for folder in folders:
        names = {path.name for path in (folder.path / "issues").iterdir()}
        for name in names - {f"{issue_id}.json" for issue_id in folder.issue_ids()}:
            if not (name.startswith(".") and name.endswith(".tmp")):
                yield Violation("twice", f"{folder.path.name} holds {name} besides its issues")


KEYS = {
    "issues": "issue_id",
    "issue_comments": "issue_pk, comment_number",
    "attachments": "issue_pk, kind, file_id",
    "session_issues": "session_id, issue_pk",
    "crawl_sessions": "session_uuid",
    "session_errors": "session_id, sequence",
}


def _database(archive: Archive) -> Iterator[Violation]:
    """The product's own check of files against rows, the exact content, and each key once whatever constraints say."""
    assert archive.engine is not None
    for finding in Check(archive.engine, archive.data_dir).findings(Counter()):
        yield Violation("wrong", f"{finding.kind}: {finding.what}")
    for table, key in KEYS.items():
        doubled = archive.rows(f"select {key} from ims.{table} group by {key} having count(*) > 1")
        yield from (Violation("twice", f"{table} has {row} more than once") for row in doubled)


def _leaked(case: Case) -> Iterator[Violation]:
    """No secret, in any form that logs and files come in, in what was written, said or started."""
    forms = {form for secret in case.secrets if len(secret) >= 4 for form in shapes(secret)}
    for name, content in _places(case):
        for form in forms:
            if form in content:
                yield Violation("leaked", f"{form!r} in {name}")
    for path in (case.archive.data_dir / "state").glob("*"):
        if path.stat().st_mode & 0o077:
            yield Violation("leaked", f"{path.name} can be read by others")


def _places(case: Case) -> Iterator[tuple[str, bytes]]:
    for number, run in enumerate(case.runs):
        yield f"stdout of run {number}", run.stdout.encode()
        yield f"stderr of run {number}", run.stderr.encode()
    # A copy: the thread that collects them goes on.
    for line in case.command_lines.seen.copy():
        yield f"the command line {line[:60]!r}", line
    for folder in (case.archive.data_dir, case.archive.data_dir.parent):
        for path in folder.rglob("*") if folder is case.archive.data_dir else folder.glob("feed-*"):
            if path.is_file() and not {"state", "postgres"} & set(path.relative_to(folder).parts):
                yield str(path.relative_to(folder)), path.read_bytes()
    if case.archive.engine is not None and case.expected_database:
        yield from _rows(case.archive.engine)


def _rows(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every row of every table that is not the system's, as text."""
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "select table_schema, table_name from information_schema.tables "
                "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
            )
        ).all()
        for schema, table in tables:
            for (row,) in connection.execute(text(f'select t::text from "{schema}"."{table}" t')):
                yield f"a row of {table}", row.encode("utf-8", "replace")


def shapes(secret: str) -> Iterable[bytes]:
    """The secret as it is, percent-encoded in the common ways, escaped as JSON, and in base64 at every alignment."""
    raw = secret.encode()
    yield raw
    yield quote(secret).encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield json.dumps(secret)[1:-1].encode()
    for lead in range(3):
        # What does not depend on the neighbours: the first and the last group may.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * lead + raw)
            yield coded[4 if lead else 0 : (len(raw) + lead) // 3 * 4]
