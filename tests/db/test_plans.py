"""At 100,000 issues, what the product sends uses an index where it should, and every index has a query that uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.schema import initialise
from ims_spiders.db.users import add_user
from tests.conftest import database_engine
from tests.db.catalogue import database, superuser
from tests.db.inspect_rows import rows
from tests.db.plans import Reading, Watch
from tests.db.plans_cases import CASES, USER, Archive, Case
from tests.db.plans_data import INDEXES, fill

MANUAL = (Path(__file__).parents[2] / "sql" / "README.md").read_text(encoding="utf-8")
EXAMPLES = {
    block.splitlines()[0].removeprefix("-- "): block
    for block in re.findall(r"```sql\n(.+?)```", MANUAL.partition("## Queries that people write")[2], re.DOTALL)
}
"""The documented queries, each by the comment that it begins with."""
PUBLIC = r"""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'ims'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
    UNION SELECT proname FROM pg_proc WHERE pronamespace = 'ims'::regnamespace AND prorettype <> 'trigger'::regtype
        AND obj_description(oid, 'pg_proc') IS NOT NULL
    UNION SELECT rolname FROM pg_roles WHERE rolname IN
        ('ims_admin', 'ims_user', 'ims_readonly', 'ims_service', 'ims_crawl')"""


def ask(query: str) -> Case:
    """A documented query as a case: an admin asks it and, where it is not about the audit trail, a user too."""

    def work(archive: Archive) -> None:
        with archive.engine.begin() as connection:
            connection.execute(text("SET LOCAL search_path = ims"))
            assert connection.execute(text(query)).all()
        if "audit_log" not in query:
            archive.asks(query)

    return work


ALL = CASES | {name: (ask(query), frozenset[str]()) for name, query in EXAMPLES.items()}


@pytest.fixture(scope="module")
def big(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive of 100,000 issues, in a database of its own."""
    folder = tmp_path_factory.mktemp("plans")
    with database(server, "plans") as whole:
        engine = database_engine(server, "plans")
        initialise(engine)
        # What parallel workers read does not stand in the counters of the transaction.
        with whole.begin() as connection:
            connection.execute(text("ALTER DATABASE plans SET max_parallel_workers_per_gather = 0"))
        engine.dispose()
        filler = superuser(server, "plans", autocommit=True)
        fill(filler)
        filler.dispose()
        add_user(engine, USER, Passwords(folder))
        yield Archive(engine, folder)
        engine.dispose()


@pytest.fixture(scope="module")
def watched(big: Archive) -> Callable[[str], Reading]:
    """Does a case, once, with a folder of its own, and tells what it read."""

    @cache
    def once(name: str) -> Reading:
        folder = big.data_dir / "cases" / re.sub(r"\W+", "_", name)
        folder.mkdir(parents=True, exist_ok=True)
        with Watch(big.engine) as reading:
            ALL[name][0](Archive(big.engine, folder))
        return reading

    return once


@pytest.mark.parametrize("name", ALL)
def test_big_tables_are_read_by_an_index(watched: Callable[[str], Reading], name: str) -> None:
    reading = watched(name)
    assert {table: reading.whole[table] for table in reading.whole.keys() - ALL[name][1]} == {}
    assert reading.statements > 0


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


def test_the_manual_names_what_people_meet(big: Archive) -> None:
    names = {name for (name,) in rows(big.engine, PUBLIC)}
    assert {"crawl_sessions", "v_session_detail", "mv_issue_trends", "search_issues", "ims_readonly"} <= names
    assert names - set(re.findall(r"\w+", MANUAL)) == set()


def test_every_index_is_used(big: Archive, watched: Callable[[str], Reading]) -> None:
    used = set().union(*(watched(name).indexes for name in ALL))
    unused = {name for (name,) in rows(big.engine, INDEXES)} - used
    assert unused == set(), "drop them from sql/03, or document the query that they are for in sql/README.md"


@pytest.mark.parametrize(
    ("index", "statement", "table"),
    [
        ("issues_status_idx", "SELECT * FROM ims.issues WHERE status = 'Reopened'", "issues"),
        ("search_documents_words_idx", "SELECT * FROM ims.search_issues('+deadlock')", "search_documents"),
        ("attachments_session_id_idx", "DELETE FROM ims.crawl_sessions WHERE session_id = 11000", "attachments"),
        ("session_issues_issue_pk_idx", "DELETE FROM ims.issues WHERE issue_pk = 11000", "session_issues"),
    ],
)
def test_a_missing_index_is_noticed(big: Archive, index: str, statement: str, table: str) -> None:
    """In a statement's own plan, in a function, in a foreign key."""

    def read(*statements: str) -> Reading:
        with Watch(big.engine) as reading, big.engine.connect() as connection:
            for each in statements:
                connection.execute(text(each))
            connection.rollback()
        return reading

    assert index in read(statement).indexes
    schema = "ims_private" if index.startswith("search_") else "ims"
    without = read(f"DROP INDEX {schema}.{index}", statement)
    assert without.whole == {table: statement}


def test_reading_in_the_order_of_an_index_is_reading_whole_unless_limited(big: Archive) -> None:
    seen = []
    for statement in (
        "SELECT issue_pk FROM ims.issues ORDER BY issue_pk",
        "SELECT issue_pk FROM ims.issues ORDER BY issue_pk LIMIT 10",
    ):
        with Watch(big.engine) as reading, big.engine.connect() as connection:
            connection.execute(text(statement))
        seen.append(set(reading.whole))
    assert seen == [{"issues"}, set()]
