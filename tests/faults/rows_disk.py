"""Rows 35 and 36: a disk that is full, and calls to it that fail."""

from __future__ import annotations

from tests.faults.case import Case
from tests.faults.row import row
from tests.faults.shimmed import crawl_on_small_disk, crawl_shimmed


@row(35, "disk full")
def fills_while_it_crawls(case: Case) -> None:
    """Somewhere between the first issue and the last: a file, an issue, the record or the log no longer fits."""
    case.start_tracker()
    assert case.crawl(max_results=1).exit_code == 0
    run = crawl_on_small_disk(case, case.draw(150, 700))
    assert run.returncode == 4, run.stderr
    assert "Make room, then resume." in run.stderr


CALLS = ("open", "write", "fsync", "sync_folder", "replace", "mkdir")


@row(36, "write, fsync or rename fails")
def refuses_a_call(case: Case) -> None:
    """The n-th of one kind, once or from then on."""
    case.start_tracker()
    place, why = case.rng.choice(CALLS), case.rng.choice(("EIO", "ENOSPC", "EDQUOT"))
    most = 2 if place == "mkdir" else 16
    plan = {"place": place, "nth": case.draw(1, most), "times": case.rng.choice((1, 1000)), "do": why}
    run, report = crawl_shimmed(case, plan=plan)
    assert report.fired, (plan, report)
    assert run.returncode == 4, (plan, run.stderr)
    if not case.archive.sessions():
        # Its record was what could not be written: there is nothing to go on with, and nothing is left to mend.
        assert case.crawl().exit_code == 0
