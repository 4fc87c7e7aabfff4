"""What a search counts is what it finds: totals, facets and the list agree, for any query over any few issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.agreement import database

WORDS = [
    *("메모리", "부족", "메모리부족", "서버가", "락", "timeout", "타임아웃", "タイムアウト", "error", "out", "of"),
    *("memory", "ORA-00600", "7.1", "17.1", "JEUS8", "the", "100", "101", "接続", "エラー", "cpu", "disk", "jeus"),
]  # fmt: skip
ISSUES = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
            "description": st.lists(st.sampled_from([*WORDS, "."]), max_size=6).map(" ".join),
            "product": st.sampled_from(["JEUS 7", "JEUS 8", "Tibero", None]),
            "status": st.sampled_from(["Open", "Closed", None]),
            "registered": st.sampled_from(
                [datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), None]
            ),
        }
    ),
    max_size=5,
)
TERMS = st.tuples(st.sampled_from(["", "", "", "+"]), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)).map(
    lambda term: term[0] + (term[1][0] if len(term[1]) == 1 else "'" + " ".join(term[1]) + "'")
)
QUERIES = st.lists(TERMS, min_size=1, max_size=5).map(" ".join) | st.sampled_from(
    ["100", " 101 ", "999", "of", "", "''"]
)
FILTERS = st.fixed_dictionaries(
    {
        "products": st.sampled_from([None, ["jeus"], ["JEUS 8", "tib"], ["none"]]),
        "statuses": st.sampled_from([None, ["open"], ["Open", "closed"]]),
        "since": st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC)]),
        "until": st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC)]),
    }
)
NO_FILTER: dict[str, Any] = dict.fromkeys(["products", "statuses", "since", "until"])
INSERT = text(
    "INSERT INTO ims.issues (issue_id, title, description, product, status, registered_date)"
    " VALUES (:number, :title, :description, :product, :status, :registered)"
)
RANKED = text(
    "SELECT i.issue_id, r.score, i.product, i.status,"
    " extract(year FROM i.registered_date AT TIME ZONE 'Asia/Seoul')::integer::text AS year"
    " FROM ims.search_ranked(:query, :most, :products, :statuses, :since, :until)"
    " WITH ORDINALITY AS r (issue_pk, score, place) JOIN ims.issues AS i USING (issue_pk) ORDER BY r.place"
)
FACETS = text("SELECT facet, value, issues FROM ims.search_facets(:query, :products, :statuses, :since, :until)")


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Connection]:
    """An empty archive in Seoul; what is written stays in the transaction."""
    with database(server, admin, undertaker, template) as engine:
        with engine.begin() as connection:
            connection.execute(text("SELECT ims.set_time_zone('Asia/Seoul')"))
        with engine.connect() as connection:
            yield connection


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(issues=ISSUES, query=QUERIES, filters=FILTERS)
@example(
    issues=[{"title": "jeus", "description": "", "product": None, "status": None, "registered": None}],
    query="a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 jeus",
    filters=NO_FILTER,
)
@example(
    issues=[{"title": "x", "description": "cpu disk", "product": "JEUS 7", "status": "Open", "registered": None}] * 3,
    query="100",
    filters=NO_FILTER | {"products": ["JEUS"]},
)
@pytest.mark.long
def test_totals_facets_and_the_list_agree(
    archive: Connection, issues: list[dict[str, Any]], query: str, filters: dict[str, Any]
) -> None:
    try:
        for number, issue in enumerate(issues, start=100):
            archive.execute(INSERT, issue | {"number": str(number)})
        archive.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        ranked = archive.execute(RANKED, filters | {"query": query, "most": 1000}).all()
        few = archive.execute(RANKED, filters | {"query": query, "most": 2}).all()
        facets = archive.execute(FACETS, filters | {"query": query}).all()
    finally:
        archive.rollback()
    counts = {name: Counter() for name in ("product", "status", "year")}  # type: dict[str, Counter[str | None]]
    for row in ranked:
        for name, counter in counts.items():
            counter[getattr(row, name)] += 1
    expected: dict[tuple[str, str | None], int] = {("total", None): len(ranked)}
    expected |= {(name, value): count for name, counter in counts.items() for value, count in counter.items()}
    assert {(facet, value): count for facet, value, count in facets} == expected
    assert len({row.issue_id for row in ranked}) == len(ranked)
    assert few == ranked[:2]
    assert [row.score for row in ranked] == sorted((row.score for row in ranked), reverse=True)
