"""Issues that the tracker deleted: each is missed once, with a warning; nothing else is taken for missing."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.items import utc_milliseconds
from tests import forked
from tests.crawl.crawling import FAST, ROOT, Archive, Run
from tests.crawl.logged_in import variables
from tests.crawl.other_tracker import OtherTracker
from tests.crawl.test_demo_tracker import PASSWORD

WORD = "Zebrafink"
"""In no issue but those that a test marks with it."""


@pytest.fixture
def tracker() -> Iterator[DemoTracker]:
    with DemoTracker(password=PASSWORD, issues=60) as running:
        yield running


def mark(tracker: DemoTracker, count: int) -> list[str]:
    """Make that many issues the answer to the question. None has a file: to learn how those are requested, the browser
    may open a page once more."""
    truth = tracker.truth()["issues"]
    chosen = [number for number, issue in truth.items() if not issue["attachments"]][:count]
    assert len(chosen) == count
    for number in chosen:
        tracker.world.edit(int(number), {"Subject": f"{WORD} {number}"})
    return chosen


def crawl(archive: Archive, tracker: DemoTracker, *settings: str, **arguments: Any) -> Run:
    """Crawl for the marked issues; the ledger then holds this crawl alone."""
    env = variables(archive, tracker)
    tracker.reset_ledger()
    return archive.crawl(env, *settings, **{"query": WORD, "related": 0, **arguments})


def asked(tracker: DemoTracker) -> Counter[str]:
    """How often each issue's page was asked for in the last crawl."""
    queries = [entry.query for entry in tracker.ledger.entries if entry.path.endswith("issueView.do")]
    return Counter(found[1] for query in queries if (found := re.search(r"issueId=(\d+)", query)))


def missed(archive: Archive) -> Counter[str]:
    """The issues that the newest session missed; each must be a warning with all that is needed."""
    entries = archive.last().read_errors()
    for entry in entries:
        assert (entry["severity"], entry["error_type"]) == ("warning", "crawl_error")
        assert entry["error_detail"]["exception"] == "IssueNotAvailable"
        assert "quarantine" not in entry["error_detail"]
    return Counter(entry["error_detail"]["issue_id"] for entry in entries)


def test_a_deleted_issue_is_missed_once_and_one_that_only_fits_no_longer_is_not(
    files_only: Archive, tracker: DemoTracker
) -> None:
    kept, gone, changed = mark(tracker, 3)
    assert crawl(files_only, tracker).exit_code == 0
    first = files_only.last()
    began = first.read_session()["started_at"]
    tracker.world.delete(int(gone))
    tracker.world.edit(int(changed), {"Subject": "something else"})
    run = crawl(files_only, tracker)
    assert run.exit_code == 0, run.stderr
    assert asked(tracker) == {kept: 1, gone: 1, changed: 1}
    assert missed(files_only) == {gone: 1}
    (entry,) = files_only.last().read_errors()
    since = re.search(rf"issue {gone}, known since (\S+) and last listed (\S+), is gone: .*not exist", str(entry))
    assert since is not None
    assert began <= since[1] <= since[2] < files_only.last().read_session()["started_at"]
    assert entry["error_detail"]["url"].startswith(tracker.base_url)
    assert set(files_only.documents()) == {kept}
    assert [one["issue_id"] for one in run.feed] == [kept]
    assert first.has_issue(gone)
    session = files_only.last().read_session()
    assert (session["status"], session["failed_issues"], session["issues_crawled"]) == ("completed", 0, 1)
    counts = {name: session["metadata"]["scrapy"][f"ims/unlisted/{name}"] for name in ("gone", "there", "left")}
    assert counts == {"gone": 1, "there": 1, "left": 0}
    assert f"{changed} is still there" in files_only.last().log_path.read_text("utf-8")
    assert crawl(files_only, tracker).exit_code == 0
    assert asked(tracker) == {kept: 1}
    assert missed(files_only) == {}


def test_only_a_whole_search_for_the_same_says_that_something_is_gone(
    files_only: Archive, tracker: DemoTracker
) -> None:
    kept, second, gone = mark(tracker, 3)
    assert crawl(files_only, tracker).exit_code == 0
    tracker.world.delete(int(gone))
    assert crawl(files_only, tracker, max_results=1).exit_code == 0
    assert gone not in asked(tracker)
    assert crawl(files_only, tracker, query=f"+{WORD}").exit_code == 0
    assert gone not in asked(tracker)
    tracker.faults.replace(["empty_page"])
    assert crawl(files_only, tracker).exit_code == 5
    assert not asked(tracker)
    tracker.faults.replace([])
    assert crawl(files_only, tracker).exit_code == 0
    assert asked(tracker) == {kept: 1, second: 1, gone: 1}
    assert missed(files_only) == {gone: 1}


@pytest.mark.parametrize(
    "refresh", [pytest.param(one, marks=pytest.mark.long) for one in ("missing", "all", "changed")]
)
def test_a_deleted_issue_that_others_point_to_is_missed_once(
    files_only: Archive, tracker: DemoTracker, refresh: str
) -> None:
    truth = tracker.truth()["issues"]
    parent, gone = next(
        (number, one["issue_id"])
        for number, issue in truth.items()
        for one in issue["related"]
        if one["available"] and one["source"] == "relation"
    )
    for number in (parent, gone):
        tracker.world.edit(int(number), {"Subject": WORD})
    assert crawl(files_only, tracker, related=1).exit_code == 0
    known = {*files_only.documents(), *missed(files_only)}
    tracker.world.delete(int(gone))
    assert crawl(files_only, tracker, related=1, refresh=refresh).exit_code == 0
    assert asked(tracker)[gone] == 1
    assert missed(files_only)[gone] == 1
    assert crawl(files_only, tracker, related=0, refresh=refresh).exit_code == 0
    assert asked(tracker)[gone] == 0
    assert missed(files_only)[gone] == 0
    assert gone in known


@pytest.mark.parametrize("resume", ["last", None])
@pytest.mark.long
def test_a_crawl_that_was_killed_meanwhile_leaves_just_the_rest(
    files_only: Archive, tracker: DemoTracker, resume: str | None
) -> None:
    kept, slow, *gone = mark(tracker, 5)
    assert crawl(files_only, tracker).exit_code == 0
    for number in (slow, *gone):
        tracker.world.delete(int(number))
    tracker.faults.replace([f"hang:path=issueView.do.issueId={slow}"])
    settings = [word for name, value in FAST.items() for word in ("-s", f"{name}={value}")]
    command = ["crawl", "ims", "-a", f"query={WORD}", "-a", "related=0", *settings]
    env = variables(files_only, tracker)
    with forked.start("scrapy", command, ROOT, env, stderr=subprocess.DEVNULL) as killed:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and set(missed(files_only)) != set(gone):
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
    assert missed(files_only) == dict.fromkeys(gone, 1)
    tracker.faults.replace([])
    run = crawl(files_only, tracker, **({"resume": resume} if resume else {}))
    assert run.exit_code == 0, run.stderr
    assert asked(tracker) == ({slow: 1} if resume else {kept: 1, slow: 1})
    assert missed(files_only) == ({slow: 1, **dict.fromkeys(gone, 1)} if resume else {slow: 1})
    assert len(files_only.sessions()) == (2 if resume else 3)
    assert crawl(files_only, tracker).exit_code == 0
    assert asked(tracker) == {kept: 1}


@pytest.mark.long
def test_an_issue_that_vanishes_before_its_session_is_resumed_is_missed(
    files_only: Archive, tracker: DemoTracker
) -> None:
    kept, gone = mark(tracker, 2)
    assert crawl(files_only, tracker).exit_code == 0
    tracker.world.delete(int(gone))
    assert crawl(files_only, tracker, resume="last").exit_code == 0
    assert asked(tracker) == {gone: 1}
    assert missed(files_only) == {gone: 1}
    assert crawl(files_only, tracker, resume="last").exit_code == 0
    assert not asked(tracker)
    assert set(files_only.documents()) == {kept, gone}


@pytest.mark.long
def test_what_could_not_be_found_out_is_asked_by_the_next_crawl(files_only: Archive, tracker: DemoTracker) -> None:
    kept, gone = mark(tracker, 2)
    assert crawl(files_only, tracker).exit_code == 0
    tracker.world.delete(int(gone))
    tracker.faults.replace([f"status:code=500,path=issueView.do.issueId={gone}"])
    run = crawl(files_only, tracker, "RETRY_TIMES=1")
    assert run.exit_code == 0, run.stderr
    (entry,) = files_only.last().read_errors()
    assert (entry["severity"], entry["error_type"]) == ("warning", "network_error")
    assert files_only.last().read_session()["failed_issues"] == 0
    tracker.faults.replace([])
    assert crawl(files_only, tracker).exit_code == 0
    assert asked(tracker) == {kept: 1, gone: 1}
    assert missed(files_only) == {gone: 1}


@pytest.mark.long
def test_no_more_are_asked_for_than_allowed_and_the_rest_comes_later(files_only: Archive, tracker: DemoTracker) -> None:
    _, *gone = mark(tracker, 4)
    assert crawl(files_only, tracker).exit_code == 0
    for number in gone:
        tracker.world.delete(int(number))
    seen: Counter[str] = Counter()
    for most, expected in ((0, 0), (2, 2), (2, 1), (2, 0)):
        assert crawl(files_only, tracker, f"IMS_UNLISTED_MOST={most}").exit_code == 0
        assert len(asked(tracker)) == 1 + expected
        assert len(missed(files_only)) == expected
        seen += missed(files_only)
    assert seen == dict.fromkeys(gone, 1)


@pytest.mark.parametrize("scripted", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_tracker_that_says_it_otherwise(files_only: Archive, scripted: bool) -> None:
    with OtherTracker(scripted=scripted) as tracker:
        env = variables(files_only, tracker)
        arguments: dict[str, Any] = {"query": "TPETIME", "product": "Tibero", "related": 0}
        assert files_only.crawl(env, **arguments).exit_code == 0
        gone, changed, *_ = files_only.documents()
        del tracker.world[gone]
        tracker.world[changed]["subject"] = "something else"
        tracker.requests.clear()
        run = files_only.crawl(env, **arguments)
        assert run.exit_code == 0, run.stderr
        assert missed(files_only) == {gone: 1}
        assert sum(f"issueId={gone}" in path for path in tracker.requests) == 1


def test_the_database_says_since_when_an_issue_was_missed_and_keeps_it(archive: Archive, tracker: DemoTracker) -> None:
    kept, gone = mark(tracker, 2)
    assert crawl(archive, tracker).exit_code == 0
    tracker.world.delete(int(gone))
    run = crawl(archive, tracker)
    assert run.exit_code == 0, run.stderr
    (entry,) = archive.last().read_errors()
    marked = "SELECT issue_id, missing_since FROM ims.issues WHERE missing_since IS NOT NULL"
    assert [(row["issue_id"], utc_milliseconds(row["missing_since"])) for row in archive.rows(marked)] == [
        (gone, entry["occurred_at"])
    ]
    assert {row["issue_id"] for row in archive.rows("SELECT issue_id FROM ims.issues")} == {kept, gone}
