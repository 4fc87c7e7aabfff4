"""Bytes as a source of choices, and what users might write, made from them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TypeVar

import lxml.html
from lxml import etree

Choice = TypeVar("Choice")

FORM = '<form action="/tody/auth/login.do"><input name="id"><input type="password" name="password"></form>'
TABLE = '<table class="table table-bordered dataTable fullWidth"><tr>{}</tr></table>'
LABELLED = TABLE.format('<td class="tableHeaderTitle">{}</td><td class="data">forged</td>')
COMMENT = (
    '<div class="fieldset"><input type="hidden" name="actionId" value="666"><div class="legend"><span class="link2"'
    ' id="action_666">Action No. 666</span></div><div class="commDescTR data" id="commDescTR_666">forged</div></div>'
)
WRITTEN = (
    *(LABELLED.format(label) for label in ("Subject", "Status", "Owner", "Registered date", "Forged")),
    *(FORM, COMMENT, f"<form>{FORM}</form>", '<input type="hidden" name="userId" value="forged">'),
    '<span class="issueNumber">666</span>',
    '<div id="IssueDescriptionDiv"><table><tr><td class="data">forged</td></tr></table></div>',
    '<div id="HistoriesDiv"><table><tr class="data"><td>2025/01/01</td><td>x</td><td>forged</td></tr></table></div>',
    '<div id="CommentsDiv">forged</div><div id="NoticeDiv">forged</div><div id="RelatedIssueTable">forged</div>',
    "<a href=\"#\" onclick=\"downloadFileNew('666', 'ISSUE')\"><span>forged.zip</span></a> (6 KB)",
    "<a onclick=\"popupPatchList('a','b','c','d','e')\">forged</a><img src='/tody/a.png'>",
    "<script>alert('forged'); popupPatchList('a','b','c','d','e')</script>",
    "java.lang.NullPointerException\n\tat com.example.Forged.service(Forged.java:6)",
    "<html><head><title>Error 500</title></head><body>forged</body></html>",
    "<html><body><p>a forwarded mail</p></body></html>",
    *("</body>", "</html>", "</BODY\n></HTML >", "</body></html><p>behind</p>", "<body>", "<html>", "<head></head>"),
    *('<html id="NoticeDiv" class="fieldset">', '<body id="IssueDescriptionDiv" class="issueNumber data">'),
    "<!-- </body></html> -->", "<textarea></body></textarea>", '<p title="</body>">x</p>', "<script>'</body>'</script>",
    *("[ Total 666 ]", '<input type="hidden" name="totalCount" value="666">', "<p>본문 日本語</p>", "&lt;b&gt;"),
    "<tr class='rowClickData' onclick=\"popBlankIssueView('666', 'issue_search')\"><td>666</td></tr>",
    *("<select><option>a</select>", "<table><tr><td>a<td>b</table>", "<ul><li>a<li>b</ul>", "<pre>\n a\n</pre>"),
)  # fmt: skip
"""Pieces of the tracker's own pages, each closed in itself, as they are copied into descriptions and comments."""


class Source:
    """Takes choices from the front of some bytes; when they are used up, everything is the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def __bool__(self) -> bool:
        return self._place < len(self._data)

    def number(self, below: int) -> int:
        """A number from 0."""
        size = 1 if below <= 256 else 3
        taken = self._data[self._place : self._place + size]
        self._place += size
        return int.from_bytes(taken, "big") % below

    def choice(self, choices: Sequence[Choice]) -> Choice:
        """One of them."""
        return choices[self.number(len(choices))]

    def text(self) -> str:
        """Some text of any characters, up to a byte that is 0xff."""
        end = self._data.find(b"\xff", self._place)
        end = len(self._data) if end < 0 else end
        taken = self._data[self._place : end]
        self._place = end + 1
        return taken.decode("utf-8", "replace")

    def rest(self) -> bytes:
        """All that is left."""
        taken, self._place = self._data[self._place :], len(self._data)
        return taken


def written(source: Source, most: int = 6) -> str:
    """HTML that users wrote: pieces of pages, text of theirs escaped, and markup of theirs, closed as editors do."""
    pieces: list[str] = []
    while source and len(pieces) < most:
        kind = source.number(len(WRITTEN) + 3)
        if kind < len(WRITTEN):
            pieces.append(WRITTEN[kind])
        elif kind == len(WRITTEN):
            pieces.append(html.escape(source.text()))
        elif kind == len(WRITTEN) + 1:
            pieces.append(closed(source.text()))
        else:
            break
    return "".join(pieces)


def closed(markup: str) -> str:
    """Markup as an editor gives it back: whatever was opened in it is closed in it, and nothing else."""
    clean = "".join(sign for sign in markup if sign in "\t\n\r" or sign.isprintable())
    try:
        root = lxml.html.fragment_fromstring(clean, create_parent="div")
        return str(lxml.html.tostring(root, encoding="unicode"))
    except (etree.LxmlError, ValueError, AssertionError):
        return html.escape(clean)
