"""The trail: who created, changed, deleted or exported what; read by admins, changed by nobody, kept by month."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.projection import Projection
from tests.db.factory import error, issue, session, session_uuid
from tests.db.rights import Archive, Login, archive_of_people

ENTRIES = (
    "SELECT action, resource_type, resource_id, user_id, database_role, old_value, new_value"
    " FROM ims.audit_log WHERE log_id > {} ORDER BY log_id"
)
MONTHS = (
    "SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid"
    " WHERE h.inhparent = 'ims.audit_log'::regclass ORDER BY 1"
)


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "audited", tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def root(archive: Archive) -> Iterator[Login]:
    """The superuser's transaction, who can play everybody and look at what they leave."""
    with archive.login("root") as login:
        yield login


def trail(archive: Archive, root: Login, who: str, *statements: str) -> list[tuple[Any, ...]]:
    """What somebody's statements add to the trail."""
    last = root.value("SELECT coalesce(max(log_id), 0) FROM ims.audit_log")
    root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles[who]}")
    if who == "crawler":
        root.run("SET LOCAL ROLE ims_crawl")
    for statement in statements:
        root.run(archive.fill(statement))
    root.run("RESET SESSION AUTHORIZATION")
    return root.run(ENTRIES.format(last))


def test_a_user_creates_changes_and_deletes_a_session(archive: Archive, root: Login) -> None:
    entries = trail(
        archive, root, "kim",
        "INSERT INTO ims.crawl_sessions (user_id, product) VALUES ({kim}, 'new')",
        "UPDATE ims.crawl_sessions SET product = 'newer', max_results = 5 WHERE product = 'new'",
        "DELETE FROM ims.crawl_sessions WHERE product = 'newer'",
    )  # fmt: skip
    who = (archive.numbers["kim"], archive.roles["kim"])
    assert [entry[:2] + entry[3:5] for entry in entries] == [
        (action, "crawl_sessions", *who) for action in ("insert", "update", "delete")
    ]
    created, changed, deleted = (entry[5:] for entry in entries)
    assert len({entry[2] for entry in entries}) == 1
    assert created[0] is None
    assert created[1]["product"] == "new"
    assert changed == ({"product": "new", "max_results": None}, {"product": "newer", "max_results": 5})
    assert deleted[0]["product"] == "newer"
    assert deleted[1] is None


ROWS = {
    "search_queries": ("(user_id, original_query) VALUES ({kim}, 'q')", "product"),
    "session_errors": (
        "(session_id, error_type, error_message) VALUES ({own_session}, 'crawl_error', 'e')",
        "error_message",
    ),
    "session_issues": ("(session_id, issue_pk) VALUES ({own_session}, {other_issue} - 2)", "found_by"),
}
SHARED_ROWS = {
    "issues": ("(issue_id, title) VALUES ('9001', 't')", "title"),
    "issue_comments": ("(issue_pk, comment_number) VALUES ({issue}, 1)", "content"),
    "issue_history": ("(issue_pk, description) VALUES ({issue}, 'd')", "description"),
    "attachments": ("(issue_pk, file_id, filename) VALUES ({issue}, 'f', 'n')", "filename"),
    "users": ("(username) VALUES ('new')", "department"),
}


@pytest.mark.parametrize(
    ("who", "table"),
    [("kim", table) for table in ROWS] + [(who, table) for who in ("boss", "owner") for table in ROWS | SHARED_ROWS],
)
def test_each_row_that_somebody_creates_changes_or_deletes_is_told(
    archive: Archive, root: Login, who: str, table: str
) -> None:
    values, column = (ROWS | SHARED_ROWS)[table]
    key = {"session_issues": "session_issue_id", "attachments": "attachment_id"}.get(table)
    key = key or root.value(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
        f" WHERE indisprimary AND indrelid = 'ims.{table}'::regclass"
    )
    newest = f"{key} = (SELECT max({key}) FROM ims.{table})"
    entries = trail(
        archive, root, who,
        f"INSERT INTO ims.{table} {values}",
        f"UPDATE ims.{table} SET {column} = 'changed' WHERE {newest}",
        f"UPDATE ims.{table} SET {column} = 'changed' WHERE {newest}",
        f"DELETE FROM ims.{table} WHERE {newest}",
    )  # fmt: skip
    actor = archive.numbers.get(who) if who != "owner" else None
    assert [entry[:2] + entry[3:5] for entry in entries] == [
        (action, table, actor, archive.roles[who]) for action in ("insert", "update", "delete")
    ]
    assert set(entries[1][5]) == set(entries[1][6]) == {column}
    assert entries[1][6][column] == "changed"


def test_an_issue_of_somebody_elses_making_is_told_by_its_number(archive: Archive, root: Login) -> None:
    (entry,) = trail(archive, root, "boss", "UPDATE ims.issues SET title = 'x' WHERE issue_id = '101'")
    assert entry[:3] == ("update", "issues", "101")
    assert entry[5:] == ({"title": "issue 101"}, {"title": "x"})


def test_the_time_zone_is_told(archive: Archive, root: Login) -> None:
    (entry,) = trail(archive, root, "boss", "SELECT ims.set_time_zone('Asia/Seoul')")
    assert entry[:2] == ("update", "archive_settings")
    assert entry[3:] == (
        archive.numbers["boss"], archive.roles["boss"], {"time_zone": "UTC"}, {"time_zone": "Asia/Seoul"},
    )  # fmt: skip


def test_what_follows_from_a_deletion_does_not_flood_the_trail(archive: Archive, root: Login) -> None:
    sessions = root.value(
        archive.fill("SELECT count(*) FROM ims.crawl_sessions WHERE user_id = {lee} AND status <> 'running'")
    )
    entries = trail(archive, root, "lee", "SELECT ims.delete_old_sessions({lee}, 1)")
    assert [entry[:2] for entry in entries] == [("delete", "crawl_sessions")] * sessions
    entries = trail(archive, root, "boss", "DELETE FROM ims.issues WHERE issue_pk = {issue}")
    assert [entry[:2] for entry in entries] == [("delete", "issues")]


def test_counting_and_statistics_are_not_told(archive: Archive, root: Login) -> None:
    link = "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({own_session}, {other_issue} - 2)"
    assert [entry[:2] for entry in trail(archive, root, "kim", link)] == [("insert", "session_issues")]
    assert trail(archive, root, "boss", "SELECT ims.aggregate_daily_stats('2026-03-02')") == []
    assert trail(archive, root, "kim", "UPDATE ims.crawl_sessions SET product = product") == []


def test_a_crawl_is_told_by_its_user_and_its_sessions_states(archive: Archive) -> None:
    with archive.login("root") as root:
        last = root.value("SELECT max(log_id) FROM ims.audit_log")
    projection = Projection(archive.owner)
    projection.write_session(session(7, status="running", completed_at=None, username="newcomer"))
    projection.write_issues(session_uuid(7), [issue(n, session_number=7) for n in range(300, 310)])
    projection.write_errors(session_uuid(7), [error()])
    projection.write_session(session(7, status="running", completed_at=None, username="newcomer", issues_crawled=11))
    projection.write_session(session(7, username="newcomer"))
    with archive.login("root") as root:
        entries = root.run(ENTRIES.format(last))
        user = root.value("SELECT user_id FROM ims.users WHERE username = 'newcomer'")
    assert [entry[:2] for entry in entries] == [
        ("insert", "users"), ("insert", "crawl_sessions"), ("update", "crawl_sessions"),
    ]  # fmt: skip
    assert {entry[3:5] for entry in entries} == {(user, "ims_crawl")}
    assert entries[2][5]["status"] == "running"
    assert entries[2][6]["status"] == "completed"


def test_an_export_is_told_under_the_name_of_whoever_made_it(archive: Archive, root: Login) -> None:
    for who in ("kim", "ann", "boss"):
        (entry,) = trail(archive, root, who, "SELECT ims.record_export('issues', '{{\"rows\": 3}}')")
        assert entry == (
            "export",
            "issues",
            None,
            archive.numbers.get(who, entry[3]),
            archive.roles[who],
            None,
            {"rows": 3},
        )
        assert entry[3] == root.value(f"SELECT user_id FROM ims.users WHERE username = '{who}'")


def test_an_export_in_anothers_name_is_told_under_ones_own(archive: Archive, root: Login) -> None:
    (entry,) = trail(
        archive, root, "kim",
        "SELECT set_config('ims.user', 'lee', true), set_config('application_name', 'lee', true)",
        'SELECT ims.record_export(\'issues\', \'{{"user_id": {lee}, "database_role": "{lee_role}"}}\')',
    )  # fmt: skip
    assert entry[3:5] == (archive.numbers["kim"], archive.roles["kim"])


def test_a_service_is_told_as_the_user_that_it_became(archive: Archive, root: Login) -> None:
    become = "SELECT ims.set_current_user({kim})"
    (entry,) = trail(archive, root, "service", become, "SELECT ims.record_export('issues')")
    assert entry[3:5] == (archive.numbers["kim"], archive.roles["kim"])


def test_a_record_of_an_export_is_short(archive: Archive) -> None:
    with archive.login("kim") as kim:
        assert kim.refused("SELECT ims.record_export('issues', to_jsonb(repeat('x', 20000)))") == "54000"
        assert kim.refused("SELECT ims.record_export(repeat('x', 200))") == "54000"


@pytest.mark.parametrize("table", ["audit_log", "audit_log_default", "month"])
@pytest.mark.parametrize("who", ["kim", "ann", "boss", "owner", "service", "crawler"])
def test_nobody_changes_or_removes_an_entry(archive: Archive, root: Login, who: str, table: str) -> None:
    if table == "month":
        table = root.value("SELECT tableoid::regclass::text FROM ims.audit_log LIMIT 1").removeprefix("ims.")
    before = root.run("SELECT * FROM ims.audit_log ORDER BY log_id")
    root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles[who]}")
    for statement in (f"UPDATE ims.{table} SET action = 'x'", f"DELETE FROM ims.{table}", f"TRUNCATE ims.{table}"):
        if who == "owner" and not statement.startswith("TRUNCATE"):
            assert root.changes(statement) == 0  # an owner has all rights, and no policy for this
        else:
            assert root.refused(statement) == "42501"
    root.run("RESET SESSION AUTHORIZATION")
    assert root.run("SELECT * FROM ims.audit_log ORDER BY log_id") == before


def test_even_without_row_security_a_guard_refuses(archive: Archive, root: Login) -> None:
    """The superuser, whom no policy binds."""
    for statement in ("UPDATE ims.audit_log SET action = 'x'", "DELETE FROM ims.audit_log", "TRUNCATE ims.audit_log"):
        assert root.refused(statement) == "42501"
    for (month,) in root.run(MONTHS):
        assert root.refused(f"TRUNCATE ims.{month}") == "42501"


def test_only_admins_read_it(archive: Archive) -> None:
    for who in ("kim", "ann", "service", "crawler", "gone"):
        with archive.login(who) as login:
            assert login.refused("SELECT FROM ims.audit_log") == "42501"
    with archive.login("boss") as boss:
        assert boss.value("SELECT count(*) FROM ims.audit_log") > 100


# Months --------------------------------------------------------------------------------------------------------------


def month_of(moment: date) -> str:
    return f"audit_log_y{moment:%Y}m{moment:%m}"


def following(moment: date) -> date:
    return date(moment.year + moment.month // 12, moment.month % 12 + 1, 1)


def add_entry(root: Login, moment: str) -> None:
    root.run(f"INSERT INTO ims.audit_log (action, created_at) VALUES ('test', '{moment}')")


def place_of(root: Login, moment: str) -> list[tuple[Any, ...]]:
    return root.run(f"SELECT tableoid::regclass::text, log_id FROM ims.audit_log WHERE created_at = '{moment}'")


def test_entries_go_to_their_month(archive: Archive, root: Login) -> None:
    trail(archive, root, "kim", "SELECT ims.record_export('issues')")
    places = root.run("SELECT DISTINCT tableoid::regclass::text FROM ims.audit_log")
    assert places == [(f"ims.{month_of(datetime.now(UTC).date())}",)]


def test_what_came_before_its_month_is_moved_when_the_month_is_made(archive: Archive, root: Login) -> None:
    inside, outside = "2031-05-31 23:59:59.9+00", "2031-06-01 00:00+00"
    for moment in (inside, outside):
        add_entry(root, moment)
    numbers = [place_of(root, moment) for moment in (inside, outside)]
    assert {place for ((place, _),) in numbers} == {"ims.audit_log_default"}
    root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles['boss']}; SET LOCAL TimeZone = 'Asia/Seoul'")
    for _ in range(2):
        assert root.value("SELECT ims.create_monthly_partition('audit_log', '2031-05-17')") == "audit_log_y2031m05"
    root.run("RESET SESSION AUTHORIZATION")
    assert place_of(root, inside) == [("ims.audit_log_y2031m05", numbers[0][0][1])]
    assert place_of(root, outside) == numbers[1]
    security = (
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE oid IN ('ims.audit_log_default'::regclass, 'ims.audit_log_y2031m05'::regclass)"
    )
    assert root.run(security) == [(True, True)] * 2
    for month in ("audit_log", "audit_log_default", "audit_log_y2031m05"):
        assert root.refused(f"TRUNCATE ims.{month}") == "42501"
        if month != "audit_log_default":
            assert root.refused(f"DELETE FROM ims.{month}") == "42501"
    assert root.refused("DELETE FROM ims.audit_log_default") == "42501"


@pytest.mark.parametrize("who", ["kim", "crawler"])
def test_a_month_comes_into_being_with_its_first_session(archive: Archive, root: Login, who: str) -> None:
    coming = month_of(following(datetime.now(UTC).date()))
    root.run(f"DROP TABLE ims.{coming}")
    trail(archive, root, who, "INSERT INTO ims.crawl_sessions (user_id) VALUES ({kim})")
    assert (coming,) in root.run(MONTHS)
    owner = f"SELECT relowner::regrole::text FROM pg_class WHERE oid = 'ims.{coming}'::regclass"
    assert root.value(owner) == archive.roles["owner"]


def test_a_month_that_is_in_use_is_made_later(archive: Archive, root: Login) -> None:
    """Who cannot have the locks at once goes on without."""
    coming = month_of(following(datetime.now(UTC).date()))
    with archive.login("root") as other:
        other.run(f"DROP TABLE ims.{coming}")
        other.connection.commit()
        other.run("LOCK TABLE ims.audit_log_default IN ROW EXCLUSIVE MODE")
        trail(archive, root, "kim", "INSERT INTO ims.crawl_sessions (user_id) VALUES ({kim})")
        assert (coming,) not in root.run(MONTHS)
        other.connection.rollback()
    root.connection.commit()
    with archive.login("kim", autocommit=True) as kim:
        kim.run(archive.fill("INSERT INTO ims.crawl_sessions (user_id) VALUES ({kim})"))
    assert (coming,) in root.run(MONTHS)


def test_two_make_a_month_at_once(archive: Archive) -> None:
    def make(_: int) -> str:
        with archive.login("boss", autocommit=True) as boss:
            return str(boss.value("SELECT ims.create_monthly_partition('audit_log', '2032-01-01')"))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(make, range(8))) == {"audit_log_y2032m01"}


def test_old_months_are_dropped_and_that_is_told(archive: Archive, root: Login) -> None:
    for month in ("2019-11-01", "2019-12-01", "2020-01-01"):
        root.run(f"SELECT ims.create_monthly_partition('audit_log', '{month}')")
    add_entry(root, "2019-12-05")
    add_entry(root, "2020-01-05")
    entries = trail(archive, root, "boss", "SELECT ims.drop_monthly_partitions('audit_log', '2020-01-20')")
    assert [entry[:5] for entry in entries] == [
        ("delete", "audit_log", name, archive.numbers["boss"], archive.roles["boss"])
        for name in ("audit_log_y2019m11", "audit_log_y2019m12")
    ]
    assert place_of(root, "2019-12-05") == []
    assert place_of(root, "2020-01-05")[0][0] == "ims.audit_log_y2020m01"
    assert root.refused("SELECT ims.drop_monthly_partitions('audit_log', '2999-01-01')") == "22023"
    assert root.value("SELECT count(*) FROM ims.drop_monthly_partitions('issues', '2020-01-20')") == 0


@pytest.mark.parametrize(
    "name",
    ["issues", "audit_log_default", "nothing", "x; DROP TABLE ims.issues", 'audit_log"; DROP TABLE ims.issues --',
     "ims.audit_log", "pg_class", "v_user_dashboard", ""],
)  # fmt: skip
def test_what_is_not_kept_by_month_gets_no_month(archive: Archive, name: str) -> None:
    with archive.login("boss") as boss:
        assert boss.refused(f"SELECT ims.create_monthly_partition('{name}', '2031-01-01')") == "22023"
        assert boss.run(f"SELECT ims.drop_monthly_partitions('{name}', '2020-01-01')") == []
        assert boss.value("SELECT count(*) FROM ims.issues") >= 30
