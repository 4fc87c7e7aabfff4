"""An archive with people in it, each with a login of their own: for tests of who may do what."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import OWNER, SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.schema import initialise
from ims_spiders.db.users import Role, add_user
from tests.conftest import database_engine
from tests.db.catalogue import database
from tests.db.inspect_rows import rows

PEOPLE: dict[str, Role] = {"kim": "user", "lee": "user", "gone": "user", "ann": "readonly", "boss": "admin"}
"""Two users, one who is disabled, an analyst and an admin."""
MACHINES = {"service": "ims_service", "crawler": "ims_crawl"}

# All that is lee's has "secret" in it. Most rows are lee's, so that the planner would have something to tell.
CONTENT = """
INSERT INTO ims.issues (issue_id, title, product, status, first_crawled_at)
SELECT n::text, 'issue ' || n, 'OpenFrame', 'Open', '2026-03-01 16:00+00' FROM generate_series(101, 130) AS n;
INSERT INTO ims.crawl_sessions (user_id, product, original_query, parsed_query, status, started_at, issues_crawled,
    duration_seconds, data_path, metadata, close_reason)
SELECT user_id, p, p || ' query', p, CASE WHEN n % 3 = 0 THEN 'failed' ELSE 'completed' END,
    timestamptz '2026-03-01 08:59+00' + n * interval '7 hours' + user_id * interval '1 minute', n, n,
    'sessions/' || p || n, '{"note": "it"}', p
FROM (SELECT user_id, n, CASE username WHEN 'lee' THEN 'secret' ELSE username END AS p
    FROM ims.users, generate_series(1, 60) AS n
    WHERE (username IN ('kim', 'gone') AND n <= 4) OR username = 'lee' ORDER BY n, user_id) AS made;
INSERT INTO ims.crawl_sessions (user_id, product, original_query, status)
SELECT user_id, 'secret', 'secret now', 'running' FROM ims.users WHERE username = 'lee';
INSERT INTO ims.search_queries (user_id, session_id, original_query, parsed_query, product, parsing_method, queried_at)
SELECT user_id, session_id, original_query, parsed_query, product, 'rules', started_at FROM ims.crawl_sessions;
INSERT INTO ims.search_queries (user_id, original_query, product, queried_at)
SELECT user_id, CASE username WHEN 'lee' THEN 'secret' ELSE username END, username, '2026-03-02 10:00+00'
FROM ims.users WHERE username IN ('kim', 'lee');
INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message, error_detail)
SELECT session_id, n, 'crawl_error', product || ' error',
    jsonb_build_object('exception', 'IssueNotAvailable', 'issue_id', CASE product WHEN 'secret' THEN 777 ELSE 555 END)
FROM ims.crawl_sessions, generate_series(1, 3) AS n;
INSERT INTO ims.session_issues (session_id, issue_pk, error_message, product, status, found_by, created_at)
SELECT s.session_id, i.issue_pk, s.product || ' message', s.product, s.product, s.product, s.started_at
FROM ims.crawl_sessions AS s JOIN ims.issues AS i ON i.issue_id::integer % 30 < 7;
INSERT INTO ims.pages (session_id, user_id, sequence, url, page_type, created_at)
SELECT session_id, user_id, n, product || ' page', product, started_at
FROM ims.crawl_sessions, generate_series(1, 3) AS n;
INSERT INTO ims.favourite_queries (user_id, name, arguments)
SELECT user_id, CASE username WHEN 'lee' THEN 'secret' ELSE username END || n, '{"query": "q"}'
FROM ims.users, generate_series(1, 3) AS n WHERE username IN ('kim', 'lee');
INSERT INTO ims.schedules (user_id, name, cron, next_run_at)
SELECT user_id, CASE username WHEN 'lee' THEN 'secret' ELSE username END || n, '0 3 * * *', '2026-03-02 10:00+00'
FROM ims.users, generate_series(1, 3) AS n WHERE username IN ('kim', 'lee');
INSERT INTO ims.attachments (issue_pk, session_id, file_id, filename)
SELECT issue_pk, (SELECT max(session_id) FROM ims.crawl_sessions), issue_id, 'a.log' FROM ims.issues;
INSERT INTO ims.crawl_sessions (user_id, product, status)
SELECT user_id, 'to be deleted', 'completed' FROM ims.users WHERE username IN ('kim', 'lee');
DELETE FROM ims.crawl_sessions WHERE product = 'to be deleted';
UPDATE ims.users SET email = 'secret@example.com', full_name = 'secret', preferences = '{"secret": 1}'
WHERE username = 'lee';
UPDATE ims.users SET is_active = false WHERE username = 'gone';
SELECT ims.refresh_materialized_views();
"""

NUMBERS = """
SELECT
    (SELECT user_id FROM ims.users WHERE username = 'kim') AS kim,
    (SELECT user_id FROM ims.users WHERE username = 'lee') AS lee,
    (SELECT user_id FROM ims.users WHERE username = 'boss') AS boss,
    (SELECT user_id FROM ims.users WHERE username = 'gone') AS gone,
    (SELECT min(session_id) FROM ims.crawl_sessions WHERE product = 'kim') AS own_session,
    (SELECT min(session_id) FROM ims.crawl_sessions WHERE product = 'secret') AS session,
    (SELECT session_uuid FROM ims.crawl_sessions WHERE product = 'secret' ORDER BY session_id LIMIT 1) AS uuid,
    (SELECT session_uuid FROM ims.deleted_sessions JOIN ims.users USING (user_id) WHERE username = 'lee') AS deleted,
    (SELECT min(issue_pk) FROM ims.session_issues) AS issue,
    (SELECT max(issue_pk) FROM ims.issues) AS other_issue
"""


class Login:
    """One connection to the archive; nothing that it does stays unless it commits itself."""

    def __init__(self, connection: Any):
        self.connection = connection

    def run(self, statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last of the statements."""
        with self.connection.cursor() as cursor:
            cursor.execute(statements)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def value(self, statement: str) -> Any:
        """The one value of a query."""
        ((found,),) = self.run(statement)
        return found

    def changes(self, statement: str) -> int:
        """How many rows a statement has changed."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)

    def refused(self, statements: str) -> str:
        """The SQLSTATE with which the statements were refused; the transaction goes on without them."""
        self.run("SAVEPOINT attempt")
        with pytest.raises(psycopg2.Error) as caught:
            self.run(statements)
        self.run("ROLLBACK TO SAVEPOINT attempt")
        return str(caught.value.pgcode)


@dataclass(frozen=True)
class Archive:
    """A database with its people: their `roles` and `passwords` by name, and `numbers` of some of their rows."""

    server: EmbeddedServer
    name: str
    owner: Engine
    root: Engine
    roles: dict[str, str]
    passwords: dict[str, str]
    numbers: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def login(self, who: str, database: str | None = None, autocommit: bool = False) -> Iterator[Login]:
        """A connection of this one's own, rolled back and closed with the block."""
        role, password = self.roles[who], self.passwords[who]
        address = self.owner.url
        connection = psycopg2.connect(
            host=address.host, port=address.port, user=role, password=password, dbname=database or self.name
        )
        connection.autocommit = autocommit
        try:
            yield Login(connection)
        finally:
            connection.close()

    def engine(self, who: str, **settings: Any) -> Engine:
        """The product's engine for this login."""
        url = parse_url(self.server.dsn(self.roles[who], self.name))
        return open_engine(url, DatabaseConfig(**settings), {"password": self.passwords[who]})

    def fill(self, statement: str) -> str:
        """The statement with numbers and roles in the place of {names}."""
        return statement.format(**self.numbers, **{f"{who}_role": role for who, role in self.roles.items()})


@contextmanager
def archive_of_people(server: EmbeddedServer, name: str, folder: Path, content: bool = True) -> Iterator[Archive]:
    """An archive made as the product makes it, with PEOPLE and MACHINES, and rows of kim's and lee's."""
    with database(server, name) as root:
        owner = database_engine(server, name)
        initialise(owner)
        passwords = {"owner": server.password(OWNER), "root": server.password(SUPERUSER)}
        archive = Archive(server, name, owner, root, {"owner": OWNER, "root": SUPERUSER}, passwords)
        try:
            for who, role in PEOPLE.items():
                add_person(archive, who, Passwords(folder), role)
            for who, group in MACHINES.items():
                _add_machine(archive, who, f"{name}_{who}", group)
            if content:
                with owner.begin() as connection:
                    connection.exec_driver_sql(CONTENT, execution_options={"no_parameters": True})
                with root.begin() as connection:
                    archive.numbers.update(connection.execute(text(NUMBERS)).mappings().one())
                with root.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("VACUUM (ANALYZE)"))
            yield archive
        finally:
            _remove_roles(archive)
            owner.dispose()


def add_person(archive: Archive, who: str, passwords: Passwords, role: Role) -> None:
    """Have a user of this name, with a role, and remember how to log in as them."""
    user = add_user(archive.owner, who, passwords, role)
    assert user.database_role is not None
    archive.roles[who] = user.database_role
    password = passwords.read(user.database_role)
    assert password is not None
    archive.passwords[who] = password


def _add_machine(archive: Archive, who: str, name: str, group: str) -> None:
    password = secrets.token_urlsafe(12)
    with archive.owner.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
        connection.execute(text(f"GRANT {group} TO {name}"))
    archive.roles[who], archive.passwords[who] = name, password


def _remove_roles(archive: Archive) -> None:
    """The roles are the server's and would outlive the database."""
    with archive.root.begin() as connection:
        for role in set(archive.roles.values()) - {OWNER, SUPERUSER}:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))


def everything(archive: Archive) -> dict[str, list[str]]:
    """Every row of the archive as the superuser sees it, to be compared with itself later."""
    tables = (
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('r', 'm') AND c.relnamespace IN"
        " ('ims'::regnamespace, 'ims_private'::regnamespace)"
    )
    names = [name for (name,) in rows(archive.root, tables)]
    query = " UNION ALL ".join(f"SELECT '{name}', t::text FROM {name} AS t" for name in names)
    found: dict[str, list[str]] = {name: [] for name in names}
    for name, row in rows(archive.root, query.replace(":", r"\:")):
        found[name].append(row)
    return {name: sorted(content) for name, content in found.items()}
