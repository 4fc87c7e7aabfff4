"""Several writers of the projection at once: exact, whoever waits for whom."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from ims_spiders.db.transactions import WriteResult
from tests.db.factory import at, folder, issue, session, session_uuid
from tests.db.inspect_rows import rows, value
from tests.db.test_projection import write


def test_parallel_writers_stay_exact(engine: Engine, projection: Projection) -> None:
    """Six sessions write the same issues in different orders and batches at once: nothing lost, nothing twice."""
    numbers = range(100, 160)
    for number in range(1, 7):
        projection.write_session(session(number, number * 10))
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def crawl(number: int) -> None:
        documents = [issue(n, minutes=number * 10 + 1, session_number=number, status=f"Open{number}") for n in numbers]
        documents = documents[number * 7 :] + documents[: number * 7]
        try:
            barrier.wait(10)
            for begin in range(0, len(documents), 13):
                projection.write_issues(session_uuid(number), documents[begin : begin + 13])
        except BaseException as problem:
            failures.append(problem)
            raise

    threads = [threading.Thread(target=crawl, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    found = rows(
        engine,
        """SELECT count(*), min(crawl_count), max(crawl_count), min(status), max(status), min(last_crawled_at),
                  max(first_crawled_at) FROM ims.issues""",
    )
    assert found == [(60, 6, 6, "Open6", "Open6", at(61), at(11))]
    counts = [
        value(engine, f"SELECT count(*) FROM ims.{t}") for t in ("issue_comments", "issue_history", "attachments")
    ]
    assert counts == [120, 240, 120]


def test_a_deadlock_only_costs_time(engine: Engine, projection: Projection) -> None:
    """Somebody else's transaction locks in the other order; the server ends ours, and it is run again."""
    write(projection, [issue(100), issue(200)])
    lock = "SELECT 1 FROM ims.issues WHERE issue_id = :id FOR UPDATE"
    written: list[WriteResult] = []
    projection.write_session(session(2, 50))
    newer = [issue(n, minutes=51, session_number=2, status="Closed") for n in (100, 200)]
    with engine.connect() as other:
        other.execute(text(lock), {"id": "200"})
        thread = threading.Thread(target=lambda: written.append(projection.write_issues(session_uuid(2), newer)))
        thread.start()
        _wait_until_blocked(engine)
        # Ours has waited longer, so it is the first to find the deadlock out and the one that is ended.
        other.execute(text(lock), {"id": "100"})
        other.commit()
    thread.join(30)
    assert written == [WriteResult(changed=2)]


def _wait_until_blocked(engine: Engine) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(500):
        if value(engine, query):
            return
        threading.Event().wait(0.01)
    raise AssertionError("the writer never had to wait")


def test_a_session_file_is_read_when_its_turn_has_come(engine: Engine, projection: Projection, tmp_path: Path) -> None:
    """A load that waits for the crawl's own write must not put the older state over the newer one."""
    where = folder(tmp_path, session(status="running", completed_at=None), [])
    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:uuid, 0))"), {"uuid": session_uuid()})
        thread = threading.Thread(target=projection.write_session, args=(where,))
        thread.start()
        _wait_until_blocked(engine)
        where.write_session(session())
        other.commit()
    thread.join(30)
    assert rows(engine, "SELECT status FROM ims.crawl_sessions") == [("completed",)]
