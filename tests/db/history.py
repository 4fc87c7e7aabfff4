"""An invented history of many sessions, and the ways in which it comes into the database."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.projection import Projection
from ims_spiders.items import utc_milliseconds
from tests.db.factory import hashed, issue

USERS = ("kim", "lee", "민사혁", "choi", "park", "jung")
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
ISSUES = 240
STATUSES = ("completed", "completed", "completed", "failed", "cancelled", "interrupted", "running")
PRODUCTS = ("OpenFrame", "JEUS", "Tibero", "", None)
QUERIES = ("TPETIME 오류", "batch +timeout", "'data source' error", "tmboot", "TPETIME 오류", " ", None, "Ärger; JEUS")
SEEN_STATUSES = ("Open", "Assigned", "Resolved", "Closed", "Closed_P", None)
SEEN_PRODUCTS = ("OpenFrame Batch", "OpenFrame Online", "JEUS", None)
DUE = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Planned:
    """A session as its session.json says in the end, the documents that it saw, and whether it was resumed."""

    content: dict[str, Any]
    documents: list[dict[str, Any]]
    resumed: bool = False

    @property
    def uuid(self) -> str:
        return str(self.content["session_uuid"])


@dataclass(frozen=True)
class History:
    """Sessions in the order of their start, and queries without one."""

    sessions: list[Planned]
    queries: list[dict[str, Any]] = field(default_factory=list)


def invent(sessions: int = 500, seed: int = 1) -> History:
    """A history, the same for the same seed."""
    source = random.Random(seed)
    starts = _starts(source, sessions)
    templates = {number: issue(number) for number in range(1000, 1000 + ISSUES)}
    return History(
        [_session(source, number, begun, templates) for number, begun in enumerate(starts, 1)],
        [_query(source) for _ in range(sessions // 10)],
    )


def _starts(source: random.Random, count: int) -> list[datetime]:
    """Times all over three months, a third of them around midnights and month ends in London and in Seoul."""
    edges = [FIRST_DAY + timedelta(days=day, hours=hour) for day in (0, 31, 59, 90) for hour in (0, -9)]
    edges += [FIRST_DAY + timedelta(days=source.randrange(DAYS), hours=source.choice((0, 15))) for _ in range(12)]
    around = [edge + moved for edge in edges for moved in (-DUE, timedelta(), DUE)]
    chosen = [source.choice(around) for _ in range(count // 3)]
    while len(chosen) < count:
        chosen.append(FIRST_DAY + timedelta(minutes=5 * source.randrange(DAYS * 24 * 12)))
    return sorted(chosen)


def _session(source: random.Random, number: int, begun: datetime, templates: dict[int, dict[str, Any]]) -> Planned:
    status = source.choice(STATUSES)
    ended = None if status == "running" else utc_milliseconds(begun + timedelta(seconds=source.randrange(9000)))
    query = source.choice(QUERIES)
    content: dict[str, Any] = {
        "session_uuid": str(UUID(int=0xFEED0000 + number, version=4)),
        "username": source.choice(USERS),
        "product": source.choice(PRODUCTS),
        "original_query": query,
        "parsed_query": source.choice((query, "+" + (query or "x"), None)),
        "query_language": "ko",
        "parsing_method": source.choice(("rules", "direct", "llm", None)),
        "parsing_confidence": source.choice((None, 0.5, 0.85, 0.3333)),
        "status": status,
        "started_at": utc_milliseconds(begun),
        "completed_at": ended,
        "duration_seconds": None if ended is None else source.randrange(9_000_000) / 1000,
        "total_issues_found": source.randrange(20),
        "issues_crawled": source.randrange(12),
        "attachments_downloaded": source.randrange(4),
        "metadata": {"synonym_expanded": source.random() < 0.4},
    }
    numbers = source.sample(sorted(templates), source.choice((0, 1, 3, 6, 10)))
    moments = [begun + timedelta(minutes=5 * source.randrange(1 + place)) for place in range(len(numbers))]
    documents = [
        _sighting(source, templates[chosen], content["session_uuid"], place, moment)
        for place, (chosen, moment) in enumerate(zip(numbers, moments, strict=True))
    ]
    return Planned(content, documents, resumed=source.random() < 0.1)


def _sighting(
    source: random.Random, template: dict[str, Any], session_uuid: str, place: int, moment: datetime
) -> dict[str, Any]:
    copy = template | {"status": source.choice(SEEN_STATUSES), "product": source.choice(SEEN_PRODUCTS)}
    if copy["status"] in ("Closed", "Closed_P"):
        copy["closed_date"] = utc_milliseconds(FIRST_DAY + timedelta(hours=3 * source.randrange(DAYS * 8)))
    crawl = {"session_uuid": session_uuid, "crawl_order": place, "crawled_at": utc_milliseconds(moment)}
    return hashed(copy | {"crawl": template["crawl"] | crawl})


def _query(source: random.Random) -> dict[str, Any]:
    return {
        "username": source.choice(USERS),
        "original_query": source.choice(QUERIES),
        "parsing_method": "rules",
        "parsing_confidence": source.choice((None, 0.25, 1)),
        "synonym_expanded": source.random() < 0.5,
        "results_count": source.randrange(9),
        "queried_at": FIRST_DAY + timedelta(minutes=30 * source.randrange(DAYS * 48)) - source.choice((DUE, DUE * 0)),
    }


def as_a_crawl(engine: Engine, history: History) -> None:
    """As it happened: each session begins, sees its issues in batches, some are interrupted and resumed, and ends."""
    projection = Projection(engine)
    for planned in history.sessions:
        running = planned.content | {"status": "running", "completed_at": None, "duration_seconds": None}
        half = len(planned.documents) // 2
        projection.write_session(running)
        projection.write_issues(planned.uuid, planned.documents[:half])
        if planned.resumed:
            projection.write_session(planned.content | {"status": "interrupted", "issues_crawled": half})
            projection.write_session(running)
        projection.write_issues(planned.uuid, planned.documents[half:])
        projection.write_session(planned.content)
    with engine.begin() as connection:
        write_queries(connection, history.queries)
    projection.refresh_statistics()


def as_a_load(engine: Engine, history: History) -> None:
    """From the folders, in no order: each session with its end first, its issues after."""
    projection = Projection(engine)
    for planned in random.Random(2).sample(history.sessions, len(history.sessions)):
        projection.write_session(planned.content)
        projection.write_issues(planned.uuid, planned.documents)
    with engine.begin() as connection:
        write_queries(connection, history.queries)
    projection.refresh_statistics()


def as_an_admin(engine: Engine, history: History) -> None:
    """By plain SQL, in no order, half of the sessions with their end first; nobody refreshes anything."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO ims.users (username) SELECT unnest(CAST(:names AS text[]))"), _names())
    for place, planned in enumerate(random.Random(3).sample(history.sessions, len(history.sessions))):
        with engine.begin() as connection:
            status = planned.content["status"]
            session_id = insert_session(connection, planned.content, status if place % 2 else "running")
            for document in planned.documents:
                insert_sighting(connection, session_id, document)
            connection.execute(
                text("UPDATE ims.crawl_sessions SET status = :status WHERE session_id = :id"),
                {"status": status, "id": session_id},
            )
    with engine.begin() as connection:
        write_queries(connection, history.queries)


def insert_session(connection: Connection, content: dict[str, Any], status: str) -> int:
    """A session and its query; returns its session_id."""
    session_id = connection.execute(
        text(
            """INSERT INTO ims.crawl_sessions (session_uuid, user_id, product, original_query, status, started_at,
                   duration_seconds, issues_crawled, attachments_downloaded)
               SELECT CAST(:session_uuid AS uuid), user_id, :product, :original_query, :now,
                   CAST(:started_at AS timestamptz), CAST(:duration_seconds AS numeric), :issues_crawled,
                   :attachments_downloaded
               FROM ims.users WHERE username = :username RETURNING session_id"""
        ),
        content | {"now": status},
    ).scalar_one()
    connection.execute(
        text(
            """INSERT INTO ims.search_queries (user_id, session_id, original_query, parsed_query, parsing_confidence)
               SELECT user_id, session_id, :original_query, :parsed_query, CAST(:parsing_confidence AS numeric)
               FROM ims.crawl_sessions WHERE session_id = :id"""
        ),
        content | {"id": session_id},
    )
    return int(session_id)


def insert_sighting(connection: Connection, session_id: int, document: dict[str, Any]) -> None:
    """An issue unless it is there, and that the session saw it."""
    seen = {
        "session_id": session_id, "moment": document["crawl"]["crawled_at"], "place": document["crawl"]["crawl_order"],
        **{name: document[name] for name in ("issue_id", "title", "product", "status")},
    }  # fmt: skip
    connection.execute(
        text(
            """INSERT INTO ims.issues AS i (issue_id, title, product, status, first_crawled_at, last_crawled_at)
               VALUES (:issue_id, :title, :product, :status, :moment, :moment)
               ON CONFLICT (issue_id) DO UPDATE SET
                   first_crawled_at = least(i.first_crawled_at, excluded.first_crawled_at),
                   last_crawled_at = greatest(i.last_crawled_at, excluded.last_crawled_at)"""
        ),
        seen,
    )
    connection.execute(
        text(
            """INSERT INTO ims.session_issues (session_id, issue_pk, created_at, crawl_order, product, status)
               SELECT :session_id, issue_pk, CAST(:moment AS timestamptz), :place, :product, :status
               FROM ims.issues WHERE issue_id = :issue_id"""
        ),
        seen,
    )


def write_queries(connection: Connection, queries: Iterable[dict[str, Any]]) -> None:
    """Queries without a session."""
    for query in queries:
        connection.execute(
            text(
                """INSERT INTO ims.search_queries (user_id, original_query, parsing_method, parsing_confidence,
                       synonym_expanded, results_count, queried_at)
                   SELECT user_id, :original_query, :parsing_method, CAST(:parsing_confidence AS numeric),
                       :synonym_expanded, :results_count, :queried_at
                   FROM ims.users WHERE username = :username"""
            ),
            query,
        )


def _names() -> dict[str, list[str]]:
    return {"names": list(USERS)}
