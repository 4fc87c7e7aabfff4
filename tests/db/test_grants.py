"""What the catalogue says of everybody's rights: no more than is meant, and nothing for PUBLIC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.inspect_rows import rows
from tests.db.rights import Archive, archive_of_people

ALL = {"SELECT", "INSERT", "UPDATE", "DELETE"}
READ = {"SELECT"}
WRITE = ALL - {"DELETE"}
SETTINGS = ("alembic_version", "archive_settings")
SHARED = ("issues", "issue_comments", "issue_history", "attachments")
OWNED = ("crawl_sessions", "search_queries", "session_errors", "session_issues", "favourite_queries", "schedules")
STATISTICS = ("analytics_daily", "analytics_monthly")
VIEWS = ("v_user_dashboard", "v_session_detail", "v_issue_search", "v_recent_activity", "v_product_stats")


def columns(privilege: str, names: str) -> set[str]:
    return {f"{privilege} {name}" for name in names.split()}


PERSON = "username email full_name department role is_active preferences created_at updated_at last_login_at"
SESSION = (
    "attachments_downloaded avg_issue_time_ms close_reason completed_at crawl_related crawl_time_ms data_path"
    " duration_seconds exit_code failed_issues issues_crawled max_depth max_results metadata original_query"
    " parallel_workers parsed_query product query_language refresh related_issues search_time_ms started_at status"
    " total_issues_found updated_at is_suspicious"
)
QUERY = (
    "intent_filtered original_query parsed_query parsing_confidence parsing_method product queried_at query_language"
    " results_count synonym_expanded"
)
ERROR = "error_detail error_message error_type occurred_at sequence severity"
SCHEDULE = "arguments cron is_active last_job last_result last_run_at name next_run_at time_zone updated_at"
LINK = "content_hash crawl_duration_ms crawl_order depth error_message found_by found_from had_errors product status"


def owned(changeable: str, given: str) -> set[str]:
    return {"SELECT", "DELETE"} | columns("INSERT", f"{changeable} {given}") | columns("UPDATE", changeable)


EXPECTED: dict[str, dict[str, set[str]]] = {
    "ims_admin": {
        **dict.fromkeys((*SETTINGS, "audit_log", "mv_daily_session_summary", "mv_issue_trends", *VIEWS), READ),
        **dict.fromkeys((*SHARED, *OWNED, *STATISTICS, "deleted_sessions", "pages"), ALL),
        "users": {"SELECT", "DELETE"} | columns("INSERT", PERSON) | columns("UPDATE", PERSON),
    },
    "ims_user": {
        **dict.fromkeys(
            (*SETTINGS, *SHARED, *STATISTICS, "deleted_sessions", "pages", "mv_issue_trends", *VIEWS), READ
        ),
        "users": READ | columns("UPDATE", "department email full_name preferences"),
        "crawl_sessions": owned(SESSION, "session_uuid user_id created_at"),
        "search_queries": owned(QUERY, "user_id session_id"),
        "session_errors": owned(ERROR, "session_id"),
        "session_issues": owned(LINK, "session_id issue_pk"),
        "favourite_queries": owned("arguments name updated_at", "user_id"),
        "schedules": owned(SCHEDULE, "user_id"),
    },
    "ims_readonly": {
        **dict.fromkeys((*SETTINGS, *SHARED, *OWNED, *STATISTICS, "users", "deleted_sessions", "pages", *VIEWS), READ),
        **dict.fromkeys(("mv_daily_session_summary", "mv_issue_trends"), READ),
    },
    "ims_service": {
        **dict.fromkeys(SETTINGS, READ),
        "users": columns("SELECT", "database_role is_active role user_id username"),
    },
    "ims_crawl": {
        **dict.fromkeys((*SETTINGS, "deleted_sessions"), READ),
        **dict.fromkeys(("issue_comments", "issue_history", "attachments"), ALL),
        **dict.fromkeys(("issues", "crawl_sessions", "search_queries", "session_issues"), WRITE),
        "session_errors": {"SELECT", "INSERT"},
        "pages": {"SELECT", "INSERT"},
        "users": columns("SELECT", "user_id username") | columns("INSERT", "username created_at updated_at"),
    },
}
"""Who may do what with which table; a right to some columns only is told with their names."""
SEARCH = ("search_issues", "search_ranked", "search_facets", "search_similar", "search_explain")
FUNCTIONS = {
    "ims_user": {
        "current_user_id",
        "delete_old_sessions",
        "get_user_stats",
        "list_jobs",
        "record_export",
        "session_day",
        *SEARCH,
    },
    "ims_readonly": {"current_user_id", "get_user_stats", "list_jobs", "record_export", "session_day", *SEARCH},
    "ims_service": {"current_user_id", "record_export", "session_day", "set_current_user"},
}
"""Who may call what; admins may call everything, a crawl what it needs."""
NOT_FOR_A_CRAWL = {
    "aggregate_daily_stats", "aggregate_monthly_stats", "create_monthly_partition", "drop_monthly_partitions",
    "delete_old_sessions", "set_current_user", "set_time_zone", "refresh_materialized_views", "record_export",
    "load_synonyms", "refresh_search",
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "grants", tmp_path_factory.mktemp("people"), content=False) as made:
        yield made


def test_everybody_has_the_rights_that_are_meant_and_no_others(archive: Archive) -> None:
    query = """
        SELECT a.grantee::regrole::text, c.relname, a.privilege_type
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace) AND c.relkind <> 'S'
          AND a.grantee <> c.relowner
        UNION ALL
        SELECT a.grantee::regrole::text, c.relname, a.privilege_type || ' ' || t.attname
        FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
        WHERE c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace)"""
    found: dict[str, dict[str, set[str]]] = {}
    for role, table, privilege in rows(archive.root, query):
        found.setdefault(role, {}).setdefault(table, set()).add(privilege)
    assert found == EXPECTED


def test_sequences_are_only_drawn_from(archive: Archive) -> None:
    query = """
        SELECT DISTINCT a.privilege_type, (a.grantee::regrole::text = 'ims_user') AND c.relname !~ '{}'
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.relkind = 'S' AND c.relnamespace = 'ims'::regnamespace AND a.grantee <> c.relowner"""
    assert query_facts(archive, query.format("|".join(OWNED))) == [("USAGE", False)]


def test_functions_are_for_those_who_need_them(archive: Archive) -> None:
    query = """
        SELECT a.grantee::regrole::text, p.proname FROM pg_proc AS p, aclexplode(p.proacl) AS a
        WHERE p.pronamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace) AND a.grantee <> p.proowner"""
    found: dict[str, set[str]] = {}
    for role, function in rows(archive.root, query):
        found.setdefault(role, set()).add(function)
    assert set(found) == {"ims_admin", "ims_crawl", *FUNCTIONS}
    assert {role: found[role] for role in FUNCTIONS} == FUNCTIONS
    assert not found["ims_crawl"] & NOT_FOR_A_CRAWL


def test_the_private_schema_and_making_things_are_the_owners_alone(archive: Archive) -> None:
    query = """
        SELECT n.nspname, a.privilege_type, string_agg(a.grantee::regrole::text, ' ' ORDER BY a.grantee::regrole::text)
        FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname ~ '^ims' GROUP BY 1, 2 ORDER BY 1, 2"""
    assert query_facts(archive, query) == [
        ("ims", "CREATE", "ims_owner"),
        ("ims", "USAGE", "ims_admin ims_crawl ims_owner ims_readonly ims_service ims_user"),
        ("ims_private", "CREATE", "ims_owner"),
        ("ims_private", "USAGE", "ims_owner"),
    ]


def query_facts(archive: Archive, query: str) -> list[Any]:
    return [row[0] if len(row) == 1 else row for row in rows(archive.root, query)]


def test_what_belongs_to_somebody_has_forced_row_security(archive: Archive) -> None:
    query = """
        SELECT DISTINCT c.oid::regclass::text, c.relrowsecurity AND c.relforcerowsecurity
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('user_id', 'session_id')
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace)"""
    found = dict(query_facts(archive, query))
    assert [table for table, forced in found.items() if not forced] == ["ims.attachments"]
    assert len(found) >= 13


def test_no_function_is_everybodys_or_looks_up_names_where_the_caller_says(archive: Archive) -> None:
    query = """
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace) AND ({})"""
    everybodys = (
        "EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0)"
    )
    pinned = "EXISTS (SELECT FROM unnest(p.proconfig) AS s WHERE s ~ '^search_path=\"?ims.*, pg_temp$')"
    assert query_facts(archive, query.format(everybodys)) == []
    assert query_facts(archive, query.format(f"({pinned}) IS NOT TRUE")) == []
    assert query_facts(archive, query.format("p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')")) == []
    assert len(query_facts(archive, query.format(pinned))) > 20


def test_views_show_their_reader_what_the_reader_may_see(archive: Archive) -> None:
    query = """
        SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'ims'::regnamespace
          AND 'security_invoker=true' = ANY (reloptions) IS {} TRUE"""
    assert query_facts(archive, query.format("NOT")) == []
    assert len(query_facts(archive, query.format(""))) == 5


def test_public_has_no_right_to_anything(archive: Archive) -> None:
    query = """
        SELECT what, privilege_type FROM (
            SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)) FROM pg_class AS c
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
              AND c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace)
            UNION ALL SELECT n.nspname, n.nspacl FROM pg_namespace AS n WHERE n.nspname IN ('ims', 'ims_private')
            UNION ALL SELECT datname, datacl FROM pg_database WHERE datname = current_database()
            UNION ALL
            SELECT a.attname, a.attacl FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
            WHERE c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace)
        ) AS objects (what, acl), aclexplode(acl) AS a WHERE a.grantee = 0"""
    assert query_facts(archive, query) == []


def test_the_owner_is_no_superuser_and_nobody_may_pass_row_security_by(archive: Archive) -> None:
    query = "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolname !~ '^pg_'"
    assert query_facts(archive, query) == ["postgres"]
    owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace::regnamespace::text ~ '^ims'"
    assert query_facts(archive, owners) == ["ims_owner"]
