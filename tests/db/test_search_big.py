"""Long texts: they are written whatever they hold, and found by what the documented limits let in."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.db.inspect_rows import value
from tests.db.search_documents import found

LOG = "2026-11-21 12:00:07.123 [thread-7] connection to the 서버가 was lost, JEUS에서 error=-17407 at a.b.Server.run\n"


def store(engine: Engine, title: str, description: str, comments: list[str], files: list[str]) -> None:
    """One issue with these texts, in one transaction."""
    with engine.begin() as connection:
        pk = connection.execute(
            text("INSERT INTO ims.issues (issue_id, title, description) VALUES ('1', :t, :d) RETURNING issue_pk"),
            {"t": title, "d": description},
        ).scalar_one()
        for number, content in enumerate(comments):
            connection.exec_driver_sql(
                "INSERT INTO ims.issue_comments (issue_pk, comment_number, content) VALUES (%s, %s, %s)",
                (pk, number, content),
            )
        for number, content in enumerate(files):
            connection.exec_driver_sql(
                "INSERT INTO ims.attachments (issue_pk, file_id, filename, extracted_text)"
                " VALUES (%s, %s, 'a.log', %s)",
                (pk, str(number), content),
            )


def test_a_log_of_two_megabytes(engine: Engine) -> None:
    log = LOG * (2_000_000 // len(LOG)) + "and the last line says zebra 얼룩말이 TPESVCERR(10) v7.1"
    store(engine, "title", "description", ["comment"], [log, "a small one: ORA-00600"])
    for query in ("thread", "connection", "서버", "JEUS", "jeus 에러", "-17407", "a.b.Server.run", "'was lost'"):
        assert found(engine, query) == {"1"}, query
    for query in ("zebra", "얼룩말", "TPESVCERR(10)", "7.1", "'얼룩말이 TPESVCERR'", "+title +comment +ora-600 +zebra"):
        assert found(engine, query) == {"1"}, query
    assert found(engine, "'lost was'") == set()


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("name{0}.log", id="files", marks=pytest.mark.long),
        pytest.param("0{0}", id="numbers"),
        pytest.param("{1}{2}{3}", id="Hangul", marks=pytest.mark.long),
    ],
)
def test_tens_of_thousands_of_different_words_are_no_reason_to_fail(engine: Engine, word: str) -> None:
    """Of files, of comments, of the description; the beginning of each file and all that is short is found."""
    many = " ".join(
        word.format(n, *(chr(0xAC00 + n * prime % 11_000) for prime in (7, 11, 13))) for n in range(10_000, 50_000)
    )
    store(engine, "title", "lion " + many, ["first", many, "zebra"], ["beginning " + many, "tiger"])
    for query in ("title", "lion", "beginning"):
        assert found(engine, query) == {"1"}, query
    assert value(engine, "SELECT count(*) FROM ims_private.search_documents") == 1
