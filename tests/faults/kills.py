"""kill -9 at a drawn moment or at a named place of a crawl, and what has to hold of that whatever it was."""

from __future__ import annotations

from typing import Any

from tests.faults.case import Case
from tests.faults.shimmed import crawl_shimmed

SMALL = 60
"""Issues of the tracker: a handful is found."""
PLACES = {
    "open": 16, "write": 16, "fsync": 16, "replace": 16, "sync_folder": 18, "mkdir": 6,
    "append": 1, "commit": 5, "put": 5,
}  # fmt: skip
"""What a crawl of those does, and how often at least."""


def start_small(case: Case) -> None:
    """One of its pages is a mistake of the tracker's, so that there is an error to be written, too."""
    case.start_tracker(issues=SMALL)
    lost = case.rng.choice(case.hits())
    case.tracker.faults.replace([f"stack_trace:path=issueView.do.issueId={lost}"])


def at_a_place(case: Case) -> dict[str, Any]:
    """A kill before or behind a call of a drawn kind, in the midst of it for writes that have begun."""
    place = case.rng.choice(list(PLACES))
    return {"place": place, "nth": case.draw(1, PLACES[place]), "do": case.rng.choice(("kill", "killed_after"))}


def at_a_moment(case: Case, seconds: float) -> dict[str, Any]:
    """A kill at any time of a crawl that takes so long."""
    return {"after": round(case.rng.uniform(0.01, seconds), 3)}


def crawl_and_kill(case: Case, plan: dict[str, Any]) -> bool:
    """Begin, or go on with what was begun; whether it was killed. One that was not has ended as it should."""
    begun = bool(case.archive.sessions())
    run, _ = crawl_shimmed(case, plan=plan, resume="last") if begun else crawl_shimmed(case, plan=plan)
    assert run.returncode in {-9, 5}, (plan, run.stderr)
    return run.returncode == -9


def go_on(case: Case) -> None:
    """Go on where the kill was, or begin where nothing had begun; without faults, to the end."""
    case.tracker.faults.clear()
    durable = set(case.archive.last().issue_ids()) if case.archive.sessions() else set()
    case.tracker.reset_ledger()
    run = case.crawl(resume="last") if case.archive.sessions() else case.crawl()
    assert run.exit_code == 0, run.stderr
    asked = [entry.query for entry in case.tracker.ledger.entries if "issueView" in entry.path]
    assert not [query for query in asked for number in durable if f"issueId={number}" in query]


def check_one_of_each(case: Case) -> None:
    """As after a crawl that nobody has killed: one session, and every issue was crawled once."""
    (folder,) = case.archive.sessions()
    assert folder.read_session()["status"] == "completed"
    counts = case.archive.rows("select issue_id, crawl_count from ims.issues")
    assert {one["issue_id"]: one["crawl_count"] for one in counts} == dict.fromkeys(case.hits(), 1)
    rows = case.archive.rows("select status, issues_crawled from ims.crawl_sessions")
    assert rows == [{"status": "completed", "issues_crawled": len(case.hits())}]
