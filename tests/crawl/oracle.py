"""Compares what a crawl left with what the demo tracker knows to be true: nothing lost, twice or wrong."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ims_spiders.items import content_hash
from tests.crawl.crawling import Archive

Document = dict[str, Any]
COMMENT_FIELDS = ("comment_number", "author", "author_email", "commented_at", "content_html")
HISTORY_FIELDS = ("changed_at", "changed_by", "changed_by_email", "field_name", "old_value", "new_value", "description")
FILE_FIELDS = ("file_id", "kind", "filename", "size_label", "source", "sha256", "file_size")


def reachable(truth: Document, hits: list[str], depth: int) -> set[str]:
    """The hits and what is related to them up to `depth`, as far as the tracker shows it."""
    found, edge = set(hits), set(hits)
    for _ in range(depth):
        edge = {
            one["issue_id"] for number in edge for one in truth["issues"][number]["related"] if one["available"]
        } - found
        found |= edge
    return found


def check_issue(truth: Document, document: Document, data_dir: Path) -> None:
    """Every field, comment, history row, file and pointer of one issue; every byte of its files."""
    expected = truth["issues"][document["issue_id"]]
    plain = [name for name, value in expected.items() if not isinstance(value, (list, dict)) and name in document]
    assert len(plain) > 20
    assert {name: document[name] for name in plain} == {name: expected[name] for name in plain}
    assert {label: value for label, value in document["fields"].items() if value} == expected["fields"]
    _in_order(expected["description_fragments"], document["description"])
    _check_comments(expected, document)
    assert sorted(map(_history_row, document["history"])) == sorted(map(_history_row, expected["history"]))
    _check_files(expected, document, data_dir)
    for source in ("relation", "patch"):
        found = {one["issue_id"] for one in document["related"] if one["source"] == source}
        known = {one["issue_id"] for one in expected["related"] if one["source"] == source}
        earlier = {one["issue_id"] for one in expected["related"] if one["source"] == "relation"}
        assert found == (known if source == "relation" else known - earlier)
    assert document["crawl"]["content_hash"] == content_hash(document)


def _history_row(row: Document) -> str:
    """A row as text. What kind of update a row without a named field is, is a reading of free text, not a truth."""
    kind = row["change_type"] if row["field_name"] else None
    return str([kind, *(row[name] for name in HISTORY_FIELDS)])


def _check_comments(expected: Document, document: Document) -> None:
    comments = {one["comment_number"]: one for one in document["comments"]}
    assert len(comments) == len(document["comments"]) == len(expected["comments"])
    for one in expected["comments"]:
        stored = comments[one["comment_number"]]
        assert {name: stored[name] for name in COMMENT_FIELDS} == {name: one[name] for name in COMMENT_FIELDS}
        _in_order(one["content_fragments"], stored["content"])


def _check_files(expected: Document, document: Document, data_dir: Path) -> None:
    stored = [one for one in document["attachments"] if one["kind"] != "INLINE"]
    assert [{name: one[name] for name in FILE_FIELDS} for one in stored] == [
        {name: one[name] for name in FILE_FIELDS} for one in expected["attachments"] if one["kind"] != "INLINE"
    ]
    inline = [one for one in document["attachments"] if one["kind"] == "INLINE"]
    known = [one for one in expected["attachments"] if one["kind"] == "INLINE"]
    own = {one["sha256"] for one in known} | {one["sha256"] for one in expected["data_images"]}
    assert {one["sha256"] for one in inline if one["downloaded"]} == own
    foreign = {one["url"] for one in inline if not one["downloaded"]}
    assert len(foreign) == len(set(expected["foreign_images"]))
    for one in document["attachments"]:
        if one["downloaded"]:
            content = (data_dir / one["file_path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == one["sha256"]
            assert Path(one["file_path"]).parts[:2] == ("attachments", document["issue_id"])


def _in_order(fragments: list[str], text: str) -> None:
    """White space apart, every fragment stands in the text, one after the other."""
    rest = re.sub(r"\s+", " ", text.replace("\u00a0", " "))
    for fragment in fragments:
        wanted = re.sub(r"\s+", " ", fragment.replace("\u00a0", " ")).strip()
        _, found, rest = rest.partition(wanted)
        assert found == wanted, (wanted, text)


def check_rows(archive: Archive, documents: dict[str, Document]) -> None:
    """The database holds the same issues with the same content, each key once."""
    rows = {row["issue_id"]: row for row in archive.rows("select * from ims.issues")}
    assert set(rows) == set(documents)
    for number, document in documents.items():
        row = rows[number]
        for name in ("title", "product", "status", "priority", "severity", "issue_type", "reporter", "customer"):
            assert row[name] == document[name]
        assert row["full_data"]["description"] == document["description"]
        assert row["description"] == document["description"]
    for table, part in (("issue_comments", "comments"), ("issue_history", "history"), ("attachments", "attachments")):
        counted = archive.rows(
            f"select i.issue_id, count(c.*) as n from ims.issues i left join ims.{table} c using (issue_pk) group by 1"
        )
        assert {row["issue_id"]: row["n"] for row in counted} == {
            number: len(document[part]) for number, document in documents.items()
        }
    stored = archive.rows("select file_path, sha256, file_size, extracted_text from ims.attachments where downloaded")
    assert {(row["file_path"], row["sha256"], row["file_size"], row["extracted_text"]) for row in stored} == {
        (one["file_path"], one["sha256"], one["file_size"], one["extracted_text"])
        for document in documents.values()
        for one in document["attachments"]
        if one["downloaded"]
    }


def check_no_secret(archive: Archive, *secrets: str) -> None:
    """No secret in any file of the archive, but for the saved login, which only its owner can read."""
    for path in archive.data_dir.rglob("*"):
        if not path.is_file():
            continue
        if path.parent.name == "state":
            assert path.stat().st_mode & 0o077 == 0
            continue
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, path


def cookie_values(state: Path) -> set[str]:
    """The values of the cookies in a saved login."""
    return {str(cookie["value"]) for cookie in json.loads(state.read_bytes())["cookies"]}
