"""The issue page where a fixture is not enough: any order of labels, any markup, any size."""

from __future__ import annotations

import html as entities
import time
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_spiders.exceptions import PageError, UnexpectedPage
from ims_spiders.items import Issue, issue_document, issue_from_document
from ims_spiders.pages.issue import IssuePage
from tests.pages.fixture_pages import cases, expected_exception, read_input

URL = "https://ims.example.com/tody/ims/issue/issueView.do?issueId=348115"
ISSUES = [case for case in cases() if case.startswith("issue/") and not expected_exception(case)]
TABLE = '<table class="table table-bordered dataTable fullWidth">'


def _page(body: str) -> str:
    return f'<html><body><span class="issueNumber">348115</span>{body}</body></html>'


def _row(pairs: list[tuple[str, str]]) -> str:
    cells = "".join(f'<td class="tableHeaderTitle">{label}</td><td class="data">{value}</td>' for label, value in pairs)
    return f"<tr>{cells}</tr>"


def _comment(number: int, body: str) -> str:
    return (
        f'<div class="fieldset"><input type="hidden" name="actionId" value="{number}"><div class="legend">'
        f'<span class="link2" id="action_{number}">Action No. {number} | Registrant : A</span></div>'
        f'<div id="comment_{number}"><div class="commDescTR data" id="commDescTR_{number}">{body}</div></div></div>'
    )


def _section(body: str) -> str:
    return f'<div id="IssueDescriptionDiv"><table><tr><td class="data">{body}</td></tr></table></div>'


def _parse(body: str) -> Issue:
    return IssuePage(_page(body), URL).to_item()


LABELS = {
    "Subject": "title",
    "Category": "issue_type",
    "Product": "product",
    "Version": "version",
    "Build No": "build_no",
    "Patch No": "patch_no",
    "Module": "module",
    "Status": "status",
    "Priority": "priority",
    "Severity": "severity",
    "Error Code": "error_code",
    "Bug Number": "bug_number",
    "Project": "project_name",
    "Project Code": "project_code",
    "Site": "site",
    "Customer": "customer",
    "Patch Version": "patch_version",
    "Found Version": "found_version",
    "Fixed Version": "fixed_version",
    "Target Version": "target_version",
}
VALUES = st.text("aZ09가あ一<&>\"'./_-", min_size=1, max_size=12)


@given(
    st.permutations(list(LABELS)), st.lists(VALUES, min_size=20, max_size=20), st.lists(st.integers(1, 4), max_size=9)
)
@settings(max_examples=50)
def test_fields_are_found_by_label_in_any_order(labels: list[str], values: list[str], widths: list[int]) -> None:
    pairs = list(zip(labels, values, strict=True))
    rows, rest = [], [(label, entities.escape(value)) for label, value in pairs]
    for width in widths:
        rows.append(_row(rest[:width]))
        rest = rest[width:]
    issue = _parse(TABLE + "".join(rows) + "</table>" + TABLE + _row(rest) + "</table>")
    assert issue.fields == dict(pairs)
    for label, value in pairs:
        assert getattr(issue, LABELS[label]) == value


@given(st.sets(st.sampled_from(sorted(set(LABELS) - {"Subject"}))))
def test_any_field_but_the_subject_may_be_missing(missing: set[str]) -> None:
    issue = _parse(TABLE + _row([(label, "x") for label in LABELS if label not in missing]) + "</table>")
    for label, name in LABELS.items():
        assert getattr(issue, name) == (None if label in missing else "x")


SUBJECT = f"{TABLE}{_row([('Subject', 'Genuine')])}</table>"
PIECES = st.sampled_from(
    (
        *("<p>", "</p>", "<b>", "</b>", "<ul>", "<li>", "</ul>", "<span>", "</span>", "<br>", "<hr>", "<h1>", "</h1>"),
        *("<img src='/a.png'>", "<pre>\n  z\n</pre>", "<A HREF=x>", "</A>", "<o:p></o:p>", "</unknown>", "<td"),
        *(
            "<table><tr><td class='data'>x</td></tr></table>",
            "<div class='fieldset'>y</div>",
            "<table title='<td>'></table>",
        ),
        *("<!-- </td></div> -->", "<script>'</div></td>'</script>", "&lt;/td&gt;", "&amp;nbsp;", "&nbsp;"),
        *("한글 日本語", "\x00", "\x0b", "\r\n", "\"'", "a < b", "a<b"),
    )
)
FRAGMENTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)
BALANCED = st.lists(
    st.sampled_from(
        (
            *(
                "<p>a</p>",
                "<div>b<div>c</div></div>",
                "<TABLE><tr><TD class=data>d</TD></tr></TABLE>",
                "<pre> f </pre>",
            ),
            *("e &amp;lt; &#64;", "<br>", "한글\r\n", "\x00", "<!-- </div></td> -->", "<img alt='<div>' src=x>"),
            *("<script>'</div></td>'</script>", "<div title='>'>g</div>", "<DIV\n>h</DIV>", '<p title="</td>">i</p>'),
        )
    )
).map("".join)


@given(BALANCED, BALANCED)
def test_html_is_kept_character_for_character(description: str, comment: str) -> None:
    issue = _parse(SUBJECT + _section(description) + f'<div id="CommentsDiv">{_comment(7, comment)}</div>')
    assert issue.description_html == description
    assert [found.content_html for found in issue.comments] == [comment]


@given(FRAGMENTS)
def test_hostile_markup_in_a_comment_never_changes_the_issue(fragment: str) -> None:
    body = SUBJECT + '<div id="CommentsDiv">' + _comment(7, fragment) + _comment(6, "x") + "</div>"
    try:
        page = IssuePage(_page(body), URL)
    except UnexpectedPage:
        # Text such as an unclosed comment can swallow what follows it; then the page is refused, not misread.
        return
    issue = page.to_item()
    assert (issue.issue_id, issue.title, issue.fields) == ("348115", "Genuine", {"Subject": "Genuine"})
    assert issue.comments[-1].comment_number == 7


@given(st.text())
def test_any_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(PageError):
        IssuePage(text, URL)


@pytest.mark.parametrize("case", ISSUES)
def test_no_beginning_of_a_page_is_taken_for_the_whole(case: str) -> None:
    text, meta = read_input(case)
    whole = text.lower().rindex("</body")
    for end in range(0, whole, max(1, whole // 60)):
        with pytest.raises(PageError):
            IssuePage(text[:end], meta["url"])


@pytest.mark.parametrize("case", ISSUES)
def test_items_pass_their_own_validation_and_survive_a_file(case: str) -> None:
    text, meta = read_input(case)
    issue = IssuePage(text, meta["url"], meta.get("timezone", "Asia/Seoul")).to_item()
    assert issue_document(issue_from_document(issue_document(issue))) == issue_document(issue)


def test_a_page_nested_too_deep_is_refused_rather_than_cut_short() -> None:
    with pytest.raises(UnexpectedPage, match="nested too deep"):
        _parse(SUBJECT + _section("<div>" * 3000) + f'<div id="CommentsDiv">{_comment(1, "lost")}</div>')


def test_times_are_in_the_zone_asked_for() -> None:
    body = _page(TABLE + _row([("Subject", "x"), ("Registered date", "2025/01/02 03:04:05")]) + "</table>")
    moment = IssuePage(body, URL, "Europe/Berlin").to_item().registered_date
    assert moment is not None
    assert moment.isoformat() == "2025-01-02T03:04:05+01:00"
    assert moment.tzinfo == ZoneInfo("Europe/Berlin")


def test_a_long_issue_is_read_in_time_that_grows_with_its_size() -> None:
    body = "<p>본문 " + "word " * 50 + "</p><img src='/a.png'><table><tr><td class='data'>x</td></tr></table>"
    comments = "".join(_comment(number, body) for number in range(1000, 0, -1))
    start = time.perf_counter()
    issue = _parse(SUBJECT + _section(body * 500) + f'<div id="CommentsDiv">{comments}</div>')
    assert time.perf_counter() - start < 20
    assert [comment.comment_number for comment in issue.comments] == list(range(1, 1001))
    assert issue.description_html == body * 500


HOSTILE = ("<!--", "<div '", '<td class="', "<script>", "<a href='x'>", "<table><tr><td>", "&#x", "alert(", "[ Total ")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_repetition_takes_no_time(hostile: str) -> None:
    text = _page(SUBJECT + '<div id="CommentsDiv">' + _comment(2, hostile * 20000) + _comment(1, "x") + "</div>")
    start = time.perf_counter()
    with suppress(PageError):
        IssuePage(text, URL).to_item()
    assert time.perf_counter() - start < 20
