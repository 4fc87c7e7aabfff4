"""What is no issue is refused with its reasons, reported, and never handed on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from ims_spiders.exceptions import MissingField
from ims_spiders.items import Attachment, Comment, Issue
from ims_spiders.pipelines.validate import ValidationPipeline
from ims_spiders.spiders import signals
from ims_spiders.spiders.ims import ImsSpider

URL = "http://127.0.0.1/tody/ims/issue/issueView.do?issueId=348115"


class Reports:
    """A pipeline of a real crawler, and what it reported through its signals."""

    def __init__(self) -> None:
        self.crawler = Crawler(ImsSpider)
        self.problems: list[dict[str, Any]] = []
        self.crawler.signals.connect(self._note, signals.problem)
        self.pipeline = ValidationPipeline.from_crawler(self.crawler)

    def _note(self, error: Exception, url: str, issue_id: str, item: Issue) -> None:
        self.problems.append({"error": error, "url": url, "issue_id": issue_id, "item": item})


@pytest.fixture
def reports() -> Reports:
    return Reports()


def test_an_issue_passes_with_its_title_cleaned(reports: Reports) -> None:
    issue = Issue("348115", "  오류 \n", URL, registered_date=datetime(2025, 1, 1, tzinfo=UTC))
    checked = reports.pipeline.process_item(issue)
    assert checked.title == "오류"
    assert reports.problems == []


def test_halves_of_characters_are_cleaned(reports: Reports) -> None:
    issue = Issue(
        "348115", "오류 \ud800!", URL, fields={"Subject\udc00": "\udfff"}, comments=[Comment(1, content="\ud83d")]
    )
    checked = reports.pipeline.process_item(issue)
    assert (checked.title, checked.comments[0].content) == ("오류 \ufffd!", "\ufffd")
    assert checked.fields == {"Subject\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"title": " \t"}, "title"),
        ({"issue_id": "34-8115"}, "issue_id"),
        ({"registered_date": datetime(2025, 1, 1)}, "registered_date"),  # noqa: DTZ001 - the naive time is the point
        ({"comments": [Comment(comment_number="x")]}, "comments.0.comment_number"),  # type: ignore[arg-type]
        ({"attachments": [Attachment("", "ISSUE", "a")]}, "attachments.0.file_id"),
        ({"attachments": [Attachment("1", "OTHER", "a")]}, "attachments.0.kind"),  # type: ignore[arg-type]
    ],
)
def test_anything_else_is_refused_by_field(reports: Reports, wrong: dict[str, Any], named: str) -> None:
    issue = Issue(**{"issue_id": "348115", "title": "t", "url": URL, **wrong})
    with pytest.raises(DropItem, match=named):
        reports.pipeline.process_item(issue)
    (problem,) = reports.problems
    assert isinstance(problem["error"], MissingField)
    assert (problem["url"], problem["item"]) == (URL, issue)
