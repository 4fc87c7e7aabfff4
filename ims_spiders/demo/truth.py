"""The truth: everything that a complete crawl must find, in the words of the crawler's items."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from ims_spiders.demo.pages import layout
from ims_spiders.demo.state import State
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.catalog import PRODUCTS
from ims_spiders.demo.world.images import png
from ims_spiders.demo.world.issue import with_issue_heading
from ims_spiders.demo.world.model import Comment, HistoryRow, Issue, Person, Rich, Stamp, Value

FIELD_OF_LABEL: dict[str, str] = {
    "Subject": "title", "Category": "issue_type", "Product": "product", "Version": "version", "Module": "module",
    "Build No": "build_no", "Patch No": "patch_no", "Status": "status", "Priority": "priority", "Severity": "severity",
    "Error Code": "error_code", "Bug Number": "bug_number", "Reporter": "reporter", "Owner": "owner",
    "Handler": "handler", "Manager": "manager", "Registered date": "registered_date",
    "Date of final order": "final_order_date", "Closed Date": "closed_date", "Project": "project_name",
    "Project Code": "project_code", "Site": "site", "Customer": "customer", "Patch Version": "patch_version",
    "Found Version": "found_version", "Fixed Version": "fixed_version", "Target Version": "target_version",
}  # fmt: skip
_PEOPLE = ("Reporter", "Owner", "Handler", "Manager")


def printed(value: Value) -> str:
    """A field's value as the page shows it."""
    return value.printed() if isinstance(value, Person | Stamp) else value


def issue_truth(world: World, issue: Issue, base_url: str) -> dict[str, Any]:
    """All that there is to know of one issue. Texts compare after white space is collapsed."""
    return {
        "issue_id": str(issue.issue_id),
        **_fields(issue),
        "description_html": with_issue_heading(issue),
        "description_fragments": issue.description.fragments,
        "comments": [_comment(comment) for comment in issue.comments],
        "history": [_history(row) for row in issue.history],
        "attachments": [*_files(world, issue), *_images(issue, base_url)],
        "data_images": _data_images(issue),
        "foreign_images": _foreign_images(issue),
        "related": _related(world, issue),
        "patch_list": _patch_numbers(world, issue),
        "listed_as": {"product": issue.product.name, "product_code": issue.product.code, "status": issue.status},
        "path": f"{layout.ISSUE}?issueId={issue.issue_id}&menuCode=issue_search",
    }


def _fields(issue: Issue) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(FIELD_OF_LABEL.values())
    found |= {f"{FIELD_OF_LABEL[label]}_email": None for label in _PEOPLE}
    for label, value in issue.fields.items():
        name = FIELD_OF_LABEL[label]
        if isinstance(value, Person):
            found[name], found[f"{name}_email"] = value.name, value.email
        elif isinstance(value, Stamp):
            found[name] = value.iso()
        else:
            found[name] = value or None
    found["fields"] = {label: printed(value) for label, value in issue.fields.items() if value != ""}
    return found


def _comment(comment: Comment) -> dict[str, Any]:
    return {
        "comment_number": comment.number,
        "author": comment.author.name,
        "author_email": comment.author.email if comment.shows_mail else None,
        "commented_at": comment.stamp.iso(),
        "content_html": comment.body.html,
        "content_fragments": comment.body.fragments,
    }


def _history(row: HistoryRow) -> dict[str, Any]:
    return {
        "changed_at": row.stamp.iso(),
        "changed_by": row.person.name,
        "changed_by_email": row.person.email if row.shows_mail else None,
        "change_type": row.change_type,
        "field_name": row.field_name,
        "old_value": row.old,
        "new_value": row.new,
        "description": row.details,
    }


def _digest(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "file_size": len(content)}


def _files(world: World, issue: Issue) -> list[dict[str, Any]]:
    return [
        {
            "file_id": file.file_id,
            "kind": file.kind,
            "filename": file.filename,
            "size_label": world.files.size_label(file),
            "source": "patch" if file.kind == "PATCH" else "attachments",
            **_digest(world.files.content(file)),
        }
        for file in sorted(issue.files, key=lambda file: file.kind == "PATCH")
    ]


def _images(issue: Issue, base_url: str) -> list[dict[str, Any]]:
    places: dict[str, list[str]] = {}
    digests: dict[str, dict[str, Any]] = {}
    for source, image in issue.images():
        if image.path:
            places.setdefault(image.path, []).append(source)
            digests[image.path] = _digest(png(image.seed))
    return [
        {"kind": "INLINE", "url": base_url + path, "source": sources[0], "also_in": sources[1:], **digests[path]}
        for path, sources in places.items()
    ]


def _data_images(issue: Issue) -> list[dict[str, Any]]:
    return [{"source": source, **_digest(png(image.seed, 4))} for source, image in issue.images() if not image.path]


def _foreign_images(issue: Issue) -> list[str]:
    bodies: list[Rich] = [issue.description, *(comment.body for comment in issue.comments)]
    return [src for body in bodies for src in body.foreign_images]


def _related(world: World, issue: Issue) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for entry in issue.relations:
        if entry.issue_id == issue.issue_id or entry.issue_id in found:
            continue
        other = world.issues.get(entry.issue_id)
        found[entry.issue_id] = {
            "issue_id": str(entry.issue_id),
            "source": "relation",
            "title": other.subject if other else world.missing.get(entry.issue_id),
            "product": other.product.name if other else None,
            "status": other.status if other else None,
            "hierarchy": entry.hierarchy,
            "available": other is not None,
        }
    patches = [number for number in _patch_numbers(world, issue) or [] if int(number) != issue.issue_id]
    return [
        *found.values(),
        *({"issue_id": number, "source": "patch", "available": int(number) in world.issues} for number in patches),
    ]


def _patch_numbers(world: World, issue: Issue) -> list[str] | None:
    if issue.patch_key is None:
        return None
    return [str(number) for number in world.patches[issue.patch_key]]


def whole_truth(state: State, base_url: str, only: Collection[str] | None = None) -> dict[str, Any]:
    """Every issue by its id, newest first, or `only` some; and what else a test may want to know.

    The bytes of an issue's attachments are made for their hashes: those of all issues take a second.
    """
    world = state.world
    user = state.user()
    wanted = [issue for issue in world.newest_first() if only is None or str(issue.issue_id) in only]
    return {
        "issues": {str(issue.issue_id): issue_truth(world, issue, base_url) for issue in wanted},
        "not_available": [str(number) for number in sorted(world.missing)],
        "products": {product.code: product.name for product in PRODUCTS},
        "user": {"userId": user.user_id, "userName": user.name, "userGrade": user.grade},
    }
