"""Each policy, shown to be needed: what it permits works and what it does not is refused, and not without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg2
import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.inspect_rows import rows
from tests.db.rights import Archive, Login, archive_of_people

PRIVILEGE = "42501"
OWN = {
    "crawl_sessions": ("INSERT INTO ims.crawl_sessions (user_id) VALUES ({})", "kim", "lee"),
    "search_queries": ("INSERT INTO ims.search_queries (user_id) VALUES ({})", "kim", "lee"),
    "session_errors": (
        "INSERT INTO ims.session_errors (session_id, error_type, error_message) VALUES ({}, 'crawl_error', '')",
        "own_session",
        "session",
    ),
    "session_issues": (
        "INSERT INTO ims.session_issues (session_id, issue_pk) SELECT {}, max(issue_pk) FROM ims.issues",
        "own_session",
        "session",
    ),
    "favourite_queries": ("INSERT INTO ims.favourite_queries (user_id, name) VALUES ({}, 'new')", "kim", "lee"),
    "schedules": ("INSERT INTO ims.schedules (user_id, name, cron) VALUES ({}, 'new', '@daily')", "kim", "lee"),
}
"""How a row comes in, with what is one's own and with what is somebody else's."""
CRAWLED = ("crawl_sessions", "search_queries", "session_errors", "session_issues")
OWN_TO_READ = ("deleted_sessions", "analytics_daily", "analytics_monthly", "pages")
CHANGE = {
    "users": "department", "crawl_sessions": "product", "search_queries": "product", "session_errors": "error_message",
    "session_issues": "error_message", "deleted_sessions": "deleted_at", "analytics_daily": "top_queries",
    "analytics_monthly": "year", "favourite_queries": "arguments", "schedules": "cron", "pages": "url",
}  # fmt: skip
"""A column of each table that changes nobody's identity."""
SESSION_TABLES = ("session_errors", "session_issues")


class Stage:
    """One transaction of the superuser's, who plays everybody in turn."""

    def __init__(self, archive: Archive, login: Login):
        self.archive = archive
        self.login = login
        self.numbers = archive.numbers

    def be(self, who: str) -> Login:
        """The connection, which is this one's now as if they had logged in."""
        self.login.run("RESET SESSION AUTHORIZATION")
        self.login.run(f"SET LOCAL SESSION AUTHORIZATION {self.archive.roles[who]}")
        if who == "crawler":
            self.login.run("SET LOCAL ROLE ims_crawl")
        return self.login

    def count(self, table: str, condition: str = "true") -> int:
        """How many rows there really are."""
        self.login.run("RESET SESSION AUTHORIZATION")
        return int(self.login.value(f"SELECT count(*) FROM {table} WHERE {condition}"))

    def belongs(self, table: str, who: str) -> str:
        """The condition for this user's rows."""
        own = f"user_id = {self.numbers[who]}"
        return (
            f"session_id IN (SELECT session_id FROM ims.crawl_sessions WHERE {own})" if table in SESSION_TABLES else own
        )


Scenario = Callable[[Stage], None]


def everybodys_to_change(table: str) -> Scenario:
    """An admin sees all rows, changes and deletes them."""

    def play(stage: Stage) -> None:
        whole, theirs = stage.count(f"ims.{table}"), stage.count(f"ims.{table}", stage.belongs(table, "lee"))
        boss = stage.be("boss")
        assert boss.value(f"SELECT count(*) FROM ims.{table}") == whole > theirs > 0
        where = stage.belongs(table, "lee")
        assert boss.changes(f"UPDATE ims.{table} SET {CHANGE[table]} = {CHANGE[table]} WHERE {where}") == theirs

    return play


def everybodys_to_read(table: str) -> Scenario:
    """An analyst sees all rows and changes none."""

    def play(stage: Stage) -> None:
        whole = stage.count(f"ims.{table}")
        ann = stage.be("ann")
        assert ann.value(f"SELECT count(*) FROM ims.{table}") == whole > 0
        assert ann.refused(f"UPDATE ims.{table} SET {CHANGE[table]} = {CHANGE[table]}") == PRIVILEGE
        assert ann.refused(f"DELETE FROM ims.{table}") == PRIVILEGE
        assert ann.refused(f"INSERT INTO ims.{table} DEFAULT VALUES") == PRIVILEGE

    return play


def ones_own(table: str) -> Scenario:
    """A user sees, adds, changes and deletes what is theirs and nothing else."""
    insert, own, others = OWN[table]

    def play(stage: Stage) -> None:
        whole, mine = stage.count(f"ims.{table}"), stage.count(f"ims.{table}", stage.belongs(table, "kim"))
        kim = stage.be("kim")
        assert kim.value(f"SELECT count(*) FROM ims.{table}") == mine
        assert 0 < mine < whole
        assert kim.changes(insert.format(stage.numbers[own])) == 1
        assert kim.refused(insert.format(stage.numbers[others])) == PRIVILEGE
        value = "'{}'" if CHANGE[table] == "arguments" else "'x'"
        assert kim.changes(f"UPDATE ims.{table} SET {CHANGE[table]} = {value}") == mine + 1
        assert kim.changes(f"DELETE FROM ims.{table}") == mine + 1
        assert stage.count(f"ims.{table}", stage.belongs(table, "lee")) > 0

    return play


def ones_own_to_read(table: str) -> Scenario:
    """A user sees what is theirs and cannot write it."""

    def play(stage: Stage) -> None:
        whole, mine = stage.count(f"ims.{table}"), stage.count(f"ims.{table}", stage.belongs(table, "kim"))
        kim = stage.be("kim")
        assert kim.value(f"SELECT count(*) FROM ims.{table}") == mine
        assert 0 < mine < whole
        assert kim.refused(f"DELETE FROM ims.{table}") == PRIVILEGE

    return play


def a_crawls(table: str) -> Scenario:
    """A crawl reads and writes for whomever it crawls, and deletes nothing."""
    insert, _, others = OWN[table]

    def play(stage: Stage) -> None:
        whole = stage.count(f"ims.{table}")
        crawl = stage.be("crawler")
        assert crawl.value(f"SELECT count(*) FROM ims.{table}") == whole > 0
        assert crawl.changes(insert.format(stage.numbers[others])) == 1
        if table != "session_errors":
            assert crawl.changes(f"UPDATE ims.{table} SET {CHANGE[table]} = {CHANGE[table]}") == whole + 1
        assert crawl.refused(f"DELETE FROM ims.{table}") == PRIVILEGE

    return play


def a_crawl_knows_what_was_deleted(stage: Stage) -> None:
    whole = stage.count("ims.deleted_sessions")
    crawl = stage.be("crawler")
    assert crawl.value("SELECT count(*) FROM ims.deleted_sessions") == whole > 0
    assert crawl.refused("DELETE FROM ims.deleted_sessions") == PRIVILEGE


def a_crawl_brings_pages(stage: Stage) -> None:
    whole = stage.count("ims.pages")
    crawl = stage.be("crawler")
    assert crawl.value("SELECT count(*) FROM ims.pages") == whole > 0
    columns, values = "session_id, user_id, sequence, url, created_at", "{session}, {lee}, 99, '', now()"
    insert = f"INSERT INTO ims.pages ({columns}) VALUES ({values})"
    assert crawl.changes(insert.format(**stage.numbers)) == 1
    for statement in ("UPDATE ims.pages SET url = url", "DELETE FROM ims.pages"):
        assert crawl.refused(statement) == PRIVILEGE


def oneself(stage: Stage) -> None:
    kim = stage.be("kim")
    assert kim.run("SELECT username FROM ims.users") == [("kim",)]
    assert kim.changes("UPDATE ims.users SET full_name = 'Kim'") == 1
    assert stage.be("gone").run("SELECT username FROM ims.users") == []
    assert stage.count("ims.users", "full_name = 'Kim'") == 1


def the_service_finds_people(stage: Stage) -> None:
    whole = stage.count("ims.users")
    service = stage.be("service")
    assert service.value("SELECT count(username) FROM ims.users") == whole
    assert service.refused("SELECT email FROM ims.users") == PRIVILEGE


def a_crawl_finds_people(stage: Stage) -> None:
    whole = stage.count("ims.users")
    crawl = stage.be("crawler")
    assert crawl.value("SELECT count(username) FROM ims.users") == whole
    assert crawl.refused("SELECT email FROM ims.users") == PRIVILEGE


def a_crawl_makes_plain_users_known(stage: Stage) -> None:
    """The columns' rights refuse roles as well; given those, the policy still does."""
    crawl = stage.be("crawler")
    assert crawl.changes("INSERT INTO ims.users (username) VALUES ('new')") == 1
    stage.login.run("RESET SESSION AUTHORIZATION; GRANT INSERT ON ims.users TO ims_crawl")
    crawl = stage.be("crawler")
    for column, value in (("role", "'admin'"), ("database_role", "'ims_kim'"), ("is_active", "false")):
        assert crawl.refused(f"INSERT INTO ims.users (username, {column}) VALUES ('x', {value})") == PRIVILEGE


def admins_read_the_trail(stage: Stage) -> None:
    whole = stage.count("ims.audit_log")
    boss = stage.be("boss")
    assert boss.value("SELECT count(*) FROM ims.audit_log") == whole > 0
    assert boss.refused("DELETE FROM ims.audit_log") == PRIVILEGE


def the_trail_is_added_to(stage: Stage) -> None:
    """By its triggers, as the owner; who cannot change it even so."""
    whole = stage.count("ims.audit_log")
    stage.be("kim").run("INSERT INTO ims.crawl_sessions (user_id) VALUES ({kim})".format(**stage.numbers))
    assert stage.count("ims.audit_log") == whole + 1
    owner = stage.be("owner")
    assert owner.changes("DELETE FROM ims.audit_log") == 0
    assert owner.changes("UPDATE ims.audit_log SET action = 'x'") == 0


def statistics_follow(stage: Stage) -> None:
    """The owner's functions note a day and work it off; nobody else sees what is noted."""
    kim = stage.be("kim")
    begun = f"{stage.numbers['kim']}, 'completed', '2020-01-01 12:00+00'"
    kim.run(f"INSERT INTO ims.crawl_sessions (user_id, status, started_at) VALUES ({begun})")
    assert kim.value("SELECT sessions_count FROM ims.analytics_daily WHERE stat_date = '2020-01-01'") == 1
    stage.be("crawler").run("UPDATE ims.session_issues SET product = product")
    assert stage.count("ims_private.statistics_pending") > 0
    assert stage.be("boss").refused("SELECT FROM ims_private.statistics_pending") == PRIVILEGE


def jobs_go_through_the_queue(stage: Stage) -> None:
    """The queue's functions add and list; nobody reads or changes it past them, and a user sees their own."""
    crawl = stage.be("crawler")
    for who in ("kim", "lee", "gone"):
        crawl.run(f"SELECT ims.add_job('p', 'ims', '{who}', '{{}}', 0, 8, 5, '{who}')")
    assert stage.count("ims_private.job_queue") == 3
    assert stage.be("kim").run("SELECT job, username FROM ims.list_jobs('{pending}', NULL)") == [("kim", "kim")]
    assert stage.be("gone").run("SELECT job FROM ims.list_jobs('{pending}', NULL)") == []
    for who in ("boss", "crawler"):
        assert stage.be(who).value("SELECT count(*) FROM ims.list_jobs('{pending}', NULL)") == 3
        assert stage.be(who).refused("SELECT FROM ims_private.job_queue") == PRIVILEGE
    assert stage.be("kim").refused("SELECT ims.cancel_job('p', 'kim', 1)") == PRIVILEGE


SCENARIOS: dict[str, Scenario] = {
    **{f"{table}_admin": everybodys_to_change(table) for table in CHANGE},
    **{f"{table}_readonly": everybodys_to_read(table) for table in CHANGE},
    **{f"{table}_own": ones_own(table) for table in OWN},
    **{f"{table}_own": ones_own_to_read(table) for table in OWN_TO_READ},
    **{f"{table}_crawl": a_crawls(table) for table in CRAWLED},
    "pages_crawl": a_crawl_brings_pages,
    "deleted_sessions_crawl": a_crawl_knows_what_was_deleted,
    "users_own": oneself,
    "users_service": the_service_finds_people,
    "users_crawl_select": a_crawl_finds_people,
    "users_crawl_insert": a_crawl_makes_plain_users_known,
    "audit_log_admin": admins_read_the_trail,
    "audit_log_owner": the_trail_is_added_to,
    "statistics_pending_owner": statistics_follow,
    "job_queue_owner": jobs_go_through_the_queue,
}
NARROW = [name for name in SCENARIOS if name.endswith("_own") or name == "users_crawl_insert"]
"""Policies that let some rows through and not others."""


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "policies", tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def stage(archive: Archive) -> Iterator[Stage]:
    with archive.login("root") as login:
        yield Stage(archive, login)


def table_of(archive: Archive, policy: str) -> str:
    query = "SELECT schemaname || '.' || tablename FROM pg_policies WHERE policyname = :policy"
    ((table,),) = rows(archive.root, query, policy=policy)
    return str(table)


def assert_fails(stage: Stage, scenario: Scenario) -> None:
    try:
        scenario(stage)
    except (AssertionError, psycopg2.Error):
        return
    except pytest.fail.Exception:  # a statement that should have been refused was not
        return
    pytest.fail("the scenario holds without what it is to show")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_policy_is_kept(stage: Stage, name: str) -> None:
    SCENARIOS[name](stage)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_policy_is_missed_when_it_is_dropped(archive: Archive, stage: Stage, name: str) -> None:
    stage.be("owner").run(f"DROP POLICY {name} ON {table_of(archive, name)}")
    assert_fails(stage, SCENARIOS[name])


@pytest.mark.parametrize("name", NARROW)
def test_a_policy_is_missed_when_it_lets_all_rows_through(archive: Archive, stage: Stage, name: str) -> None:
    command = "WITH CHECK (true)" if name == "users_crawl_insert" else "USING (true)"
    stage.be("owner").run(f"ALTER POLICY {name} ON {table_of(archive, name)} {command}")
    assert_fails(stage, SCENARIOS[name])


@pytest.mark.parametrize("name", [name for name in NARROW if name.removesuffix("_own") in OWN])
def test_a_policy_is_missed_when_it_lets_all_rows_in(archive: Archive, stage: Stage, name: str) -> None:
    stage.be("owner").run(f"ALTER POLICY {name} ON {table_of(archive, name)} WITH CHECK (true)")
    assert_fails(stage, SCENARIOS[name])


@pytest.mark.parametrize("name", NARROW)
def test_row_security_is_missed_when_it_is_off(archive: Archive, stage: Stage, name: str) -> None:
    stage.be("owner").run(f"ALTER TABLE {table_of(archive, name)} DISABLE ROW LEVEL SECURITY")
    assert_fails(stage, SCENARIOS[name])


def test_there_is_a_scenario_for_every_policy(archive: Archive) -> None:
    found = rows(archive.root, "SELECT policyname FROM pg_policies WHERE schemaname IN ('ims', 'ims_private')")
    assert sorted(name for (name,) in found) == sorted(SCENARIOS)
