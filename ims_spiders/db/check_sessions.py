"""Sessions: each folder against its row, each issue's file against its link, errors against their rows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from ims_spiders.db.check_context import BATCH, CheckContext, Finding
from ims_spiders.db.files import JsonObject, SessionFolder, session_folders
from ims_spiders.db.rows import Row, database_safe, sighting
from ims_spiders.db.sessions import session_row
from ims_spiders.db.statements import SESSION_COLUMNS
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.items import content_hash

_COMPARED = [name for name in SESSION_COLUMNS if name not in {"created_at", "updated_at"}]
"""Times that the database keeps for itself are left out."""

_FIND = """
    SELECT s.session_id, ARRAY(
        SELECT stored.key FROM jsonb_each(to_jsonb(s)) AS stored JOIN jsonb_each(to_jsonb(r)) AS file USING (key)
        WHERE stored.value IS DISTINCT FROM file.value AND stored.key = ANY(:columns) ORDER BY stored.key
    ) AS different
    FROM {crawl_sessions} AS s, json_populate_record(NULL::{crawl_sessions}, :row) AS r
    WHERE s.session_uuid = r.session_uuid"""
_LINKS = """
    SELECT i.issue_id, s.content_hash FROM {session_issues} AS s JOIN {issues} AS i USING (issue_pk)
    WHERE s.session_id = :session_id AND i.issue_id = ANY(:ids)"""
_ALL_LINKS = """
    SELECT s.session_issue_id, i.issue_id FROM {session_issues} AS s JOIN {issues} AS i USING (issue_pk)
    WHERE s.session_id = :session_id AND s.session_issue_id > :after ORDER BY s.session_issue_id LIMIT :size"""
_ERRORS = "SELECT count(*) FROM {session_errors} WHERE session_id = :session_id"
# The invented rows of `ims db init --with-samples` have no files.
_SESSIONS = """
    SELECT session_id, session_uuid, data_path FROM {crawl_sessions}
    WHERE session_id > :after AND NOT metadata @> '{{"sample": true}}' ORDER BY session_id LIMIT :size"""


def session_findings(context: CheckContext) -> Iterator[Finding]:
    """What is wrong with the session folders, or with what the database says of them."""
    folders = list(session_folders(context.data_dir))
    for done, folder in enumerate(folders, 1):
        try:
            content = folder.read_session()
            row = session_row(database_safe(content))
        except (ConfigurationError, ValueError) as error:
            path = folder.path / "session.json"
            yield Finding("session_file_broken", f"{path}: {error}", "bring the file back from a backup")
        else:
            if row["status"] == "running" and folder.is_locked():
                context.count("being written")
            else:
                yield from _session(context, folder, content, row)
        context.looked_at("sessions", done, len(folders))


def _session(context: CheckContext, folder: SessionFolder, content: JsonObject, row: Row) -> Iterator[Finding]:
    uuid, name = row["session_uuid"], folder.path.name
    issue_ids = folder.issue_ids()
    if row["status"] == "running":
        what = f"{name} says it is running, but no process writes it"
        yield Finding("session_abandoned", what, f"ims crawl --resume {uuid}")
    elif len(issue_ids) < row["issues_crawled"]:
        what = f"{name} counts {row['issues_crawled']} issues and holds {len(issue_ids)}"
        yield Finding("issue_files_missing", what, f"ims crawl --resume {uuid}")
    found = context.rows(_FIND, columns=_COMPARED, row=json.dumps(row, ensure_ascii=False))
    if not found:
        tombstone = "SELECT FROM {deleted_sessions} WHERE session_uuid = :uuid"
        if context.rows(tombstone, uuid=uuid):
            context.count("deleted from the database on purpose")
        else:
            yield Finding("session_not_in_database", f"{name} is not in the database", f"ims db load {uuid}")
        return
    session_id, different = found[0]
    if different:
        what = f"{name}: file and database differ in {', '.join(different)}"
        yield Finding("session_differs", what, f"ims db load {uuid}")
    yield from _issues(context, folder, uuid, session_id, issue_ids)
    yield from _errors(context, folder, uuid, session_id)


def _issues(
    context: CheckContext, folder: SessionFolder, uuid: str, session_id: int, issue_ids: Sequence[str]
) -> Iterator[Finding]:
    linked = 0
    for start in range(0, len(issue_ids), BATCH):
        batch = issue_ids[start : start + BATCH]
        links = dict(tuple(row) for row in context.rows(_LINKS, session_id=session_id, ids=batch))
        linked += len(links)
        for issue_id in batch:
            yield from _issue(folder, uuid, issue_id, links)
        context.count("issue files", len(batch))
    count = "SELECT count(*) FROM {session_issues} WHERE session_id = :session_id"
    if context.rows(count, session_id=session_id)[0][0] == linked:
        return
    for page in context.pages(_ALL_LINKS, session_id=session_id):
        for _, issue_id in page:
            if not folder.has_issue(issue_id):
                what = f"{folder.path.name} saw issue {issue_id}, and its file is gone"
                yield Finding("issue_file_missing", what, f"ims crawl --resume {uuid}")


def _issue(folder: SessionFolder, uuid: str, issue_id: str, links: dict[str, str]) -> Iterator[Finding]:
    path = folder.issue_path(issue_id)
    again = f"rm {shlex.quote(str(path))} && ims crawl --resume {uuid}"
    try:
        document = folder.read_issue(issue_id)
        seen = sighting(document)
        if seen.issue_id != issue_id:
            raise ValueError(f"it holds issue {seen.issue_id}")
    except (ConfigurationError, ValueError, OSError) as error:
        yield Finding("issue_file_broken", f"{path}: {error}", again)
        return
    if content_hash(document) != seen.content_hash:
        what = f"{path}: its content is not what its hash says"
        yield Finding("issue_file_altered", what, again)
    if issue_id not in links:
        what = f"{folder.path.name}: issue {issue_id} is in the files and not in the database"
        yield Finding("issue_not_in_database", what, f"ims db load {uuid}")
    elif links[issue_id] != seen.content_hash:
        what = f"{folder.path.name}: issue {issue_id} has other content in the database than in its file"
        yield Finding("issue_differs", what, f"ims db load {uuid}")


def _errors(context: CheckContext, folder: SessionFolder, uuid: str, session_id: int) -> Iterator[Finding]:
    lines, stored = _whole_lines(folder.errors_path), context.rows(_ERRORS, session_id=session_id)[0][0]
    context.count("errors", lines)
    if lines != stored:
        what = f"{folder.errors_path} holds {lines} errors, the database {stored}"
        mend = f"ims db load {uuid}" if lines > stored else context.load_anew(uuid)
        yield Finding("errors_differ", what, mend)


def _whole_lines(path: Path) -> int:
    """How many lines are JSON; one that a crash has torn was never acknowledged."""
    if not path.exists():
        return 0
    whole = 0
    with path.open("rb") as file:
        for line in file:
            try:
                json.loads(line)
            except ValueError:
                continue
            whole += 1
    return whole


def lost_session_findings(context: CheckContext) -> Iterator[Finding]:
    """Sessions of the database whose folder is not there."""
    for page in context.pages(_SESSIONS):
        for _, uuid, data_path in page:
            if not _has_folder(context.data_dir, str(uuid), data_path):
                folder = data_path or "its folder"
                mend = f"bring {folder} back from a backup, or let go of it: {context.delete_session(uuid)}"
                yield Finding("session_folder_missing", f"session {uuid} has no folder", mend)


def _has_folder(data_dir: Path, uuid: str, data_path: str | None) -> bool:
    """Whether it lies where it was written, or under another name that ends in the same letters."""
    if data_path and (data_dir / data_path / "session.json").is_file():
        return True
    return any(_is_of(SessionFolder(path), uuid) for path in (data_dir / "sessions").glob(f"*-{uuid[:8]}"))


def _is_of(folder: SessionFolder, uuid: str) -> bool:
    try:
        return folder.read_session().get("session_uuid") == uuid
    except ConfigurationError:
        return False
