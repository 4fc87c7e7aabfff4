"""Where an issue points to: the relation list (JSON) and the patch list (HTML)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ims_spiders.demo.markup import attribute, text
from ims_spiders.demo.pages import layout
from ims_spiders.demo.state import User
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.model import Issue, Person, Relation


def relation_list(world: World, issue: Issue) -> list[dict[str, Any]]:
    """The entries of the relation list; the issue's own has `relationIssueId` 0."""
    return [_entry(world, issue, relation) for relation in issue.relations]


def _entry(world: World, issue: Issue, relation: Relation) -> dict[str, Any]:
    other = world.issues.get(relation.issue_id)
    own = relation.issue_id == issue.issue_id
    entry: dict[str, Any] = {
        "issueId": relation.issue_id,
        "relationIssueId": 0 if own else issue.issue_id,
        "relationIssueHier": relation.hierarchy,
        "subject": other.subject if other else world.missing.get(relation.issue_id),
        "productName": other.product.name if other else None,
        "statusName": other.status if other else None,
    }
    if other:
        for key, label in (("moduleName", "Module"), ("customerName", "Customer"), ("projectName", "Project")):
            entry[key] = other.fields.get(label) or None
        for key, label in (("ownerName", "Owner"), ("handlerName", "Handler")):
            person = other.fields.get(label)
            entry[key] = person.name if isinstance(person, Person) else None
    return entry


def patch_page(world: World, numbers: Sequence[int], project: str, user: User) -> str:
    """The patches of a project: a table whose links lead to further issues."""
    rows = "\n".join(_patch_row(world, place, number) for place, number in enumerate(numbers, start=1))
    table = f"""<h2>Patch List - {text(project)}</h2><table id="patchListTable" class="table-bordered fullWidth">
<thead><tr><th>No</th><th>Issue No</th><th>Subject</th><th>Status</th></tr></thead><tbody>
{rows}</tbody></table>"""
    return layout.page("Patch List", table, user)


def _patch_row(world: World, place: int, number: int) -> str:
    issue = world.issues.get(number)
    link = attribute(f"{layout.ISSUE}?issueId={number}&menuCode=patch_list")
    subject, status = (issue.subject, issue.status) if issue else ("", "")
    cells = (str(place), f'<a href="{link}">{number}</a>', text(subject), text(status))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
