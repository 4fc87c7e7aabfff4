"""Telling what is hidden from what is not: estimates, counts of a plan, errors. All of it from kim's own login."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.rights import Archive, Login, archive_of_people

PRIVATE = (
    "users", "crawl_sessions", "search_queries", "session_errors", "session_issues", "analytics_daily",
    "analytics_monthly", "deleted_sessions",
)  # fmt: skip
SHARED_BY_NATURE = {("session_issues", "session_id"), ("session_issues", "issue_pk")}
"""How many sessions saw an issue is told by issues.crawl_count; of a session's links one bucket is kept."""
BY_SESSION = {"session_errors", "session_issues"}
"""Tables without an owner of their own: a plan that is run tells how often it had to look for a row's session."""
NOBODYS = {
    "integer": "2000000000", "bigint": "2000000000", "text": "nobody", "uuid": "00000000-0000-4000-8000-000000000000",
    "timestamp with time zone": "1999-01-01", "date": "1999-01-01", "jsonb": '{"nobody": 1}',
}  # fmt: skip
PLANS = (
    "",
    "SET LOCAL enable_seqscan = off;",
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;",
)
"""As the planner likes, and with index scans and bitmaps forced."""
COUNTED = ("Actual Rows", "Actual Loops", "Rows Removed by Filter", "Rows Removed by Index Recheck")


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "asked", tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def kim(archive: Archive) -> Iterator[Login]:
    with archive.login("kim") as login:
        yield login


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def explain(login: Login, query: str, settings: str = "", analyze: bool = False) -> list[dict[str, Any]]:
    options = "FORMAT JSON, ANALYZE, TIMING OFF, SUMMARY OFF" if analyze else "FORMAT JSON"
    login.run("SAVEPOINT plan")
    found = login.value(f"{settings} EXPLAIN ({options}) {query}")
    login.run("ROLLBACK TO SAVEPOINT plan")
    return list(nodes(found[0]["Plan"]))


def estimates(login: Login, query: str) -> list[tuple[Any, ...]]:
    return [(node["Node Type"], node["Plan Rows"], node["Total Cost"]) for node in explain(login, query)]


def counts(login: Login, query: str, settings: str) -> list[list[Any]]:
    return [
        [node.get(name) for name in ("Node Type", *COUNTED)] for node in explain(login, query, settings, analyze=True)
    ]


def values_of_lees(archive: Archive, table: str) -> list[tuple[str, str, str]]:
    """Column, type and the value that is most frequent in lee's rows and in none of kim's."""
    by_session = "session_id IN (SELECT session_id FROM ims.crawl_sessions WHERE user_id = {})"
    whose = by_session if table in BY_SESSION else "user_id = {}"
    lees, kims = whose.format(archive.numbers["lee"]), whose.format(archive.numbers["kim"])
    found = []
    with archive.login("root") as root:
        columns = root.run(
            f"SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'ims.{table}'::regclass"
            " AND attnum > 0 ORDER BY attnum"
        )
        for column, kind in columns:
            frequent = root.run(
                f"SELECT {column}::text FROM ims.{table} WHERE {lees} AND {column} IS NOT NULL AND {column} NOT IN"
                f" (SELECT {column} FROM ims.{table} WHERE {kims} AND {column} IS NOT NULL)"
                " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            )
            if frequent and kind in NOBODYS:
                found.append((column, kind, frequent[0][0]))
    return found


def condition(column: str, operator: str, value: str, kind: str) -> str:
    return f"{column} {operator} '{value}'::{kind}"


@pytest.mark.parametrize("table", PRIVATE)
def test_estimates_do_not_tell_what_lee_often_uses(archive: Archive, kim: Login, table: str) -> None:
    values = values_of_lees(archive, table)
    assert values
    for column, kind, value in values:
        if (table, column) in SHARED_BY_NATURE:
            continue
        for operator in ("=",) if kind == "jsonb" else ("=", ">=", "<="):
            asked = condition(column, operator, value, kind)
            nobodys = condition(column, operator, NOBODYS[kind], kind)
            query = f"SELECT FROM ims.{table} WHERE"
            assert estimates(kim, f"{query} {asked}") == estimates(kim, f"{query} {nobodys}"), asked


def test_estimates_tell_who_may_be_told(archive: Archive, kim: Login) -> None:
    """So that the comparison above can fail: the planner has samples of what is shared."""
    asked, nobodys = (f"SELECT FROM ims.issues WHERE product = '{name}'" for name in ("OpenFrame", "nobody"))
    assert estimates(kim, asked) != estimates(kim, nobodys)
    with archive.login("root") as root:
        root.run("ALTER TABLE ims.crawl_sessions ALTER product SET STATISTICS 100; ANALYZE ims.crawl_sessions")
        root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles['kim']}")
        asked, nobodys = (f"SELECT FROM ims.crawl_sessions WHERE product = '{name}'" for name in ("secret", "nobody"))
        assert explain(root, asked) != explain(root, nobodys)


def test_what_an_index_works_out_is_not_told(kim: Login) -> None:
    query = "SELECT FROM ims.session_errors WHERE error_detail ->> 'issue_id' = '{}'"
    partly = f"{query} AND error_detail ->> 'exception' = 'IssueNotAvailable'"
    for asked in (query, partly):
        assert estimates(kim, asked.format(777)) == estimates(kim, asked.format(888))
        for settings in PLANS:
            assert counts(kim, asked.format(777), settings) == counts(kim, asked.format(888), settings)


@pytest.mark.parametrize("settings", PLANS, ids=["free", "indexes", "bitmaps"])
@pytest.mark.parametrize("table", [table for table in PRIVATE if table not in BY_SESSION])
def test_a_plan_that_is_run_does_not_tell_what_lee_has(archive: Archive, kim: Login, table: str, settings: str) -> None:
    """But for keys, which the server gives: of a number that one guesses it tells that there is such a row.

    A condition on `running` takes an index of its own, so its plan is compared below.
    """
    for column, kind, value in values_of_lees(archive, table):
        if is_key(archive, table, column) or value == "running":
            continue
        asked = condition(column, "=", value, kind)
        nobodys = condition(column, "=", NOBODYS[kind], kind)
        query = f"SELECT FROM ims.{table} WHERE"
        assert counts(kim, f"{query} {asked}", settings) == counts(kim, f"{query} {nobodys}", settings), asked


def is_key(archive: Archive, table: str, column: str) -> bool:
    query = (
        "SELECT count(*) FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid"
        f" WHERE a.attnum = i.indkey[0] AND i.indrelid = 'ims.{table}'::regclass AND a.attname = '{column}'"
        " AND (i.indisunique OR a.attname = 'issue_pk') AND a.attname <> 'stat_date'"
    )
    with archive.login("root") as root:
        return (table == "users" or column != "user_id") and bool(root.value(query))


@pytest.mark.parametrize("settings", PLANS, ids=["free", "indexes", "bitmaps"])
@pytest.mark.parametrize(
    "question",
    [
        "crawl_sessions WHERE started_at BETWEEN '{}-03-05' AND '{}-03-09'",
        "crawl_sessions WHERE started_at > '{}-01-01' ORDER BY started_at DESC",
        "crawl_sessions WHERE status = 'running' AND started_at > '{}-01-01'",
        "search_queries WHERE queried_at BETWEEN '{}-03-05' AND '{}-03-09'",
        "analytics_daily WHERE stat_date BETWEEN '{}-03-05' AND '{}-03-09'",
    ],
)
def test_a_plan_does_not_count_others_rows_of_a_time(kim: Login, question: str, settings: str) -> None:
    """In 2026 lee had sessions on these days and kim had none, or as many as in all the years after."""
    of_then = counts(kim, f"SELECT FROM ims.{question.replace('{}', '2026')}", settings)
    of_never = counts(kim, f"SELECT FROM ims.{question.replace('{}', '2035')}", settings)
    if "BETWEEN" in question or "running" in question:
        assert of_then == of_never
    else:
        own = kim.value(f"SELECT count(*) FROM ims.{question.replace('{}', '2026').partition(' ORDER')[0]}")
        assert of_then[0][1] == own
        removed = sum(row[COUNTED.index("Rows Removed by Filter") + 1] or 0 for row in of_then)
        assert settings == "" or removed == 0


FAULTS = {
    "a query in a session": "INSERT INTO ims.search_queries (user_id, session_id) VALUES ({kim}, {})",
    "an error in a session": (
        "INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message)"
        " VALUES ({}, 1, 'crawl_error', '')"
    ),
    "a link in a session": "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({}, {issue})",
    "an upsert of a link": (
        "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({}, {issue})"
        " ON CONFLICT (session_id, issue_pk) DO UPDATE SET depth = 1"
    ),
    "a link that is left out": (
        "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({}, {issue}) ON CONFLICT DO NOTHING"
    ),
    "deleting a session": "DELETE FROM ims.crawl_sessions WHERE session_id = {} RETURNING 1 / 0",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_is_the_same_whether_lee_has_the_row_or_nobody(archive: Archive, kim: Login, fault: str) -> None:
    answers = []
    for session in (archive.numbers["session"], 999_999):
        kim.run("SAVEPOINT attempt")
        try:
            kim.run(FAULTS[fault].replace("{}", str(session)).format(**archive.numbers))
            answers.append(("nothing", None, None, None))
        except psycopg2.Error as error:
            said = error.diag
            answers.append((error.pgcode, said.message_primary, said.message_detail, said.constraint_name))
        kim.run("ROLLBACK TO SAVEPOINT attempt")
    assert answers[0] == answers[1]
    assert answers[0][2] is None


def test_a_row_that_is_refused_is_told_to_nobody_but_its_owner(archive: Archive, kim: Login) -> None:
    """A check that fails names the constraint and shows no row of a table with row security."""
    with pytest.raises(psycopg2.errors.CheckViolation) as caught:
        kim.run("UPDATE ims.crawl_sessions SET status = 'x'")
    assert caught.value.diag.constraint_name == "crawl_sessions_status_check"
    assert caught.value.diag.message_detail is None


def test_sequences_tell_kim_no_more_than_a_row_of_their_own_would(archive: Archive, kim: Login) -> None:
    number = kim.value("SELECT nextval('ims.crawl_sessions_session_id_seq')")
    made = f"INSERT INTO ims.crawl_sessions (user_id) VALUES ({archive.numbers['kim']}) RETURNING session_id"
    assert kim.value(made) == number + 1
    assert kim.refused("SELECT setval('ims.crawl_sessions_session_id_seq', 1)") == "42501"
