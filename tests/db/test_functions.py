"""Functions and triggers one by one: times, counts, tombstones, deletions, search."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ims_spiders.db.identity import acting_as
from ims_spiders.db.load import load
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.projection import Projection
from ims_spiders.db.users import add_user
from tests.db.agreement import call
from tests.db.factory import START, at, changed, folder, issue, session, session_uuid
from tests.db.inspect_rows import rows, value

KEPT_UP_TO_DATE = ("crawl_sessions", "favourite_queries", "issues", "schedules", "users")
COUNT_IS_LINKS = """SELECT count(*) FROM ims.issues i WHERE crawl_count <> (
    SELECT count(*) FROM ims.session_issues l WHERE l.issue_pk = i.issue_pk)"""


def run(engine: Engine, statement: str, role: str | None = None, **parameters: Any) -> int:
    """Execute and commit; returns the number of rows."""
    with engine.begin() as connection:
        if role:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
        return connection.execute(text(statement), parameters).rowcount


@pytest.fixture
def archive(engine: Engine, projection: Projection) -> Engine:
    """Three sessions of two users that see five issues."""
    documents = [issue(number) for number in range(100, 105)]
    for number, name in ((1, "kim"), (2, "lee"), (3, "kim")):
        projection.write_session(session(number, number * 60, username=name))
        projection.write_issues(session_uuid(number), [changed(entry, number * 60 + 1, number) for entry in documents])
    projection.refresh_statistics()
    return engine


def dated_now(engine: Engine, table: str) -> int:
    """How many rows say that they were changed just now."""
    found: int = value(engine, f"SELECT count(*) FROM ims.{table} WHERE updated_at > now() - interval '1 hour'")
    return found


@pytest.mark.parametrize(
    ("table", "column", "count"), [("users", "email", 2), ("crawl_sessions", "product", 3), ("issues", "title", 5)]
)
def test_a_change_is_dated(archive: Engine, table: str, column: str, count: int) -> None:
    run(archive, f"UPDATE ims.{table} SET {column} = {column}")
    assert dated_now(archive, table) == 0
    run(archive, f"UPDATE ims.{table} SET {column} = 'other', updated_at = '2026-06-01'")
    assert rows(archive, f"SELECT DISTINCT updated_at::date::text FROM ims.{table}") == [("2026-06-01",)]
    assert run(archive, f"UPDATE ims.{table} SET {column} = 'another'") == count
    assert dated_now(archive, table) == count


def test_every_table_with_updated_at_has_the_trigger(engine: Engine) -> None:
    having = """SELECT table_name FROM information_schema.columns JOIN information_schema.tables
            USING (table_schema, table_name)
        WHERE table_schema = 'ims' AND column_name = 'updated_at' AND table_type = 'BASE TABLE' ORDER BY 1"""
    triggers = """SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgname = 'update_updated_at' ORDER BY 1"""
    assert rows(engine, having) == rows(engine, triggers) == [(table,) for table in KEPT_UP_TO_DATE]


def test_counting_a_sighting_and_what_a_crawl_writes_is_not_dated(archive: Engine, projection: Projection) -> None:
    run(archive, "DELETE FROM ims.session_issues WHERE session_id = (SELECT min(session_id) FROM ims.crawl_sessions)")
    run(archive, "UPDATE ims.issues SET last_crawled_at = now(), missing_since = now()")
    projection.write_session(session(1, 60, status="failed"))
    projection.write_issues(session_uuid(1), [issue(100, 400, status="Closed")])
    assert [dated_now(archive, table) for table in ("issues", "crawl_sessions", "users")] == [0, 0, 0]


LINKS = st.lists(st.tuples(st.booleans(), st.integers(1, 3), st.integers(100, 104), st.booleans()), max_size=12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=LINKS)
def test_crawl_count_is_the_number_of_links(
    archive: Engine, projection: Projection, steps: list[tuple[bool, int, int, bool]]
) -> None:
    """Links that come and go, by hand and by a crawl."""
    link = """INSERT INTO ims.session_issues (session_id, issue_pk) SELECT s.session_id, i.issue_pk
        FROM ims.crawl_sessions s, ims.issues i WHERE s.session_uuid = :uuid AND i.issue_id = :id
        ON CONFLICT DO NOTHING"""
    unlink = """DELETE FROM ims.session_issues l USING ims.crawl_sessions s, ims.issues i WHERE s.session_uuid = :uuid
        AND i.issue_id = :id AND s.session_id = l.session_id AND i.issue_pk = l.issue_pk"""
    for adds, number, issue_id, by_crawl in steps:
        if adds and by_crawl:
            projection.write_issues(session_uuid(number), [issue(issue_id, number * 60 + 2, number)])
        else:
            run(archive, link if adds else unlink, uuid=session_uuid(number), id=str(issue_id))
        assert value(archive, COUNT_IS_LINKS) == 0


def test_crawl_count_follows_links_that_are_moved_and_sessions_that_are_deleted(archive: Engine) -> None:
    last = "(SELECT max(session_issue_id) FROM ims.session_issues)"
    run(archive, f"DELETE FROM ims.session_issues WHERE session_issue_id = {last}")
    run(
        archive,
        f"""UPDATE ims.session_issues SET issue_pk = (
               SELECT i.issue_pk FROM ims.issues i LEFT JOIN ims.session_issues l ON l.issue_pk = i.issue_pk
                   AND l.session_id = (SELECT max(session_id) FROM ims.crawl_sessions)
               WHERE l.issue_pk IS NULL)
           WHERE session_issue_id = {last}""",
    )
    assert value(archive, COUNT_IS_LINKS) == 0
    assert sorted(rows(archive, "SELECT crawl_count FROM ims.issues")) == [(2,), (3,), (3,), (3,), (3,)]
    run(archive, "DELETE FROM ims.crawl_sessions WHERE session_uuid <> :uuid", uuid=session_uuid(1))
    assert rows(archive, "SELECT DISTINCT crawl_count FROM ims.issues") == [(1,)]
    run(archive, "DELETE FROM ims.crawl_sessions")
    assert rows(archive, "SELECT count(*), max(crawl_count) FROM ims.issues") == [(5, 0)]


def test_a_deleted_session_leaves_a_tombstone_until_it_comes_back(archive: Engine, tmp_path: Path) -> None:
    made = [folder(tmp_path, session(n, n * 60, username="kim"), [issue(100, n * 60 + 1, n)]) for n in (1, 3)]
    old = rows(archive, "SELECT session_uuid::text, session_id, user_id FROM ims.crawl_sessions ORDER BY 1")
    run(archive, "DELETE FROM ims.crawl_sessions WHERE session_uuid <> :uuid", uuid=session_uuid(2))
    tombstones = "SELECT session_uuid::text, session_id, user_id FROM ims.deleted_sessions ORDER BY 1"
    assert rows(archive, tombstones) == [old[0], old[2]]
    result = load(archive, tmp_path)
    assert result.sessions == 0
    assert sorted(result.deleted) == sorted(where.path for where in made)
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 1
    assert load(archive, tmp_path, [session_uuid(1)]).sessions == 1
    assert rows(archive, tombstones) == [old[2]]
    assert rows(archive, "SELECT crawl_count FROM ims.issues WHERE issue_id = '100'") == [(2,)]
    run(archive, "DELETE FROM ims.crawl_sessions")
    assert value(archive, "SELECT count(*) FROM ims.deleted_sessions") == 3


def test_a_user_deletes_their_own_old_sessions_and_nobody_elses(archive: Engine, tmp_path: Path) -> None:
    add_user(archive, "kim", Passwords(tmp_path))
    lee = value(archive, "SELECT user_id FROM ims.users WHERE username = 'lee'")
    run(archive, "UPDATE ims.crawl_sessions SET status = 'running' WHERE session_uuid = :uuid", uuid=session_uuid(3))
    with acting_as(archive, "kim") as connection:
        for user_id, expected in ((lee, 0), (None, 1), (None, 0)):
            deleted = connection.execute(text("SELECT ims.delete_old_sessions(:user_id, 1)"), {"user_id": user_id})
            assert deleted.scalar_one() == expected
    left = rows(archive, "SELECT session_uuid::text FROM ims.crawl_sessions ORDER BY 1")
    assert left == [(session_uuid(2),), (session_uuid(3),)]
    assert value(archive, "SELECT count(*) FROM ims.issues") == 5


def test_the_admin_deletes_what_began_before(archive: Engine) -> None:
    run(
        archive,
        "UPDATE ims.crawl_sessions SET started_at = now() - interval '9 days' WHERE session_uuid = :u",
        u=session_uuid(1),
    )
    run(
        archive,
        "UPDATE ims.crawl_sessions SET started_at = now() - interval '6 days' WHERE session_uuid <> :u",
        u=session_uuid(1),
    )
    kim, lee = (value(archive, f"SELECT user_id FROM ims.users WHERE username = '{name}'") for name in ("kim", "lee"))
    assert call(archive, "delete_old_sessions(NULL, 10)") == [0]
    assert call(archive, "delete_old_sessions(:lee, 7)", lee=lee) == [0]
    assert call(archive, "delete_old_sessions(:kim, 7)", kim=kim) == [1]
    assert call(archive, "delete_old_sessions(NULL, 6)") == [2]
    assert call(archive, "delete_old_sessions(999, 1)") == [0]


@pytest.mark.parametrize("days", [0, -1, None])
def test_days_that_are_none_are_refused(archive: Engine, days: int | None) -> None:
    with pytest.raises(DBAPIError, match="days must be 1 or more"):
        call(archive, "delete_old_sessions(NULL, :days)", days=days)
    assert value(archive, "SELECT count(*) FROM ims.crawl_sessions") == 3


def test_figures_of_a_user(archive: Engine, tmp_path: Path) -> None:
    figures = """SELECT s.username, total_sessions, completed_sessions, issues_crawled, unique_issues, new_issues,
        avg_session_duration_sec::text, favourite_product, total_queries
        FROM ims.users u, ims.get_user_stats(u.user_id) s ORDER BY 1"""
    assert rows(archive, figures) == [
        ("kim", 2, 2, 24, 5, 5, "300.125", "OpenFrame", 2),
        ("lee", 1, 1, 12, 5, 0, "300.125", "OpenFrame", 1),
    ]
    assert (
        rows(archive, "SELECT * FROM ims.get_user_stats(999)")
        == rows(archive, "SELECT * FROM ims.get_user_stats(NULL)")
        == []
    )
    add_user(archive, "lee", Passwords(tmp_path))
    with acting_as(archive, "lee") as connection:
        seen = connection.execute(text("SELECT username FROM generate_series(1, 9) n, ims.get_user_stats(n)")).all()
    assert [tuple(row) for row in seen] == [("lee",)]


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-01-31 23:59:59.999+00", "2026-01-31"),
        ("UTC", "2026-02-01 00:00+00", "2026-02-01"),
        ("Asia/Seoul", "2026-01-31 14:59:59.999+00", "2026-01-31"),
        ("Asia/Seoul", "2026-01-31 15:00+00", "2026-02-01"),
        ("America/New_York", "2026-03-08 04:59:59.999+00", "2026-03-07"),
        ("America/New_York", "2026-03-09 03:59:59.999+00", "2026-03-08"),
    ],
)  # fmt: skip
def test_a_day_ends_at_the_archives_midnight(engine: Engine, zone: str, moment: str, day: str) -> None:
    call(engine, "set_time_zone(:zone)", zone=zone)
    for own in ("UTC", "Pacific/Apia"):
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL timezone = '{own}'"))
            found = connection.execute(
                text("SELECT ims.session_day(CAST(:moment AS timestamptz))::text"), {"moment": moment}
            )
            assert found.scalar_one() == day


def test_a_time_zone_that_there_is_not_is_refused(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="there is no time zone Mars/Olympus"):
        call(engine, "set_time_zone('Mars/Olympus')")
    assert value(engine, "SELECT time_zone FROM ims.archive_settings") == "UTC"


def test_a_month_gets_its_partition_once(engine: Engine) -> None:
    for _ in range(2):
        assert call(engine, "create_monthly_partition('audit_log', '2031-05-17')") == ["audit_log_y2031m05"]
    with pytest.raises(DBAPIError, match="issues is not partitioned"):
        call(engine, "create_monthly_partition('issues', '2031-05-17')")


@pytest.fixture
def searchable(engine: Engine, projection: Projection) -> Engine:
    """Issues with words of their own."""
    texts = {
        "100": ("timeout during batch", "error 200 in tmboot", "OpenFrame Batch"),
        "200": ("batch 배치 실패", "no answer", "OpenFrame Online"),
        "300": ("data source lost", "timeout, then source data", "JEUS"),
        "400": ("nothing of it", "else", None),
    }
    projection.write_session(session())
    documents = [
        issue(int(number), title=title, description=description, product=product)
        for number, (title, description, product) in texts.items()
    ]
    projection.write_issues(session_uuid(), documents)
    return engine


def search(engine: Engine, query: str | None, product: str | None = None, limit: int = 50) -> list[str]:
    with engine.connect() as connection:
        call = text("SELECT issue_id FROM ims.search_issues(:query, :product, :limit)")
        return list(connection.execute(call, {"query": query, "product": product, "limit": limit}).scalars())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("200", ["200", "100"]),
        (" 300 ", ["300"]),
        ("batch lost", {"100", "200", "300"}),
        ("+batch timeout", ["100", "200"]),
        ("+batch +timeout", ["100"]),
        ("+batch +lost", []),
        ("'data source'", ["300"]),
        ("'source timeout'", []),
        ("BATCH", {"100", "200"}),
        ("배치", ["200", "100"]),
        ("unheard", []),
        ("", []),
        ("+ ' ''", []),
        (None, []),
    ],
)  # fmt: skip
def test_search(searchable: Engine, query: str | None, found: Any) -> None:
    result = search(searchable, query)
    assert (set(result) if isinstance(found, set) else result) == found


def test_search_within_a_product_and_a_limit(searchable: Engine) -> None:
    assert search(searchable, "batch timeout", "openframe") != search(searchable, "batch timeout")
    assert set(search(searchable, "batch timeout", "openframe")) == {"100", "200"}
    assert search(searchable, "batch timeout", "OpenFrame O") == ["200"]
    assert search(searchable, "batch timeout", "Tibero") == []
    assert len(search(searchable, "batch timeout", limit=1)) == 1
    assert search(searchable, "batch", limit=0) == search(searchable, "batch", limit=-3) == []


HOSTILE = [
    "'" * 999,
    "+" * 5000,
    "a " * 50_000,
    "x" * 5000,
    "& | ! <-> :* ()",
    "\\",
    "%_%",
    "1" * 400,
    "'; DROP TABLE x --",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_a_search_for_anything_is_no_error(searchable: Engine, query: str) -> None:
    assert search(searchable, query, query) == []
    search(searchable, query)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=80)
    | st.text("+'\"!&|<->:*() ab\\\t", max_size=40),
    limit=st.integers(-2, 3),
)
def test_any_search_is_no_error(searchable: Engine, query: str, limit: int) -> None:
    assert len(search(searchable, query, None, limit)) <= max(limit, 0)


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "now", "2026-02-30T00:00:00Z", "noon"])
def test_a_session_that_began_at_no_time_is_refused(engine: Engine, projection: Projection, moment: str) -> None:
    """Its day could not be worked out, nor any other while it is there."""
    with pytest.raises(ValueError, match="is no time"):
        projection.write_session(session(started_at=moment))
    projection.refresh_statistics()
    assert value(engine, "SELECT count(*) FROM ims.crawl_sessions") == 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_who_was_first_does_not_depend_on_who_wrote_first(
    engine: Engine, projection: Projection, order: tuple[int, ...]
) -> None:
    """Three sessions on three days saw the issue: it was new on the first day."""
    for index in order:
        projection.write_session(session(index + 1, index * 1440))
        projection.write_issues(session_uuid(index + 1), [issue(100, index * 1440 + 1, index + 1)])
    projection.refresh_statistics()
    found = rows(engine, "SELECT stat_date, new_issues, unique_issues FROM ims.analytics_daily ORDER BY 1")
    days = [(START + timedelta(days=index)).date() for index in range(3)]
    assert found == [(days[0], 1, 1), (days[1], 0, 1), (days[2], 0, 1)]
    assert value(engine, "SELECT first_crawled_at FROM ims.issues") == at(1)
