"""The doctor reads a live page of each kind, and names what has gone from a template."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ims_spiders.cli.checks_result import Check
from ims_spiders.cli.checks_tracker import tracker as tracker_checks
from ims_spiders.config import TrackerConfig
from ims_spiders.demo.server import DemoTracker
from tests.cli.conftest import Ims
from tests.cli.rewriting import rewritten
from tests.cli.test_doctor import verdicts

Look = Callable[..., dict[str, Check]]


@pytest.fixture
def look(tracker: DemoTracker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Look:
    """What the doctor says of a tracker whose answers for some path are changed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def looking(path: str, pattern: str, replacement: str, **settings: str) -> dict[str, Check]:
        def change(asked: str, body: str) -> str:
            return re.sub(pattern, replacement, body) if re.search(path, asked) else body

        with rewritten(tracker, change) as url:
            given = {"username": "kim", "password": "right-password", "render": "never", **settings}
            config = TrackerConfig(base_url=url, **given)  # type: ignore[arg-type]
            return {check.name: check for check in tracker_checks(config, login=True)}

    return looking


def test_each_kind_is_asked_for_once_and_nothing_is_sent(ims_at: Ims, tracker: DemoTracker) -> None:
    before = len(tracker.ledger.entries)
    found = verdicts(ims_at, "--login", code=0, IMS_RENDER="never", USE_DATABASE="false")
    asked = [(entry.method, entry.path.rpartition("/")[2]) for entry in list(tracker.ledger.entries)[before:]]
    assert [method for method, _ in asked].count("POST") == 1
    pages = ["issueSearchList.do", "issueSearchList.do", "issueView.do", "findRelationIssues.do"]
    assert [name for method, name in asked if method == "GET"][-4:] == pages
    assert len(asked) <= 8
    for name in ("Search form", "Search results", "Issue page", "Related issues"):
        assert found[name]["state"] == "ok"
    newest = max(tracker.world.issues)
    assert bool(tracker.world.issues[newest].comments) == ("comments" not in found["Issue page"]["found"])


@pytest.mark.parametrize(
    ("page", "path", "pattern", "replacement", "named"),
    [
        ("Search form", "issueSearchList", "productCodes", "codes", "products (select#productCodes option)"),
        ("Search form", "issueSearchList", "(?i)issueSearchForm", "f", "form (form[name=issueSearchForm])"),
        ("Search results", "reSearchYN=Y", "rowClickData", "row", "rows (tr.rowClickData)"),
        ("Issue page", "issueView", "issueNumber", "n", "issue number (span.issueNumber)"),
        ("Issue page", "issueView", "tableHeaderTitle", "t", "labels (td.tableHeaderTitle)"),
        ("Issue page", "issueView", ">Subject(&nbsp;)?<", ">Title<", "Subject (the field Subject)"),
        ("Related issues", "findRelation", r"(?s)^.*$", "no list", "list of issues"),
    ],
)
def test_what_is_gone_is_named(look: Look, page: str, path: str, pattern: str, replacement: str, named: str) -> None:
    found = look(path, pattern, replacement)
    wrong = [check for check in found.values() if not check.ok]
    assert [check.name for check in wrong] == [page]
    assert named in wrong[0].found
    assert re.search(r"http://127\.0\.0\.1:\d+/tody/ims/issue/", wrong[0].found)
    assert len(wrong[0].found) < 400
    advice = wrong[0].advice or ""
    module = re.search(r"ims_spiders/pages/\w+\.py", advice)
    assert module
    assert Path(module[0]).is_file()
    kept = Path(advice.rpartition(" kept at ")[2])
    assert kept.stat().st_mode & 0o777 == 0o600
    assert replacement in kept.read_text(encoding="utf-8")
    after = list(found)[list(found).index(page) + 1 :]
    assert all(found[name].state == "skip" for name in after)


def test_what_is_no_page_of_the_tracker(look: Look) -> None:
    found = look("issueView", r"(?s)^.*$", "<html><body>java.lang.NullPointerException</body></html>")
    assert not found["Issue page"].ok
    assert "issue number (span.issueNumber)" in found["Issue page"].found


def test_an_issue_that_may_not_be_seen_is_no_failure(look: Look) -> None:
    alert = '<html><body><script>alert("no permission");</script></body></html>'
    found = look("issueView", r"(?s)^.*$", alert)
    assert (found["Issue page"].state, found["Issue page"].ok) == ("skip", True)
    assert "no permission" in found["Issue page"].found


def test_a_search_without_an_issue(look: Look) -> None:
    found = look("reSearchYN=Y", r"(?s)\[ Total \d+ \].*</table>", "[ Total 0 ]")
    assert found["Search results"].state == "ok"
    assert found["Issue page"].state == found["Related issues"].state == "skip"


def test_pages_are_not_looked_at_without_a_login(look: Look, ims_at: Ims) -> None:
    refused = look("nothing", "", "", password="wrong-password")
    assert not refused["Login"].ok
    assert {check.state for name, check in refused.items() if name not in {"Tracker", "Login"}} == {"skip"}
    unasked = verdicts(ims_at, code=0, IMS_RENDER="never", USE_DATABASE="false")["Login and pages"]
    assert (unasked["state"], unasked["ok"], unasked["advice"]) == ("skip", True, "run: ims doctor --login")


def test_a_login_that_gets_no_answer_is_not_said_to_be_wrong() -> None:
    with DemoTracker(issues=20, faults=["status:code=503,path=main"]) as broken:
        config = TrackerConfig(base_url=broken.base_url, username="demo", password="demo", render="never")
        found = {check.name: check for check in tracker_checks(config, login=True)}
    assert not found["Login"].ok
    assert "IMS_PASSWORD" not in (found["Login"].advice or "")


def test_a_tracker_that_is_away_is_not_asked_for_more() -> None:
    config = TrackerConfig(base_url="http://127.0.0.1:9", username="kim", render="never")
    for asked in (True, False):
        away, pages = tracker_checks(config, login=asked)
        assert (away.ok, pages.state) == (False, "skip")
        assert (pages.advice is None) == asked


def test_an_error_of_the_tracker_is_told_with_its_status(tracker: DemoTracker) -> None:
    with DemoTracker(issues=20, faults=["status:code=500,path=issueView"]) as broken:
        config = TrackerConfig(base_url=broken.base_url, username="demo", password="demo", render="never")
        found = {check.name: check for check in tracker_checks(config, login=True)}
    assert "status 500" in found["Issue page"].found
    assert not found["Issue page"].ok


@pytest.mark.parametrize("minutes", [-30, 30])
def test_clocks_that_are_apart(tracker: DemoTracker, minutes: int) -> None:
    with rewritten(tracker, lambda _, body: body, timedelta(minutes=minutes)) as url:
        (found, _) = tracker_checks(TrackerConfig(base_url=url), login=False)
    assert (found.state, found.ok) == ("warn", True)
    assert ("ahead" in found.found) == (minutes < 0)
    assert re.search(r"\b(1799|180[01]) seconds\b", found.found)
