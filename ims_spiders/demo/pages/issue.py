"""The page of one issue."""

from __future__ import annotations

from ims_spiders.demo.markup import attribute, hidden, script_string, text
from ims_spiders.demo.pages import layout, sections
from ims_spiders.demo.state import Tweaks, User
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.model import Issue, Person, Stamp, Value


def issue_page(world: World, issue: Issue, user: User, style: str, tweaks: Tweaks) -> str:
    """Everything about an issue. `style` says how its script downloads files."""
    number = "" if tweaks.without_number else f'<span class="issueNumber">{issue.issue_id}</span>'
    notice = sections.notice(issue)
    fields = _field_table(issue, tweaks.without_label)
    above = issue.issue_id % 2 == 0
    body = "\n".join(
        [
            hidden("issueId", issue.issue_id),
            f'<div class="issueHead"><h2>Issue {number}</h2></div>',
            notice if above else "",
            fields,
            _patch_link(issue),
            "" if above else notice,
            sections.description(issue, nul=tweaks.nul_bytes),
            sections.attachments(world, issue),
            sections.relations(),
            sections.comments(issue),
            sections.history(issue),
            f"<script>loadRelationIssues({script_string(issue.issue_id)});</script>",
        ]
    )
    script = layout.static(f"download_{style}.js").decode()
    return layout.page(f"IMS {issue.issue_id}", body, user, script=script, endless=tweaks.endless)


def _field_table(issue: Issue, without_label: str | None) -> str:
    shown = [(label, value) for label, value in issue.fields.items() if label != without_label]
    width = 1 + issue.issue_id % 3
    groups: list[list[tuple[str, Value]]] = []
    for label, value in shown:
        alone = label == "Subject"
        if not groups or alone or len(groups[-1]) >= width or groups[-1][0][0] == "Subject":
            groups.append([])
        groups[-1].append((label, value))
    half = (len(groups) + 1) // 2 if issue.issue_id % 5 == 0 else len(groups)
    return "\n".join(_table(part, width) for part in (groups[:half], groups[half:]) if part)


def _table(groups: list[list[tuple[str, Value]]], width: int) -> str:
    rows = "\n".join(
        "<tr>" + "".join(_pair(label, value, len(group), width) for label, value in group) + "</tr>" for group in groups
    )
    return f'<table class="table table-bordered dataTable fullWidth"><tbody>\n{rows}\n</tbody></table>'


def _pair(label: str, value: Value, pairs: int, width: int) -> str:
    title = "title tableHeaderTitle" if len(label) % 2 else "tableHeaderTitle"
    span = 1 + 2 * (width - pairs)
    merged = f' colspan="{span}"' if pairs == 1 and span > 1 else ""
    blank = "&nbsp;" if len(label) % 7 == 0 else ""
    return f'<td class="{title}">{text(label)}{blank}</td>\n<td class="data"{merged}>\n  {_value(label, value)}\n</td>'


def _value(label: str, value: Value) -> str:
    if value == "":
        return "&nbsp;"
    if isinstance(value, Person | Stamp):
        return text(value.printed())
    if label == "Status":
        colour = catalog.STATUS_COLOURS.get(value, "black")
        return f'<span style="color:{attribute(colour)};font-weight:bold">{text(value)}</span>'
    return text(value)


def _patch_link(issue: Issue) -> str:
    key = issue.patch_key
    if key is None:
        return ""
    values = (key.project_code, key.site_code, key.product_code, key.project_name, key.site_name)
    arguments = ",".join(script_string(value) for value in values)
    return f'<div class="right"><a href="#" onclick="popupPatchList({arguments}); return false;">Patch List</a></div>'
