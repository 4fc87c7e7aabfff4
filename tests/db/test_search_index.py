"""The words of issues are right after every transaction, whoever changed what in whichever way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.load import load
from ims_spiders.db.projection import Projection
from tests.db.agreement import database
from tests.db.factory import changed, folder, issue, session, session_uuid
from tests.db.inspect_rows import rows, value
from tests.db.search_documents import assert_kept, documents, found, versions
from tests.db.test_statistics_at_once import at_once, wait_until_blocked
from tests.db.test_upsert_issue import upsert

PK = "(SELECT issue_pk FROM ims.issues WHERE issue_id = '100')"
COMMENT = f"INSERT INTO ims.issue_comments (issue_pk, comment_number, content) VALUES ({PK}, 7, '%s')"
HISTORY = f"INSERT INTO ims.issue_history (issue_pk, description, details_hash) VALUES ({PK}, '%s', '\\x00')"
FILE = f"INSERT INTO ims.attachments (issue_pk, file_id, filename, extracted_text) VALUES ({PK}, '7', '%s', '%s')"
NEW = "INSERT INTO ims.issues (issue_id, title) VALUES ('300', 'zebra')"
OF_100 = f"WHERE issue_pk = {PK}"
CHANGES: dict[str, tuple[list[str], str, set[str]]] = {
    "a new issue": ([NEW], "zebra", {"300"}),
    "a title": (["UPDATE ims.issues SET title = 'zebra' WHERE issue_id = '100'"], "zebra", {"100"}),
    "a title that was": (["UPDATE ims.issues SET title = 'zebra' WHERE issue_id = '100'"], "+배치", {"200"}),
    "a description": (["UPDATE ims.issues SET description = '얼룩말' WHERE issue_id = '200'"], "얼룩말", {"200"}),
    "a customer": (["UPDATE ims.issues SET customer = 'zebra'"], "zebra", {"100", "200"}),
    "an error code": (["UPDATE ims.issues SET error_code = '-17407' WHERE issue_id = '100'"], "-17407", {"100"}),
    "an issue that goes": (["DELETE FROM ims.issues WHERE issue_id = '100'"], "배치", {"200"}),
    "all that go": (["TRUNCATE ims.issues CASCADE"], "배치", set()),
    "a new comment": ([COMMENT % "zebra"], "zebra", {"100"}),
    "an edited comment": ([f"UPDATE ims.issue_comments SET content = 'zebra' {OF_100}"], "zebra", {"100"}),
    "a comment that goes": ([COMMENT % "zebra", "DELETE FROM ims.issue_comments"], "zebra", set()),
    "a comment that moves": (
        [COMMENT % "zebra", f"UPDATE ims.issue_comments SET content = '' {OF_100}", COMMENT.replace("7", "8") % "lion"],
        "zebra",
        set(),
    ),
    "new history": ([HISTORY % "zebra"], "zebra", {"100"}),
    "changed history": ([f"UPDATE ims.issue_history SET description = 'zebra' {OF_100}"], "zebra", {"100"}),
    "history that goes": ([HISTORY % "zebra", f"DELETE FROM ims.issue_history {OF_100}"], "zebra", set()),
    "a file's name": ([FILE % ("zebra.log", "")], "zebra.log", {"100"}),
    "a file's text": ([FILE % ("a.log", "얼룩말이")], "얼룩말", {"100"}),
    "a file's text later": (["UPDATE ims.attachments SET extracted_text = 'zebra crossing'"], "zebra", {"100", "200"}),
    "a file that is read again": (
        [FILE % ("a.log", "zebra"), "UPDATE ims.attachments SET extracted_text = 'lion' WHERE file_id = '7'"],
        "zebra",
        set(),
    ),
    "a file that goes": (
        [FILE % ("a.log", "zebra"), "DELETE FROM ims.attachments WHERE file_id = '7'"],
        "zebra",
        set(),
    ),
}


@pytest.fixture
def archive(engine: Engine) -> Engine:
    """Two issues."""
    fill(engine)
    return engine


@pytest.fixture(scope="module")
def untouched(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Engine]:
    """Two issues that no test changes for good."""
    with database(server, admin, undertaker, template) as made:
        fill(made)
        yield made


def fill(engine: Engine) -> None:
    projection = Projection(engine)
    projection.write_session(session())
    assert projection.write_issues(session_uuid(), [issue(100), issue(200)]).new == 2


def as_admin(connection: Connection, statements: Iterable[str]) -> None:
    connection.execute(text("SET LOCAL ROLE ims_admin"))
    for statement in statements:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


@pytest.mark.parametrize("name", CHANGES)
def test_what_an_admin_changes_is_found_as_it_is_now(untouched: Engine, name: str) -> None:
    """Each statement is worked off by itself, as if it were committed; the truncation is the owner's."""
    statements, query, expected = CHANGES[name]
    with untouched.connect() as connection:
        for statement in statements:
            if "TRUNCATE" not in statement:
                connection.execute(text("SET LOCAL ROLE ims_admin"))
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        connection.execute(text("RESET ROLE"))
        assert found(connection, query) == expected
        assert_kept(connection)
        connection.rollback()


def test_one_transaction_is_worked_off_once_at_its_end(archive: Engine) -> None:
    before = versions(archive)
    with archive.begin() as connection:
        as_admin(connection, [COMMENT % "zebra", HISTORY % "lion", "UPDATE ims.issues SET title = 'x' " + OF_100, NEW])
        connection.execute(text("RESET ROLE"))
        assert connection.execute(text("SELECT count(*) FROM ims_private.search_pending")).scalar_one() == 4
        assert not connection.execute(text("SELECT FROM ims.search_issues('zebra')")).all()
        ((own,),) = connection.execute(text("SELECT pg_current_xact_id()::xid::text")).all()
    assert found(archive, "+zebra +lion") == {"100"}
    after = versions(archive)
    assert [version == own for _, version in after] == [True, False, True]
    assert after[1] == before[1]
    assert_kept(archive)


@pytest.mark.parametrize("end", ["ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s"])
def test_a_savepoint_that_is_taken_back_leaves_no_words(archive: Engine, end: str) -> None:
    with archive.begin() as connection:
        as_admin(connection, [COMMENT % "lion", "SAVEPOINT s", HISTORY % "zebra", NEW, end])
    assert found(archive, "lion") == {"100"}
    assert found(archive, "zebra") == (set() if end.startswith("ROLLBACK") else {"100", "300"})
    assert_kept(archive)


def test_a_transaction_that_is_taken_back_leaves_everything(archive: Engine) -> None:
    before = versions(archive)
    with archive.connect() as connection:
        as_admin(connection, [COMMENT % "zebra", "SET CONSTRAINTS ALL IMMEDIATE", HISTORY % "lion"])
        connection.rollback()
    assert versions(archive) == before
    assert found(archive, "zebra lion") == set()
    assert_kept(archive)


def test_words_may_be_wanted_before_the_end(archive: Engine) -> None:
    with archive.begin() as connection:
        as_admin(connection, [COMMENT % "zebra", "SET CONSTRAINTS ALL IMMEDIATE"])
        assert connection.execute(text("SELECT issue_id FROM ims.search_issues('zebra')")).all() == [("100",)]
    assert_kept(archive)


def test_what_says_nothing_new_writes_nothing(archive: Engine, projection: Projection) -> None:
    """An unchanged issue that is seen again, and changes of what is no word."""
    before = versions(archive)
    projection.write_session(session(2, 60))
    assert projection.write_issues(session_uuid(2), [changed(issue(100), 61, 2)]).unchanged == 1
    upsert(archive, changed(issue(200), 62, 2), session_uuid(2))
    with archive.begin() as connection:
        as_admin(
            connection, ["UPDATE ims.issues SET priority = 'Low', title = title", "UPDATE ims.issues SET title = title"]
        )
    assert versions(archive) == before


def test_a_mixed_history_through_every_door(engine: Engine, projection: Projection) -> None:
    """Whatever 200 sightings in any order say, through the projection or upsert_issue(), the words follow."""
    source = random.Random(4)
    words = ["zebra", "lion", "얼룩말이", "事象", "ORA-00600"]
    for number in (1, 2):
        projection.write_session(session(number, number))
    for _ in range(50):
        batch = {source.randrange(100, 110): source.randrange(-50, 500) for _ in range(4)}
        seen = [altered(issue(number), minutes, source, words) for number, minutes in batch.items()]
        if source.random() < 0.5:
            projection.write_issues(session_uuid(1), seen)
        else:
            for document in seen:
                upsert(engine, document, session_uuid(2))
    assert len(documents(engine)) == 10
    assert_kept(engine)


def altered(document: dict[str, Any], minutes: float, source: random.Random, words: list[str]) -> dict[str, Any]:
    """The issue with some of its parts other than they were."""
    parts: dict[str, Any] = {"title": source.choice(words), "status": source.choice(["Open", "Closed"])}
    parts["comments"] = [
        part | {"content": source.choice(words)} for part in document["comments"] if source.random() < 0.7
    ]
    parts["history"] = document["history"][: source.randrange(4)]
    parts["attachments"] = [
        part | {"extracted_text": source.choice([None, *words])}
        for part in document["attachments"]
        if source.random() < 0.7
    ]
    return changed(document, minutes, 1, **parts)


def test_a_load_of_the_files_gives_the_same_words(
    archive: Engine, tmp_path: Path, server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str
) -> None:
    folder(tmp_path, session(), [issue(100), issue(200)])
    with database(server, admin, undertaker, template) as other:
        assert load(other, tmp_path).issues.new == 2
        assert documents(other) == documents(archive)
    assert {number for number, *_ in documents(archive)} == {"100", "200"}


def test_who_changes_the_same_issue_at_the_same_time_comes_one_after_the_other(archive: Engine) -> None:
    with archive.connect() as first:
        as_admin(first, [COMMENT % "zebra", "SET CONSTRAINTS ALL IMMEDIATE"])

        def second() -> None:
            with archive.begin() as connection:
                as_admin(connection, [HISTORY % "lion"])

        def commit() -> None:
            wait_until_blocked(archive)
            first.commit()

        at_once([second, commit])
    assert found(archive, "+zebra +lion") == {"100"}
    assert_kept(archive)


def test_eight_writers_at_once(archive: Engine) -> None:
    """Of both issues, in different orders; nobody waits for each other in a circle and no word is lost."""

    def write(number: int) -> Callable[[], None]:
        def work() -> None:
            pks = [pk for (pk,) in rows(archive, "SELECT issue_pk FROM ims.issues ORDER BY issue_pk")]
            for turn in range(4):
                with archive.begin() as connection:
                    for pk in pks if (number + turn) % 2 else reversed(pks):
                        connection.exec_driver_sql(
                            "INSERT INTO ims.issue_comments (issue_pk, comment_number, content) VALUES (%s, %s, %s)",
                            (pk, number * 10 + turn, f"zebra{number}x{turn}"),
                        )

        return work

    at_once([write(number) for number in range(1, 9)])
    words = [f"+zebra{number}x{turn}" for number in range(1, 9) for turn in range(4)]
    assert {word: found(archive, word) for word in words} == {word: {"100", "200"} for word in words}
    assert_kept(archive)


def test_two_crawls_write_the_same_issues_at_once(engine: Engine) -> None:
    projections = [Projection(engine), Projection(engine)]
    for number, projection in enumerate(projections):
        projection.write_session(session(number))
    numbers = range(100, 130)
    for status in ("Open", "Closed"):
        at_once(
            [
                lambda projection=projection, number=number, status=status: projection.write_issues(  # type: ignore[misc]
                    session_uuid(number), [issue(one, number, number, status=status) for one in numbers]
                )
                for number, projection in enumerate(projections)
            ]
        )
    assert value(engine, "SELECT count(*) FROM ims.search_issues('batch', NULL, 100)") == 30
    assert_kept(engine)
