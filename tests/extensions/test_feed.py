"""Feeds hold each issue as its file does."""

from __future__ import annotations

import json
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from ims_spiders.extensions.feed import IssueArrayExporter, IssueLinesExporter
from ims_spiders.items import Comment, Issue, issue_document, issue_from_document

ISSUES = [
    Issue(
        str(number),
        "제목 😀 <b>",
        "u",
        registered_date=datetime(2025, 10, 17, 18, 12, tzinfo=ZoneInfo("Asia/Seoul")),
    )
    for number in (1, 2)
]
ISSUES[0].comments.append(Comment(5, content="줄\n바꿈\0"))


def export(exporter_class: type, issues: list[Issue]) -> bytes:
    file = BytesIO()
    exporter = exporter_class(file)
    exporter.start_exporting()
    for issue in issues:
        exporter.export_item(issue)
    exporter.finish_exporting()
    return file.getvalue()


def test_lines() -> None:
    lines = export(IssueLinesExporter, ISSUES).splitlines()
    assert [json.loads(line) for line in lines] == [issue_document(issue) for issue in ISSUES]
    assert json.loads(lines[0])["registered_date"] == "2025-10-17T18:12:00+09:00"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_array(count: int) -> None:
    assert json.loads(export(IssueArrayExporter, ISSUES[:count])) == [issue_document(one) for one in ISSUES[:count]]


def test_a_document_is_the_issue_again() -> None:
    assert [issue_from_document(issue_document(issue)) for issue in ISSUES] == ISSUES
