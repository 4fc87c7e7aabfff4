"""Issues in three languages, and searches of an archive that has them as vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.projection import Projection
from ims_spiders.items import Comment
from ims_spiders.query import QueryReader
from ims_spiders.search import SearchResult, find
from ims_spiders.search.meaning_endpoint import Embedder
from ims_spiders.search.meaning_refresh import MeaningRefreshed, refresh_meaning
from tests.conftest import database_engine
from tests.db.catalogue import superuser
from tests.db.factory import START, at, issue, session, session_uuid
from tests.search.embedding_server import EmbeddingServer

MODEL = "small"
TODAY = date(2026, 3, 1)


@contextmanager
def copied(server: EmbeddedServer, template: str, name: str) -> Iterator[Engine]:
    """An empty archive for as long as the block runs, for several tests to share."""
    administrator = superuser(server, "postgres", autocommit=True)
    with administrator.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER ims_owner TEMPLATE {template}"))
    engine = database_engine(server, name)
    yield engine
    engine.dispose()
    with administrator.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administrator.dispose()


def document(number: int, title: str, product: str, description: str, **more: Any) -> dict[str, Any]:
    """An issue as the crawl writes it, without comments unless some are given."""
    details = {"comments": [], "history": [], "attachments": [], "status": "Open"} | more
    return issue(number, title=title, product=product, description=description, **details)


def comments(*contents: str) -> list[Comment]:
    """Comments, numbered from 7001 on."""
    return [Comment(7000 + n, "민사혁", None, at(n), content, content) for n, content in enumerate(contents, 1)]


ISSUES = [
    document(1, "Server freezes at month end", "JEUS", "Since Monday nothing comes back."),
    document(2, "배치 처리 후 메모리 부족", "OpenFrame", "야간 작업에서 발생합니다."),
    document(3, "ログインできない", "Tibero", "昨日からです。", status="Closed"),
    document(
        4, "ORA-00600 during export", "Tibero", "An internal error.", comments=comments("Which one?", "画面が固まる")
    ),
    document(5, "Report has its clock ahead", "JEUS", "The last line.", registered_date=START),
]


def stored(engine: Engine, *documents: dict[str, Any]) -> None:
    """Have the archive hold these issues."""
    projection = Projection(engine)
    projection.write_session(session())
    assert projection.write_issues(session_uuid(), list(documents)).refused == []


def refreshed(engine: Engine, endpoint: EmbeddingServer, model: str = MODEL, **more: Any) -> MeaningRefreshed:
    """The vectors brought up to date."""
    return refresh_meaning(engine, Embedder(endpoint.url, model), **more)


@cache
def reader() -> QueryReader:
    """One for all: making it loads the words, reading changes nothing."""
    return QueryReader()


def searched(engine: Engine, endpoint: EmbeddingServer | None, query: str, **more: Any) -> SearchResult:
    """What is found, by meaning as well when there is an endpoint; `model` and `timeout` are its, the rest find()'s."""
    model, timeout = more.pop("model", MODEL), more.pop("timeout", 5.0)
    embedder = Embedder(endpoint.url, model, None, timeout) if endpoint else None
    with engine.connect() as connection:
        return find(connection, query, reader=reader(), today=TODAY, embedder=embedder, **more)


def numbers(result: SearchResult) -> list[str]:
    """The issues' numbers, best first."""
    return [hit.issue_id for hit in result.hits]
