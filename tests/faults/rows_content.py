"""Rows 18, 19 and 22 to 24: pages whose template, text, files or relations are not what they were."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from ims_spiders.demo.world.model import Issue, Relation
from ims_spiders.login.state import load_state, state_path
from tests.faults.asking import ALWAYS, PLACES, asked, few
from tests.faults.case import USERNAME, Case
from tests.faults.row import row


def as_sent(case: Case, path: str) -> bytes:
    """What the tracker sends the user at that address, byte for byte."""
    saved = load_state(state_path(case.archive.data_dir, case.tracker.base_url, USERNAME)) or []
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in saved)
    request = urllib.request.Request(case.tracker.base_url + path, headers={"Cookie": cookie})  # noqa: S310
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def _quarantine(case: Case) -> list[Path]:
    return sorted((case.archive.last().path / "quarantine").iterdir())


def _changed_template(case: Case, environment: dict[str, str] | None = None) -> None:
    tracker = case.start_tracker()
    lost = case.rng.choice(few(case, 6))
    fault = case.rng.choice(("missing_field", "no_number"))
    tracker.faults.replace([f"{fault}:path={PLACES['page'].format(lost)}"])
    run = case.crawl(max_results=6, environment=environment)
    assert run.exit_code == 5, run.stderr
    (error,) = case.archive.last().read_errors()
    detail = error["error_detail"]
    assert (error["error_type"], detail["issue_id"], detail["exception"]) == ("parsing_error", lost, "MissingField")
    (kept,) = _quarantine(case)
    assert detail["quarantine"] == f"quarantine/{kept.name}"
    path = f"/tody/ims/issue/issueView.do?issueId={lost}&menuCode=issue_search"
    assert kept.read_bytes() == as_sent(case, path), "byte for byte"
    assert len(asked(tracker.ledger.entries, f"issueView.do?issueId={lost}")) <= 3


@row(18, "a required field is missing")
def lacks_what_every_page_has(case: Case) -> None:
    """The page is kept aside as it came, and the issue is had when its template is right again."""
    _changed_template(case, {"IMS_RENDER": "never"})


@row(18, "a required field is missing", long=True)
def lacks_it_in_the_browser(case: Case) -> None:
    """What is kept aside is the tracker's document, not what the browser made of it."""
    _changed_template(case, ALWAYS)


@row(19, "wrong charset, NUL bytes", database="shared")
def comes_in_another_charset(case: Case) -> None:
    """Declared as UTF-8, or not declared at all: its text is read as what it is."""
    tracker = case.start_tracker()
    hits = few(case, 8)
    korean = [one for one in hits if _can_be(tracker.world.issues[int(one)], "cp949")]
    other = case.rng.sample(korean, min(3, len(korean)))
    declared = case.rng.choice(("utf-8", ""))
    paths = [PLACES["page"].format(one) for one in other]
    tracker.faults.replace([f"wrong_charset:declared={declared},path={path}" for path in paths])
    for one in other:
        issue = tracker.world.issues[int(one)]
        issue.description.add("<p>똠방각하 펲시콜라 Straße 日本</p>\n", "똠방각하 펲시콜라 Straße 日本")
        issue.subject = f"{issue.subject} 뷁"
        issue.fields["Subject"] = issue.subject
    run = case.crawl(max_results=8)
    assert run.exit_code == 0, run.stderr
    titles = {row["issue_id"]: row["title"] for row in case.archive.rows("select issue_id, title from ims.issues")}
    assert {one: titles[one] for one in other} == {one: tracker.world.issues[int(one)].subject for one in other}


def _can_be(issue: Issue, encoding: str) -> bool:
    """Whether the encoding has every character of the issue's texts."""
    texts = [issue.words(), issue.description.html, *(comment.body.html for comment in issue.comments)]
    texts += [row.details for row in issue.history] + [str(value) for value in issue.fields.values()]
    try:
        "".join(texts).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@row(19, "wrong charset, NUL bytes", database="shared")
def holds_nul_bytes(case: Case) -> None:
    """In texts of a page and in a list: the file has what was sent, the row what a database can hold."""
    tracker = case.start_tracker()
    one = case.rng.choice([hit for hit in case.hits() if tracker.world.issues[int(hit)].comments])
    case.expected = {one}
    issue = tracker.world.issues[int(one)]
    for body in (issue.description, *(comment.body for comment in issue.comments)):
        body.add("<p>raw\0bytes</p>\n", "bytes")
    other = next(known for known in tracker.world.issues.values() if known is not issue)
    other.subject = "a subject\0with one"
    issue.relations.append(Relation(other.issue_id, "child"))
    run = case.crawl(query=one)
    assert run.exit_code == 0, run.stderr
    document = case.archive.documents()[one]
    assert "raw\0bytes" in document["description_html"]
    assert all("raw\0bytes" in comment["content_html"] for comment in document["comments"])
    assert "a subject\0with one" in {pointer["title"] for pointer in document["related"]}
    (stored,) = case.archive.rows("select description, full_data::text as data from ims.issues")
    assert "raw" in stored["description"]
    assert "raw\ufffdbytes" in stored["data"] or "rawbytes" in stored["data"]


@row(22, "an issue changes between two visits", database="shared")
def changes_between_visits(case: Case) -> None:
    """The newer copy stays, whichever of the two comes into the database last."""
    tracker = case.start_tracker()
    hits = few(case, 4)
    late = case.rng.random() < 0.5
    first = case.crawl(max_results=4, database=int(not late))
    assert first.exit_code == 0, first.stderr
    older = case.archive.last().path.name
    for one in case.rng.sample(hits, 2):
        tracker.world.edit(int(one), {"Subject": f"edited {one}", "Status": "Closed"})
        tracker.world.comment(int(one), "the newest comment")
    second = case.crawl(max_results=4)
    assert second.exit_code == 0, second.stderr
    newer = _visible(case)
    for _ in range(2):
        loaded = case.ims("db", "load", older)
        assert loaded.returncode == 0, loaded.stderr
        assert _visible(case) == newer
    assert {row["n"] for row in case.archive.rows("select crawl_count as n from ims.issues")} == {2}


def _visible(case: Case) -> list[dict[str, object]]:
    return case.archive.rows(
        "select i.issue_id, i.title, i.status, i.content_hash, i.last_crawled_at, "
        "(select count(*) from ims.issue_comments c where c.issue_pk = i.issue_pk) as comments "
        "from ims.issues i order by 1"
    )


@row(22, "an issue changes between two visits", long=True)
def changes_during_the_crawl(case: Case) -> None:
    """Just before its page is made, or when its page is asked for again: what is stored is what the page says."""
    tracker = case.start_tracker()
    one = case.rng.choice(few(case, 5))
    path = PLACES["page"].format(one)
    tracker.faults.replace([f"edit_between:every=1,path={path}", f"status:code=503,nth=1,path={path}"])
    run = case.crawl(max_results=5)
    assert run.exit_code == 0, run.stderr
    assert case.archive.documents()[one]["title"] == "edited 2 times"


@row(23, "same file name, other bytes", database="shared")
def has_files_of_one_name(case: Case) -> None:
    """And files of one number, of the issue and of its patch: all are kept, each with its own bytes."""
    tracker = case.start_tracker("same_names:issues=1")
    newest = few(case, 2)[0]
    files = tracker.world.issues[int(newest)].files
    run = case.crawl(max_results=2)
    assert run.exit_code == 0, run.stderr
    stored = [one for one in case.archive.documents()[newest]["attachments"] if one["kind"] != "INLINE"]
    assert len({one["file_path"] for one in stored}) == len({one["sha256"] for one in stored}) == len(files)
    rows = case.archive.rows("select kind, file_id, sha256 from ims.attachments where kind <> 'INLINE'")
    known = {(one["kind"], one["file_id"], one["sha256"]) for one in stored}
    assert known <= {(row["kind"], row["file_id"], row["sha256"]) for row in rows}


@row(24, "related issue missing or forbidden")
def points_to_what_is_not_there(case: Case) -> None:
    """A warning names each that may not be seen or does not exist; the crawl goes on, and is complete."""
    tracker = case.start_tracker()
    hits = few(case, 3)
    hidden = [str(number) for number in case.rng.sample(sorted(tracker.world.missing), 2)]
    gone = next(str(number) for number in range(500_000, 600_000) if number not in tracker.world.issues)
    for place, number in enumerate([*hidden, gone]):
        _relate(tracker.world.issues[int(hits[place])], int(number))
    case.expected = _reachable(case, hits)
    run = case.crawl(max_results=3, related=1, max_depth=1)
    assert run.exit_code == 0, run.stderr
    warned = {one["error_detail"]["issue_id"]: one["severity"] for one in case.archive.last().read_errors()}
    assert {*hidden, gone} <= warned.keys()
    assert set(warned.values()) == {"warning"}
    for place, number in enumerate([*hidden, gone]):
        pointers = {one["issue_id"] for one in case.archive.documents()[hits[place]]["related"]}
        assert number in pointers, "the pointer itself is kept"


def _relate(issue: Issue, number: int) -> None:
    if number not in {relation.issue_id for relation in issue.relations}:
        issue.relations.append(Relation(number, "child"))


def _reachable(case: Case, hits: list[str]) -> set[str]:
    issues = case.tracker.truth()["issues"]
    return {*hits, *(one["issue_id"] for hit in hits for one in issues[hit]["related"] if one["available"])}
