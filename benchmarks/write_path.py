"""Prints what the write path costs: ms an issue, new, changed and unchanged, in batches and one by one, and the WAL.

    python benchmarks/write_path.py [--issues 1000]

An embedded server of its own is made in a temporary folder, with all indexes. Absolute times depend on the machine;
the ratios, side by side in one run, do not.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, create_engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect, parse_url
from ims_spiders.db.projection import Projection
from ims_spiders.db.schema import initialise
from ims_spiders.items import (
    Attachment,
    Comment,
    CrawlInfo,
    HistoryEntry,
    Issue,
    content_hash,
    issue_document,
    utc_milliseconds,
)

WORDS = (
    "batch",
    "배치",
    "오류",
    "TPETIME",
    "timeout",
    "タイムアウト",
    "発生",
    "restart",
    "재기동",
    "ORA-00600",
    "JCL",
    "로그",
)
START = datetime(2026, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=1000)
    count = parser.parse_args().issues
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        engine = connect(DatabaseConfig(DATABASE_SCHEMA="ims"), Path(folder))
        try:
            initialise(engine)
            measure(server, engine, [make_issue(100_000 + number) for number in range(count)])
        finally:
            engine.dispose()
            server.stop()


def measure(server: EmbeddedServer, engine: Engine, documents: Sequence[Document]) -> None:
    """Write the issues in all ways and print a line for each."""
    projection = Projection(engine)
    singly = [make_issue(900_000 + number) for number in range(max(50, len(documents) // 10))]
    show("8 comments, 12 history rows and 3 attachments an issue", "batches", "one by one")
    results = {}
    for name, prepare in (("new", as_it_is), ("changed", closed), ("unchanged", closed)):
        batch = timed(engine, projection, [prepare(entry) for entry in documents], 100)
        single = timed(engine, projection, [prepare(entry) for entry in singly], 1)
        results[name] = batch
        show(f"{name}, ms an issue", f"{batch[0]:.3f}", f"{single[0]:.3f}")
        show(f"{name}, issues a second", f"{1000 / batch[0]:,.0f}", f"{1000 / single[0]:,.0f}")
        show(f"{name}, bytes of WAL an issue", f"{batch[1]:,.0f}", f"{single[1]:,.0f}")
    new, unchanged = results["new"], results["unchanged"]
    show("new : unchanged", f"{new[0] / unchanged[0]:.0f} : 1 in time", f"{new[1] / unchanged[1]:.0f} : 1 in WAL")
    seen_first = after_checkpoint(server, engine, [closed(entry) for entry in documents])
    show("unchanged, bytes of WAL an issue, just after a checkpoint", f"{seen_first:,.0f}")


def timed(engine: Engine, projection: Projection, documents: Sequence[Document], size: int) -> tuple[float, float]:
    """Milliseconds and bytes of WAL an issue, for one session that writes them all in batches of this size."""
    session = new_session(projection)
    seen = [seen_by(entry, session) for entry in documents]
    begun, written = time.perf_counter(), wal(engine)
    for index in range(0, len(seen), size):
        refused = projection.write_issues(session, seen[index : index + size]).refused
        if refused:
            raise SystemExit(f"the database refused {refused[0]}")
    return (time.perf_counter() - begun) * 1000 / len(seen), (wal(engine) - written) / len(seen)


def after_checkpoint(server: EmbeddedServer, engine: Engine, documents: Sequence[Document]) -> float:
    """Bytes of WAL for an unchanged issue when every page has to be written whole once; the median of three."""
    found = []
    arguments = {"password": server.password(SUPERUSER)}
    superuser = create_engine(parse_url(server.dsn(SUPERUSER)), connect_args=arguments, isolation_level="AUTOCOMMIT")
    for _ in range(3):
        with superuser.connect() as connection:
            connection.execute(text("CHECKPOINT"))
        found.append(timed(engine, Projection(engine), documents, 100)[1])
    superuser.dispose()
    return statistics.median(found)


def wal(engine: Engine) -> int:
    """How many bytes of WAL the server has written."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")) or 0)


def new_session(projection: Projection) -> str:
    """Write a session to hang issues on."""
    uuid = str(uuid4())
    projection.write_session({"session_uuid": uuid, "username": "bench", "started_at": START.isoformat()})
    return uuid


def seen_by(document: Document, session: str) -> Document:
    """The document as this session saw it, now."""
    crawl = {"session_uuid": session, "crawled_at": utc_milliseconds(datetime.now(UTC))}
    copy = document | {"crawl": document["crawl"] | crawl}
    copy["crawl"]["content_hash"] = content_hash(copy)
    return copy


def as_it_is(document: Document) -> Document:
    """The issue when it is seen first."""
    return document


def closed(document: Document) -> Document:
    """Closed, with one more line of history and one more comment."""
    entry = document["history"][0] | {"description": "Status : Open → Closed"}
    comment = document["comments"][0] | {"comment_number": 1, "content": "closed"}
    changes = {"history": [*document["history"], entry], "comments": [comment, *document["comments"]]}
    return document | {"status": "Closed"} | changes


def make_issue(number: int) -> Document:
    """An invented issue of usual size."""
    draw = random.Random(number)
    said: Callable[[int], str] = lambda words: " ".join(draw.choices(WORDS, k=words))  # noqa: E731
    item = Issue(
        issue_id=str(number),
        title=said(8),
        url=f"https://ims.example.com/tody/ims/issue/issueView.do?issueId={number}",
        description=said(150),
        description_html=f"<div>{said(200)}</div>",
        product=draw.choice(["OpenFrame Batch", "Tibero", "OpenFrame OSC"]),
        status="Open",
        priority=draw.choice(["High", "Normal", "Low"]),
        reporter="Kihong Kim",
        registered_date=START - timedelta(hours=number % 9000),
        fields={f"Label {n}": said(2) for n in range(20)},
        comments=[Comment(number * 10 + n, "민사혁", None, START, said(60), f"<p>{said(60)}</p>") for n in range(8)],
        history=[
            HistoryEntry(START + timedelta(minutes=n), "kim", description=f"{said(5)} → {said(5)}") for n in range(12)
        ],
        attachments=[
            Attachment(f"{number}{n}", "ISSUE", f"{n}.log", downloaded=True, sha256="ab" * 32, extracted_text=said(300))
            for n in range(3)
        ],
        crawl=CrawlInfo("", number, START),
    )
    return issue_document(item)


def show(*cells: str) -> None:
    """One line of the table."""
    print(cells[0].ljust(64), *(cell.rjust(18) for cell in cells[1:]))  # noqa: T201


if __name__ == "__main__":
    main()
