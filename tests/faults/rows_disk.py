"""Rows 35 and 36: a disk that is full, and calls to it that fail."""

from __future__ import annotations

from sqlalchemy import text

from tests.crawl.crawling import FAST, run
from tests.faults import kills
from tests.faults.case import SEARCH, Case
from tests.faults.row import row
from tests.faults.shimmed import crawl_on_small_disk, crawl_shimmed, half_done


@row(35, "disk full")
def fills_while_it_crawls(case: Case) -> None:
    """Somewhere between the first issue and the last: a file, an issue, the record or the log no longer fits."""
    case.start_tracker()
    assert case.crawl(max_results=1).exit_code == 0
    run = crawl_on_small_disk(case, case.draw(120, 360))
    assert run.returncode == 4, run.stderr
    assert "Make room, then resume." in run.stderr


@row(35, "disk full")
def fills_at_the_end(case: Case) -> None:
    """All issues are there, and the record of the session's end does not fit any more."""
    case.start_tracker(issues=kills.SMALL)
    full = {"place": "replace", "name": "session.json", "nth": 3, "times": 99, "do": "ENOSPC"}
    run, _ = crawl_shimmed(case, plan=full)
    assert run.returncode == 4, run.stderr
    assert "Make room, then resume." in run.stderr
    folder = case.archive.last()
    assert set(folder.issue_ids()) == set(case.hits())
    assert (folder.read_session()["status"], folder.is_locked()) == ("running", False)


@row(35, "disk full", long=True)
def fills_where_errors_go(case: Case) -> None:
    """An error that cannot be written down would be a loss that nobody hears of."""
    kills.start_small(case)
    run, report = crawl_shimmed(case, plan={"place": "append", "times": 99, "do": "ENOSPC"})
    assert (run.returncode, report.fired) == (4, 1), run.stderr


@row(35, "disk full", long=True)
def fills_where_the_log_goes(case: Case) -> None:
    """It is said once, and nothing of the crawl is lost for it."""
    case.start_tracker(issues=kills.SMALL)
    folder = half_done(case)
    folder.log_path.unlink()
    folder.log_path.symlink_to("/dev/full")
    run = case.ims("crawl", "--resume", "last")
    folder.log_path.unlink()
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("No space left on device; the crawl goes on without it") == 1
    assert "Traceback" not in run.stderr


@row(35, "disk full", seeds=False, long=True)
def fills_where_the_feed_goes(case: Case) -> None:
    """A feed is a copy for others: the archive has everything, and the log says what the copy lacks."""
    case.start_tracker(issues=kills.SMALL)
    words = [f"-a{name}={value}" for name, value in SEARCH.items()]
    words += [f"-s{name}={value}" for name, value in FAST.items()]
    run_ = run("scrapy", ["crawl", "ims", "-o", "/dev/full:jsonlines", *words], case.variables(), 120)
    case.ran(run_)
    assert case.archive.last().read_session()["exit_code"] == 0
    assert "No space left on device" in run_.stderr


@row(35, "disk full", database="shared", long=True)
def fills_under_the_database(case: Case) -> None:
    """The server answers that its disk is full: the crawl completes in files, and loads when there is room."""
    case.start_tracker(issues=kills.SMALL)
    assert case.archive.engine is not None
    with case.archive.engine.begin() as connection:
        for line in DISK_FULL:
            connection.execute(text(line))
    run, _ = crawl_shimmed(case, "IMS_DATABASE_CLOSE_SECONDS=2", plan={})
    assert run.returncode == 6, run.stderr
    with case.archive.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER disk_full ON ims.issues"))
        connection.execute(text("DROP FUNCTION ims.disk_full()"))
    loaded = case.ims("db", "load")
    assert loaded.returncode == 0, loaded.stderr


DISK_FULL = (
    "CREATE FUNCTION ims.disk_full() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$",
    "CREATE TRIGGER disk_full BEFORE INSERT ON ims.issues EXECUTE FUNCTION ims.disk_full()",
)
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


@row(36, "write, fsync or rename fails")
def takes_a_part(case: Case) -> None:
    """A write that takes fewer bytes than it was given is no error: the rest is written, too."""
    kills.start_small(case)
    run, report = crawl_shimmed(case, plan={"place": "write|append", "times": 999, "do": "short"})
    assert (run.returncode, report.fired > 0) == (5, True), run.stderr
    assert [one["error_type"] for one in case.archive.last().read_errors()] == ["parsing_error"]
