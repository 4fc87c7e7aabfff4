"""The statistics agree with a plain recount: after a history of many sessions, and whatever happens to it then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.identity import acting_as
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import add_user
from tests.db.agreement import (
    KEPT_BY_TRIGGERS,
    aggregate_all,
    assert_everything_agrees,
    assert_figures_agree,
    call,
    database,
    statistics,
)
from tests.db.history import as_a_crawl, as_a_load, as_an_admin, invent
from tests.db.inspect_rows import rows, value

WAYS = {"crawl": as_a_crawl, "load": as_a_load, "admin": as_an_admin}


SESSIONS = {"crawl": 100, "load": 100, "admin": 500}


@pytest.fixture(scope="module", params=["crawl", "load", pytest.param("admin", marks=pytest.mark.long)])
def filled(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    admin: Engine,
    undertaker: Engine,
    template: str,
) -> Iterator[str]:
    """The name of a database that holds the history, written in one of the ways."""
    with database(server, admin, undertaker, template) as engine:
        WAYS[request.param](engine, invent(SESSIONS[request.param]))
        engine.dispose()
        yield str(engine.url.database)


@pytest.fixture
def archive(filled: str, server: EmbeddedServer, admin: Engine, undertaker: Engine) -> Iterator[Engine]:
    """A copy of it, of the test's own."""
    with database(server, admin, undertaker, filled) as engine:
        yield engine


def test_all_figures_agree_in_two_time_zones(archive: Engine) -> None:
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") >= min(SESSIONS.values())
    assert_everything_agrees(archive)
    in_utc = statistics(archive)
    call(archive, "set_time_zone('Asia/Seoul')")
    assert_everything_agrees(archive)
    assert statistics(archive) != in_utc


def test_worked_out_again_the_figures_are_the_same_bit_for_bit(archive: Engine) -> None:
    before = statistics(archive)
    aggregate_all(archive)
    assert statistics(archive) == before
    assert call(archive, "aggregate_daily_stats('2026-01-31')") == [
        value(archive, "SELECT count(*) FROM ims.analytics_daily WHERE stat_date = '2026-01-31'")
    ]
    assert call(archive, "aggregate_monthly_stats(2026, 2)") == [6]


def test_what_becomes_of_issues_later_changes_no_figure(archive: Engine) -> None:
    before = statistics(archive)
    with archive.begin() as connection:
        connection.execute(text("UPDATE ims.issues SET status = 'Rejected', product = 'Other', title = 'other'"))
    assert call(archive, "refresh_statistics()") == [0]
    aggregate_all(archive)
    assert statistics(archive) == before


@pytest.mark.parametrize("filled", ["crawl"], indirect=True)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Lima", "Asia/Beirut"])
def test_the_callers_own_time_zone_does_not_matter(archive: Engine, zone: str) -> None:
    call(archive, "set_time_zone('Asia/Seoul')")
    before = statistics(archive)
    with archive.begin() as connection:
        connection.execute(text(f"SET LOCAL timezone = '{zone}'; SET LOCAL datestyle = 'German'"))
        connection.execute(
            text("SELECT ims.aggregate_daily_stats(date '30.12.2025' + n) FROM generate_series(0, 95) AS days (n)")
        )
        connection.execute(text("SELECT ims.aggregate_monthly_stats(2026, n) FROM generate_series(1, 3) AS months (n)"))
        connection.execute(text("UPDATE ims.crawl_sessions SET issues_crawled = issues_crawled + 1"))
        connection.execute(text("UPDATE ims.crawl_sessions SET issues_crawled = issues_crawled - 1"))
        connection.execute(text("SELECT ims.refresh_materialized_views()"))
    assert statistics(archive) == before
    assert_figures_agree(archive)


DELETIONS: dict[str, str] = {
    "a user's": "SELECT ims.delete_old_sessions(min(user_id), 1) FROM ims.users",
    "all": "SELECT ims.delete_old_sessions(NULL, 1)",
    "every third": "DELETE FROM ims.crawl_sessions WHERE session_id % 3 = 0",
    "a product's": "DELETE FROM ims.crawl_sessions WHERE product = 'JEUS'",
    "links": "DELETE FROM ims.session_issues WHERE session_issue_id % 4 = 0",
    "links of one day": """DELETE FROM ims.session_issues WHERE session_id IN (
        SELECT session_id FROM ims.crawl_sessions WHERE started_at::date = '2026-01-31')""",
    "issues": "DELETE FROM ims.issues WHERE issue_pk % 5 = 0",
    "queries": "DELETE FROM ims.search_queries WHERE query_id % 2 = 0",
}


@pytest.mark.parametrize("filled", ["crawl"], indirect=True)
@pytest.mark.parametrize("what", DELETIONS)
def test_after_deletions_by_the_admin(archive: Engine, what: str) -> None:
    with archive.begin() as connection:
        connection.execute(text(DELETIONS[what]))
    assert_everything_agrees(archive)
    if what == "all":
        running = rows(archive, "SELECT DISTINCT status FROM ims.crawl_sessions")
        assert running == [("running",)]


CHANGES: dict[str, str] = {
    "status": "UPDATE ims.crawl_sessions SET status = 'failed' WHERE session_id % 3 = 0",
    "resumed": "UPDATE ims.crawl_sessions SET status = 'running' WHERE status = 'interrupted'",
    "ended": "UPDATE ims.crawl_sessions SET status = 'completed' WHERE status = 'running'",
    "moved": "UPDATE ims.crawl_sessions SET started_at = started_at + interval '36 hours' WHERE session_id % 3 = 0",
    "handed over": """UPDATE ims.crawl_sessions SET user_id = (SELECT max(user_id) FROM ims.users)
        WHERE session_id % 3 = 0""",
    "shown": """UPDATE ims.crawl_sessions SET product = 'Anew', issues_crawled = 77, duration_seconds = NULL,
        attachments_downloaded = attachments_downloaded + 1 WHERE session_id % 3 = 0""",
    "asked": "UPDATE ims.search_queries SET parsed_query = 'Anew', synonym_expanded = NOT synonym_expanded",
    "alone": "UPDATE ims.search_queries SET session_id = NULL WHERE query_id % 3 = 0",
    "seen otherwise": "UPDATE ims.session_issues SET status = 'Rejected', product = NULL WHERE issue_pk % 3 = 0",
    "seen earlier": """UPDATE ims.session_issues SET created_at = created_at - interval '40 days'
        WHERE session_issue_id % 3 = 0""",
    "first seen earlier": "UPDATE ims.issues SET first_crawled_at = '2025-01-01' WHERE issue_pk % 3 = 0",
    "linked": """INSERT INTO ims.session_issues (session_id, issue_pk, created_at)
        SELECT s.session_id, i.issue_pk, s.started_at FROM ims.crawl_sessions s
        JOIN ims.issues i ON (i.issue_pk + s.session_id) % 40 = 0 ON CONFLICT DO NOTHING""",
}


@pytest.mark.parametrize("filled", ["load"], indirect=True)
@pytest.mark.parametrize("what", CHANGES)
def test_after_changes_by_the_admin(archive: Engine, what: str) -> None:
    before = statistics(archive)
    with archive.begin() as connection:
        assert connection.execute(text(CHANGES[what])).rowcount > 10
    assert_everything_agrees(archive)
    assert statistics(archive) != before or what == "resumed"


@pytest.mark.parametrize("filled", ["load"], indirect=True)
def test_after_deletions_by_the_users_themselves(archive: Engine, tmp_path: Path) -> None:
    for name in ("kim", "민사혁"):
        add_user(archive, name, Passwords(tmp_path))
    before = value(archive, "SELECT count(*) FROM ims.crawl_sessions")
    with acting_as(archive, "kim") as connection:
        connection.execute(text("DELETE FROM ims.session_issues WHERE session_issue_id % 2 = 0"))
        mine = connection.execute(text("DELETE FROM ims.crawl_sessions WHERE session_id % 2 = 1")).rowcount
    with acting_as(archive, "민사혁") as connection:
        theirs = connection.execute(text("SELECT ims.delete_old_sessions(NULL, 1)")).scalar_one()
        connection.execute(text("UPDATE ims.crawl_sessions SET status = 'failed' WHERE status = 'running'"))
    assert mine > 4 < theirs
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == before - mine - theirs
    assert_everything_agrees(archive)


ANYTHING = (
    *(statement for statement in (*DELETIONS.values(), *CHANGES.values()) if "delete_old" not in statement),
    """SELECT ims.upsert_issue(jsonb_build_object('issue_id', issue_id, 'title', title, 'crawl', jsonb_build_object(
           'crawled_at', first_crawled_at - interval '1 hour')), NULL) FROM ims.issues""",
    """INSERT INTO ims.search_queries (user_id, original_query, queried_at)
       SELECT user_id, 'x', '2026-02-28' FROM ims.users""",
    """INSERT INTO ims.crawl_sessions (user_id, status, started_at, product)
       SELECT user_id, 'failed', '2026-03-31 23:59:59.999', '' FROM ims.users""",
    "SELECT ims.set_time_zone('Asia/Seoul')",
    "SELECT ims.set_time_zone('UTC')",
)


@pytest.mark.parametrize("filled", ["load"], indirect=True)
@pytest.mark.parametrize("seed", [0, 4, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2, 3, 5, 6, 7))])
def test_after_anything_in_any_order(archive: Engine, seed: int) -> None:
    """Each step changes a few rows; the figures are right after each one, without anybody asking for them."""
    source = random.Random(seed)
    for statement in source.sample(ANYTHING, 10):
        few = statement.replace("% 3 = 0", f"% 29 = {source.randrange(29)}")
        with archive.begin() as connection:
            connection.execute(text(few))
        assert_figures_agree(archive, KEPT_BY_TRIGGERS)
