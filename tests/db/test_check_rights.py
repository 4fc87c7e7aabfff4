"""Whatever is taken from roles, rights, policies and row security is seen, and comes back as the advice says."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from ims_spiders.db.check_context import Finding
from ims_spiders.db.check_rights import INIT, RightsCheck, rights_findings
from ims_spiders.db.check_server import server_facts
from ims_spiders.db.cluster import OWNER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.mend import mend_rights
from ims_spiders.db.rights_expected import CRAWL_TABLES, POLICIES, PRIVATE, SECURED
from tests.db.catalogue import Facts, catalogue, superuser
from tests.db.test_grants import EXPECTED

BREAKS = {
    "DROP POLICY users_own ON ims.users": "policy_missing",
    "ALTER POLICY crawl_sessions_own ON ims.crawl_sessions USING (true)": "policy_changed",
    "ALTER POLICY session_errors_own ON ims.session_errors WITH CHECK (true)": "policy_changed",
    "ALTER POLICY pages_readonly ON ims.pages TO ims_user": "policy_changed",
    "CREATE POLICY hole ON ims.pages USING (true)": "policy_unknown",
    "ALTER TABLE ims.users NO FORCE ROW LEVEL SECURITY": "row_security",
    "ALTER TABLE ims_private.job_queue DISABLE ROW LEVEL SECURITY": "row_security",
    "ALTER TABLE ims.audit_log_default DISABLE ROW LEVEL SECURITY": "row_security",
    "GRANT USAGE ON SCHEMA ims_private TO ims_user": "private_schema",
    "GRANT SELECT ON ims.issues TO PUBLIC": "public_right",
    "REVOKE INSERT ON ims.issues FROM ims_crawl": "right_missing",
    "REVOKE SELECT (username) ON ims.users FROM ims_crawl": "right_missing",
    "REVOKE EXECUTE ON FUNCTION ims.upsert_issue FROM ims_crawl": "right_missing",
}


@pytest.fixture
def root(server: EmbeddedServer, engine: Engine) -> Iterator[Connection]:
    """The superuser in a transaction that is undone."""
    administrator = superuser(server, str(engine.url.database))
    with administrator.connect() as connection:
        yield connection
    administrator.dispose()


def findings_of(connection: Connection, login: str = OWNER) -> list[Finding]:
    """What somebody who logs in finds, of what the transaction has done too."""
    connection.exec_driver_sql(f'SET LOCAL SESSION AUTHORIZATION "{login}"')
    found = list(RightsCheck(connection, "ims").findings())
    connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
    return found


def test_a_new_archive_is_as_it_is_expected(engine: Engine) -> None:
    """Neither is anything missing nor is there a policy that the list does not know."""
    assert rights_findings(engine) == []
    assert len(POLICIES) > 40


def test_what_a_crawl_needs_is_what_it_is_given() -> None:
    given = {table: rights for table, rights in EXPECTED["ims_crawl"].items() if table != "users"}
    assert {table: set(rights) for table, rights in CRAWL_TABLES.items()} == given


def test_each_policy_is_missed(root: Connection) -> None:
    for policy in POLICIES:
        schema = "ims_private" if policy.table in PRIVATE else "ims"
        with root.begin_nested() as savepoint:
            root.exec_driver_sql(f"DROP POLICY {policy.name} ON {schema}.{policy.table}")
            assert [(one.kind, policy.name in one.what) for one in findings_of(root)] == [("policy_missing", True)]
            savepoint.rollback()


def test_each_table_is_missed_whose_row_security_is_off(root: Connection) -> None:
    for table in SECURED:
        schema = "ims_private" if table in PRIVATE else "ims"
        with root.begin_nested() as savepoint:
            root.exec_driver_sql(f"ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY")
            found = findings_of(root)
            assert [one.kind for one in found] == ["row_security"]
            assert f"{schema}.{table}" in found[0].what
            savepoint.rollback()


@pytest.mark.parametrize("statement", BREAKS)
def test_what_is_changed_is_told(root: Connection, statement: str) -> None:
    root.exec_driver_sql(statement)
    assert [one.kind for one in findings_of(root)] == [BREAKS[statement]]


def test_the_advice_mends_all_of_it(engine: Engine) -> None:
    before = of_the_schema(engine)
    with engine.begin() as connection:
        for statement in BREAKS:
            connection.exec_driver_sql(statement)
    found = rights_findings(engine)
    assert len(found) == len(BREAKS)
    assert mend_rights(engine) == [one.what for one in found if one.mend == INIT]
    left = rights_findings(engine)
    assert {one.kind for one in left} >= {"policy_unknown", "private_schema", "public_right"}
    for one in left:
        *psql, statement = shlex.split(one.mend)
        assert psql == ["ims", "db", "psql", "-c"]
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert rights_findings(engine) == []
    assert mend_rights(engine) == []
    assert of_the_schema(engine) == before


def test_a_superuser_mends_for_the_owner(server: EmbeddedServer, engine: Engine) -> None:
    before = of_the_schema(engine)
    administrator = superuser(server, str(engine.url.database))
    with administrator.begin() as connection:
        connection.exec_driver_sql("DROP POLICY audit_log_owner ON ims.audit_log")
    assert "the policy audit_log_owner is missing" in mend_rights(administrator)
    administrator.dispose()
    assert rights_findings(engine) == []
    assert of_the_schema(engine) == before


def of_the_schema(engine: Engine) -> Facts:
    """Everything in the catalogue but the rights on the database, which a copy of a template does not have."""
    return {fact for fact in catalogue(engine) if fact[0] != "database"}


def test_a_role_that_row_security_does_not_hold_for(root: Connection) -> None:
    root.exec_driver_sql("CREATE ROLE ims_boss LOGIN BYPASSRLS; GRANT ims_readonly TO ims_boss")
    (found,) = findings_of(root)
    assert found.kind == "role_too_powerful"
    root.exec_driver_sql(found.mend.partition("superuser: ")[2])
    assert findings_of(root) == []


def test_a_superusers_login(root: Connection) -> None:
    found = findings_of(root, "postgres")
    assert [one.kind for one in found] == ["role_too_powerful"]
    assert "another login" in found[0].mend


def test_a_login_that_may_not_crawl(root: Connection) -> None:
    root.exec_driver_sql('CREATE ROLE "ims Kim" LOGIN; GRANT ims_user TO "ims Kim"')
    (found,) = findings_of(root, "ims Kim")
    assert found.kind == "membership"
    grant = found.mend[found.mend.index("GRANT ") :]
    root.exec_driver_sql(grant)
    assert findings_of(root, "ims Kim") == []


def test_an_owner_who_has_left_the_archives_roles(root: Connection) -> None:
    root.exec_driver_sql(f"REVOKE ims_admin FROM {OWNER} CASCADE")
    assert {one.kind for one in findings_of(root)} == {"membership"}


def test_without_the_roles_nothing_else_is_asked(root: Connection) -> None:
    root.exec_driver_sql("ALTER ROLE ims_readonly RENAME TO ims_reader")
    assert [(one.kind, one.what) for one in findings_of(root)] == [("role_missing", "no role ims_readonly")]


def test_what_a_server_says_of_itself(engine: Engine) -> None:
    facts = server_facts(engine)
    assert (facts.major, facts.encoding) == (18, "UTF8")
    # The suite's own server waits for no disk.
    assert facts.durable == {"fsync": False, "full_page_writes": False}
    assert 0 < facts.connections_left < 100
    assert abs(facts.ahead) < 60
    before = facts.connections_left
    with engine.connect(), engine.connect():
        assert server_facts(engine).connections_left < before
