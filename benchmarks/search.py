"""Prints how long searches take in the database, and how large what they look into is.

    python benchmarks/search.py [--issues 20000]

Issues with comments are invented in three languages. Their words, those of the trade among thousands that mean nothing,
are drawn as people use them: few often, most rarely. They come in by SQL, so the time is that of the tables, the
triggers and their indexes. Each query is asked first in a connection of its own (cold: functions and plans are not
there yet) and then again and again (warm).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.schema import initialise

BATCH = 500
COMMENTS = 3
ROUNDS = 5
WRITERS = 2
INVENTED = 8000
"""Words a language that mean nothing."""
PARTICLES = {"ko": ["", "", "이", "가", "을", "에서", "으로", " "], "ja": ["が", "の", "を", "に", " "], "en": [" "]}
CODES = (
    "ORA-{0:05}",
    "TPESVCERR({0})",
    "-{0}",
    "core.{0}",
    "tp_call{0}()",
    "7.{1}.0.{0}",
    "JeusServer{1}.log",
    "S0C{1}",
)
PRODUCTS = ("JEUS 7", "JEUS 8", "OpenFrame Batch", "OpenFrame Online", "Tibero 6", "Tibero 7", "Tmax", "WebtoB")
QUERIES = (
    *("데드락", "서버가", "깨지는", "메모리부족", "'메모리 부족'", "접속 실패 원인", "+데드락 +타임아웃", "락"),
    *(
        "배치 작업이 지연되는 현상",
        "サーバ",
        "メモリ不足",
        "文字化けする",
        "'接続 失敗'",
        "デッドロック タイムアウト",
        "+障害 再現",
    ),
    *(
        "deadlock",
        "connection timeout",
        "'garbled characters'",
        "+memory +shortage",
        "server error log restart setting",
    ),
    *("ORA-00600", "-17407", "TPESVCERR(10)", "core.1234", "7.1", "JeusServer3.log", "50123", "nothingofthekind"),
    *("error", "발생", "発生", "out of memory", "장애 복구 요청", "느려짐", "slow query 인덱스", "zymurgy rareword77"),
)
"""Words with and without particles, compounds, phrases, what must be there, codes, versions; rare and frequent ones."""


def main() -> int:
    """Build, measure and print; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=20_000)
    count = parser.parse_args().issues
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        engine = connect(DatabaseConfig(), Path(folder))
        try:
            initialise(engine)
            build(engine, count)
            sizes(engine)
            measure(engine)
        finally:
            engine.dispose()
            server.stop()
    return 0


def build(engine: Engine, count: int) -> None:
    """Write the issues, each batch in a transaction, and have the server look at them."""
    began = time.perf_counter()

    def batch(start: int) -> None:
        issues = [invent(number) for number in range(start + 1, min(start + BATCH, count) + 1)]
        with engine.begin() as connection:
            write(connection, issues)

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(batch, range(0, count, BATCH)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")
    took = time.perf_counter() - began
    show(f"{count:,} issues with {COMMENTS} comments each, written in", f"{took:.0f} s")
    show(f"an issue, its comments, its words and their indexes, {WRITERS} at once", f"{took * 1000 / count:.2f} ms")


def invent(number: int) -> list[object]:
    """An issue's number, title, description, product, status and comments."""
    draw = random.Random(number)
    language = draw.choice(("ko", "ko", "ja", "en"))
    texts = [" ".join(said(draw, language, words)) for words in (7, 60, *[30] * COMMENTS)]
    title, description, *comments = texts
    return [str(number), title, description, draw.choice(PRODUCTS), draw.choice(("Open", "Closed", "Closed")), comments]


def said(draw: random.Random, language: str, count: int) -> Iterator[str]:
    """Words with their particles; here and there one of English, a code, or one that nobody else says."""
    for _ in range(count):
        chance = draw.random()
        if chance < 0.06:
            yield draw.choice(CODES).format(draw.randrange(20_000), draw.randrange(9))
        elif chance < 0.09:
            yield f"rareword{draw.randrange(200_000)}"
        else:
            spoken = language if chance < 0.85 else "en"
            words, weights = VOCABULARY[spoken]
            yield draw.choices(words, cum_weights=weights)[0] + draw.choice(PARTICLES[spoken])


def vocabulary(language: str, known: Sequence[str]) -> tuple[list[str], list[float]]:
    """Words, and how often each is used, added up: the n-th as often as 1 / n. From the 60th, every 25th is known."""
    draw = random.Random(language)
    syllables = sorted({word[:2] if word.isascii() else word[:1] for word in known})
    words = ["".join(draw.choices(syllables, k=draw.choice((2, 3, 3)))) for _ in range(INVENTED)]
    for place, word in enumerate(draw.sample(known, len(known))):
        words.insert(60 + place * 25, word)
    return words, list(accumulate(1 / (place + 3) for place in range(len(words))))


LINES = (Path(__file__).parent / "search" / "words.txt").read_text(encoding="utf-8").splitlines()[1:]
VOCABULARY = {line[:2]: vocabulary(line[:2], line[3:].split()) for line in LINES}


def write(connection: Connection, issues: Sequence[list[object]]) -> None:
    """As rows; the triggers see to the words."""
    columns = list(zip(*issues, strict=True))
    names = ("number", "title", "description", "product", "status")
    connection.execute(
        text(
            "INSERT INTO ims.issues (issue_id, title, description, product, status, registered_date)"
            " SELECT n, t, d, p, s, now() - n::integer % 3000 * interval '1 day' FROM"
            " unnest(CAST(:number AS text[]), CAST(:title AS text[]), CAST(:description AS text[]),"
            " CAST(:product AS text[]), CAST(:status AS text[])) AS x (n, t, d, p, s)"
        ),
        {name: list(column) for name, column in zip(names, columns, strict=False)},
    )
    comments = [(issue[0], place, content) for issue in issues for place, content in enumerate(list(issue[5]), 1)]  # type: ignore[call-overload]
    numbers, places, contents = zip(*comments, strict=True)
    connection.execute(
        text(
            "INSERT INTO ims.issue_comments (issue_pk, comment_number, content) SELECT i.issue_pk, x.place, x.content"
            " FROM unnest(CAST(:number AS text[]), CAST(:place AS integer[]), CAST(:content AS text[]))"
            " AS x (issue_id, place, content) JOIN ims.issues AS i USING (issue_id)"
        ),
        {"number": list(numbers), "place": list(places), "content": list(contents)},
    )


def sizes(engine: Engine) -> None:
    """How large the documents and their indexes are, beside the issues themselves."""
    statement = """
        SELECT 'words of the issues' AS name, pg_table_size('ims_private.search_documents') AS size
        UNION ALL SELECT 'index of titles', pg_relation_size('ims_private.search_documents_title_idx')
        UNION ALL SELECT 'index of everything', pg_relation_size('ims_private.search_documents_words_idx')
        UNION ALL SELECT 'issues and comments with their indexes',
            pg_total_relation_size('ims.issues') + pg_total_relation_size('ims.issue_comments')"""
    with engine.connect() as connection:
        for name, size in connection.execute(text(statement)):
            show(name, f"{size / 1e6:,.0f} MB")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        began = time.perf_counter()
        connection.exec_driver_sql("REINDEX INDEX ims_private.search_documents_words_idx")
        show("index of everything, built again in", f"{time.perf_counter() - began:.1f} s")


def measure(engine: Engine) -> None:
    """Time the search for the list, and for the counts that go with it."""
    for name, call in (
        ("the best 20", "SELECT count(*) FROM ims.search_issues(:query, NULL, 20)"),
        ("the best 20 of a product", "SELECT count(*) FROM ims.search_issues(:query, 'JEUS', 20)"),
        ("counts by product, status and year", "SELECT count(*) FROM ims.search_facets(:query)"),
    ):
        cold, warm = [], []
        for query in QUERIES:
            engine.dispose()
            with engine.connect() as connection:
                cold.append((timed(connection, call, query), query))
                warm += [(timed(connection, call, query), query) for _ in range(ROUNDS)]
        show(f"{name}, warm: p50, p95, most", *spread(warm))
        show(f"{name}, cold: p50, p95, most", *spread(cold))
        slowest = sorted({query: took for took, query in sorted(warm)}.items(), key=lambda pair: -pair[1])[:4]
        sys.stderr.write(f"slowest: {', '.join(f'{query} {took:.1f} ms' for query, took in slowest)}\n")


def timed(connection: Connection, call: str, query: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    connection.execute(text(call), {"query": query}).all()
    return (time.perf_counter() - began) * 1000


def spread(times: Sequence[tuple[float, str]]) -> tuple[str, str, str]:
    """The middle, what nineteen in twenty stay under, and the longest."""
    ordered = sorted(took for took, _ in times)
    places = (len(ordered) // 2, len(ordered) * 95 // 100, len(ordered) - 1)
    first, second, third = (f"{ordered[place]:.1f} ms" for place in places)
    return first, second, third


def show(*cells: str) -> None:
    """One line of the table."""
    print(cells[0].ljust(64), *(cell.rjust(12) for cell in cells[1:]))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
