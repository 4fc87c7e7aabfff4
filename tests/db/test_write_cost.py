"""What a sighting of an unchanged issue costs: bytes of WAL and heap-only updates, counted by the server."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Engine, create_engine, text

from ims_spiders.db.cluster import SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import parse_url
from ims_spiders.db.projection import Projection
from tests.db.factory import changed, hashed, issue, session, session_uuid
from tests.db.inspect_rows import value

ISSUES = 300


@pytest.fixture
def filled(projection: Projection) -> list[dict[str, object]]:
    """Issues of usual size, in the database."""
    documents = []
    for number in range(1000, 1000 + ISSUES):
        document = issue(number, description="処理がタイムアウトします " * 60)
        for comment in document["comments"]:
            comment["content_html"] = f"<p>{comment['comment_number']} {'배치 오류 ' * 200}</p>"
        documents.append(hashed(document))
    projection.write_session(session())
    assert projection.write_issues(session_uuid(), documents).new == ISSUES
    return documents


def test_an_unchanged_issue_costs_less_than_three_kilobytes_even_after_a_checkpoint(
    server: EmbeddedServer, engine: Engine, projection: Projection, filled: list[dict[str, object]]
) -> None:
    arguments = {"password": server.password(SUPERUSER)}
    superuser = create_engine(parse_url(server.dsn(SUPERUSER)), connect_args=arguments, isolation_level="AUTOCOMMIT")
    with superuser.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    superuser.dispose()
    projection.write_session(session(2, 60))
    before = value(engine, "SELECT pg_current_wal_insert_lsn()::text")
    again = [changed(document, 61, 2) for document in filled]
    assert projection.write_issues(session_uuid(2), again).unchanged == ISSUES
    written = value(engine, "SELECT pg_current_wal_insert_lsn() - CAST(:before AS pg_lsn)", before=before)
    assert written / ISSUES < 3000


def test_the_rows_of_issues_stay_narrow(engine: Engine, projection: Projection) -> None:
    """Also those of small issues, whose content PostgreSQL by itself would keep inline."""
    projection.write_session(session())
    documents = [issue(number) for number in range(1000, 1000 + ISSUES)]
    assert projection.write_issues(session_uuid(), documents).new == ISSUES
    assert value(engine, "SELECT pg_relation_size('ims.issues')") / ISSUES < 1400


def test_counting_a_sighting_is_a_heap_only_update(
    engine: Engine, projection: Projection, filled: list[dict[str, object]]
) -> None:
    for number in (2, 3):
        projection.write_session(session(number, number * 60))
        again = [changed(document, number * 60 + 1, number) for document in filled]
        assert projection.write_issues(session_uuid(number), again).unchanged == ISSUES
    engine.dispose()
    statistics = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'ims.issues'::regclass"
    deadline = time.monotonic() + 10
    updates, heap_only = 0, 0
    while updates < 2 * ISSUES and time.monotonic() < deadline:
        with engine.connect() as connection:
            updates, heap_only = connection.execute(text(statistics)).one()
        time.sleep(0.05)
    assert updates == 2 * ISSUES
    assert heap_only / updates > 0.95
