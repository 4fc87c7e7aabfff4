"""Ends of documents that users pasted are no ends of the page, and a page that breaks off behind one is not whole."""

from __future__ import annotations

import pytest

from ims_spiders.exceptions import PageError, UnexpectedPage
from ims_spiders.pages.endings import last_end, without_inner_frames
from ims_spiders.pages.issue import IssuePage
from ims_spiders.pages.patches import PatchListPage
from tests.fuzz.genuine import Written, issue_address, issue_page, read_issue, untouched

FORGED = (
    '<table class="table table-bordered dataTable fullWidth"><tr><td class="tableHeaderTitle">Status</td>'
    '<td class="data">forged</td></tr></table>'
)
MAIL = "<html><head><title>Re</title></head><body><p>a mail</p></body></html>"
ENDS = (
    "</body>",
    "</html>",
    "</BODY\n></HTML >",
    MAIL,
    f"{MAIL}{MAIL}",
    "</body></html></body>",
    "<body><html></html>",
)
STARTS = (
    '<html id="NoticeDiv">',
    '<body id="IssueDescriptionDiv">',
    '<html class="fieldset">',
    '<body class="issueNumber">',
)


@pytest.mark.parametrize("pasted", [*ENDS, *STARTS])
@pytest.mark.parametrize("place", ["notice", "description", "comment"])
def test_what_follows_a_pasted_frame_stays_where_it_was_written(place: str, pasted: str) -> None:
    issue = read_issue(issue_page(Written(**{place: f"before {pasted}{FORGED}<p>behind</p>"})))
    assert issue.fields == untouched().fields
    assert [one.file_id for one in issue.attachments if one.kind != "INLINE"] == ["261102", "261103", "9001"]
    text = {"description": issue.description, "comment": issue.comments[0].content}.get(place)
    if text is not None:
        words = text.split()
        assert words.index("before") < words.index("forged") < words.index("behind")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<textarea>a</body>b</textarea>", "a</body>b"),
        ("<p title='</body>'>x</p>", "x"),
        ("<!-- </html> -->x", "x"),
        ("&lt;/body&gt;x</html>y", "</body>xy"),
    ],
)
def test_text_that_only_looks_like_an_end_stays(markup: str, text: str) -> None:
    issue = read_issue(issue_page(Written(comment=f"{markup}</body><p>z</p>")))
    assert issue.comments[0].content.split()[:2] == [text, "z"]


@pytest.mark.parametrize("html", ["<html><body>x</body></html>\n", "<p>x", "", "<html></html></body>", "x</body>"])
def test_a_page_without_inner_frames_is_left_as_it_is(html: str) -> None:
    assert without_inner_frames(html) == html


@pytest.mark.parametrize("place", ["description", "comment"])
@pytest.mark.parametrize("pasted", [MAIL, f"<p>{MAIL}</p>", f"{MAIL}{MAIL}", f"<div>{MAIL}"])
def test_a_page_that_breaks_off_behind_a_pasted_document_is_refused(place: str, pasted: str) -> None:
    html = issue_page(Written(**{place: f"{pasted}<p>behind</p>"}))
    start = html.index(pasted) + len(pasted)
    whole = html.rindex("</body>")
    for end in [*range(start, start + 40), *range(start + 40, whole, 97)]:
        with pytest.raises(PageError):
            IssuePage(html[:end], issue_address())


@pytest.mark.parametrize("behind", ["", "\n", "<!-- 12 ms -->", "<script>a()</script>", "<div><img src=x><br></div>"])
def test_what_servers_put_behind_a_page_does_not_matter(behind: str) -> None:
    html = issue_page(Written(comment=MAIL)) + behind
    assert read_issue(html).fields == untouched().fields


@pytest.mark.parametrize(
    ("html", "end"),
    [
        ("<html><body>x</body></html>", 27),
        ("<p></body>", 10),
        ("<p>x", None),
        ("<!-- </body> -->", None),
        ("<script>'</body>'</script>", None),
        ("<div></body></div>", None),
        ("</body><br><p>x", 7),
    ],
)
def test_where_a_page_ends(html: str, end: int | None) -> None:
    assert last_end(html) == end


def test_a_bare_patch_list_that_breaks_off_behind_a_table_in_it_is_refused() -> None:
    table = "<table><tr><td><table><tr><td>x</table><td><a href='issueView.do?issueId=12345'>12345</a></table>"
    assert [one.issue_id for one in PatchListPage(table, issue_address()).related()] == ["12345"]
    with pytest.raises(UnexpectedPage):
        PatchListPage(table[: table.index("</table>") + 12], issue_address())


@pytest.mark.parametrize("tag", ["di(v", "a[b", "x*+", "o:p", "c)", "d\\e"])
def test_elements_of_any_name_frame_a_comment(tag: str) -> None:
    """A tag's name becomes a part of a pattern (pages/source.py)."""
    html = issue_page(Written()).replace('<div class="commDescTR data"', f'<{tag} class="commDescTR data"')
    issue = read_issue(html)
    assert issue.fields == untouched().fields
    assert "패치를 적용했습니다." in issue.comments[1].content_html
