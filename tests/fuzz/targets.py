"""Every target by its name: what it does with bytes, what to begin with, and words that mutations should know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.fuzz import answers, names, pages, queries, redaction
from tests.fuzz.source import WRITTEN
from tests.pages.fixture_pages import cases, read_input

LABELS = (
    *("Subject", "Status", "Owner", "Registered date", "tableHeaderTitle", "data", "fieldset", "legend", "link2"),
    *("issueNumber", "userId", "password", "actionId", "commDescTR_", "IssueDescriptionDiv", "CommentsDiv"),
    *("NoticeDiv", "HistoriesDiv", "AttachesDiv", "PatchAttachesDiv", "rowClickData", "issueSearchForm"),
    *("productCodes", "activities", "totalCount", "[ Total ", "downloadFileNew('", "popBlankIssueView('"),
    *("popupPatchList('", "issueView.do?issueId=", "alert('", "relationIssueId", "issueId", "issueSearchForm"),
    *("<table>", "</table>", "<tr>", "<td>", "</td>", "<div>", "</div>", "<form>", "</form>", "</body>", "</html>"),
    *("<!--", "-->", "<script>", "</script>", "<textarea>", "<pre>", "<svg>", "<title>", "&#0;", "&#xd800;"),
    *("../", "..\\", "CON.", "nul", ".tar.gz", "\u202e", "+'", "'+", "と", "を", "에러", "ORA-00600", "という文字列"),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A function of bytes that fails with an AssertionError (or any exception) when something does not hold."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    examples: int = 300
    """For `make test`."""


def _texts() -> list[bytes]:
    return [piece.encode() for piece in WRITTEN] + [read_input(case)[0].encode() for case in cases()[::5]]


def _choices() -> list[bytes]:
    """Choices of every kind, then a text."""
    return [bytes([first, second, second, first]) + b"abc\xff.\xff" for first in range(8) for second in range(0, 50, 2)]


TARGETS = {
    "page": Target(pages.page, pages.page_seeds),
    "users": Target(pages.users, pages.users_seeds, 150),
    "torn": Target(pages.torn, lambda: [b"\x01\x02\x03" + seed for seed in pages.users_seeds()], 200),
    "text": Target(pages.text, _texts),
    "typed": Target(pages.typed, _texts, 150),
    "products": Target(pages.products, _choices, 100),
    "growth": Target(pages.growth, lambda: [bytes([kind]) + one.encode() for kind in range(7) for one in LABELS], 60),
    "login": Target(answers.login, pages.users_seeds),
    "data": Target(answers.data_pages, _choices, 100),
    "attachment": Target(answers.attachment, _choices, 100),
    "names": Target(names.names, names.names_seeds),
    "redaction": Target(redaction.redaction, redaction.redaction_seeds),
    "query": Target(queries.query, queries.reading_seeds),
    "reading": Target(queries.reading, queries.reading_seeds),
}
