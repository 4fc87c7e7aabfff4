"""The sections of an issue page below its fields."""

from __future__ import annotations

from ims_spiders.demo.markup import script_string, text
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.issue import with_issue_heading
from ims_spiders.demo.world.model import Comment, File, HistoryRow, Issue

_RELATION_COLUMNS = (
    "No",
    "Issue No",
    "Status",
    "Product",
    "Module",
    "Owner",
    "Handler",
    "Customer",
    "Project",
    "Subject",
)


def _collapsed(section: str, title: str, content: str) -> str:
    header = f"""<td class="title6" onclick="setDisplay3('{section}')">+ {title}</td>"""
    return f"""<table class="fullWidth"><tr>{header}</tr></table>
<div id="{section}" style="display:none">{content}</div>"""


def notice(issue: Issue) -> str:
    """The notice of the product: laid out like the issue's own fields, but none of them."""
    content = f"""<table class="table table-bordered dataTable fullWidth"><tbody>
<tr><td class="title tableHeaderTitle">Subject</td>
<td class="data">[Notice] {text(issue.product.name)} end of support</td></tr>
<tr><td class="title tableHeaderTitle">Registered date</td>
<td class="data">2011/01/01 00:00:00</td></tr>
</tbody></table>"""
    return _collapsed("NoticeDiv", "Product Notice", content)


def description(issue: Issue, *, nul: bool = False) -> str:
    """What the reporter wrote."""
    body = with_issue_heading(issue)
    if nul:
        body = "<p>raw\0bytes</p>" + body
    content = f'<table class="table table-bordered fullWidth"><tr><td class="data">{body}</td></tr></table>'
    return _collapsed("IssueDescriptionDiv", "Issue Description", content)


def attachments(world: World, issue: Issue) -> str:
    """Both lists of files."""
    ordinary = _files(world, [file for file in issue.files if file.kind == "ISSUE"])
    patches = _files(world, [file for file in issue.files if file.kind == "PATCH"])
    return f'<h3>Attachments</h3><div id="AttachesDiv">{ordinary}</div>\n' + _collapsed(
        "PatchAttachesDiv", "Patch Files", patches
    )


def _files(world: World, files: list[File]) -> str:
    lines = []
    for file in files:
        onclick = f"downloadFileNew({script_string(file.file_id)}, '{file.kind}'); return false;"
        size = world.files.size_label(file)
        lines.append(f'<li><a href="#" onclick="{onclick}"><span>{text(file.filename)}</span></a> ({size})</li>')
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def relations() -> str:
    """The empty table that the script fills in."""
    header = "".join(f"<th>{name}</th>" for name in _RELATION_COLUMNS)
    return f"""<h3>Related Issues</h3><table id="RelatedIssueTable" class="table-bordered fullWidth">
<thead><tr>{header}</tr></thead><tbody></tbody></table>"""


def comments(issue: Issue) -> str:
    """The actions, newest first."""
    return '<div id="CommentsDiv">' + "\n".join(_comment(comment) for comment in issue.comments) + "</div>"


def _comment(comment: Comment) -> str:
    number = comment.number
    author = comment.author.printed() if comment.shows_mail else comment.author.name
    heading = (
        f"Action No.&nbsp; {number} &nbsp;|&nbsp; Registrant : {text(author)} &nbsp;|&nbsp; "
        f"Registered date : {comment.stamp.printed()}"
    )
    return f"""<div class="fieldset"><input type="hidden" name="actionId" value="{number}"/>
<div class="legend"><span class="link2" id="action_{number}" onclick="toggle('comment_{number}')">
{heading}
</span></div>
<div id="comment_{number}">
<div class="commDescTR data" id="commDescTR_{number}">{comment.body.html}</div></div></div>"""


def history(issue: Issue) -> str:
    """Status changes, assignments and free text."""
    rows = "\n".join(_history_row(row) for row in issue.history)
    content = f"""<table class="table table-bordered fullWidth">
<thead><tr><th>Date</th><th>User</th><th>Details</th></tr></thead>
<tbody>{rows}</tbody></table>"""
    return _collapsed("HistoriesDiv", "History", content)


def _history_row(row: HistoryRow) -> str:
    person = row.person.printed() if row.shows_mail else row.person.name
    cells = "".join(f"<td>{text(value)}</td>" for value in (row.stamp.printed(), person, row.details))
    return f'<tr class="data">{cells}</tr>'
