"""What the archive says of itself, table by table and view by view, against the plain recount."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer
from tests.conftest import database_engine
from tests.db import recount
from tests.db.inspect_rows import rows
from tests.db.recount import Archive, Figures

_names = count(1)
_LEFT_OUT = {"stat_id", "created_at"}

SOURCES: dict[str, tuple[str, tuple[str, ...], Callable[[Archive], Figures]]] = {
    "analytics_daily": ("ims.analytics_daily", ("user_id", "stat_date"), recount.daily),
    "analytics_monthly": ("ims.analytics_monthly", ("user_id", "year", "month"), recount.monthly),
    "mv_daily_session_summary": ("ims.mv_daily_session_summary", ("stat_date", "user_id"), recount.session_summary),
    "mv_issue_trends": ("ims.mv_issue_trends", ("month", "product"), recount.issue_trends),
    "get_user_stats": (
        "(SELECT s.* FROM ims.users u, ims.get_user_stats(u.user_id) s) AS all_users", ("user_id",), recount.user_stats
    ),
    "v_user_dashboard": ("ims.v_user_dashboard", ("user_id",), recount.user_stats),
    "v_product_stats": ("ims.v_product_stats", ("product",), recount.product_stats),
    "v_issue_search": ("ims.v_issue_search", ("issue_id",), recount.issue_counts),
    "v_session_detail": ("ims.v_session_detail", ("session_id",), recount.session_details),
}  # fmt: skip
"""By name: what to read, its key, and the recount. A view may have more columns than are counted again."""
KEPT_BY_TRIGGERS = ("analytics_daily", "analytics_monthly")
REFRESHED = ("mv_daily_session_summary", "mv_issue_trends")


def figures(engine: Engine, name: str) -> Figures:
    """What the archive says, by key."""
    source, key, _ = SOURCES[name]
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(text(f"SELECT * FROM {source}")).mappings()]
    return {
        tuple(row[part] for part in key): {
            column: entry for column, entry in row.items() if column not in (*key, *_LEFT_OUT)
        }
        for row in found
    }


def assert_figures_agree(engine: Engine, names: tuple[str, ...] = tuple(SOURCES)) -> None:
    """Each row and each column that is counted again is the same, and there is no other row."""
    archive = Archive.read(engine)
    for name in names:
        expected, found = SOURCES[name][2](archive), figures(engine, name)
        assert found.keys() == expected.keys(), name
        for key, counted in expected.items():
            kept = {column: found[key][column] for column in counted}
            assert kept == counted, (name, key)


def assert_everything_agrees(engine: Engine) -> None:
    """All of it, after the materialized views were refreshed."""
    call(engine, "refresh_materialized_views()")
    assert_figures_agree(engine)
    assert sorted(rows(engine, "SELECT * FROM ims.v_recent_activity"), key=repr) == recount.recent_activity(
        Archive.read(engine)
    )


def aggregate_all(engine: Engine) -> None:
    """Every day and month from before the first session to after the last one, worked out again."""
    call(
        engine,
        "aggregate_daily_stats(day::date) FROM generate_series('2025-12-25'::date, '2026-04-05', '1 day') AS day",
    )
    call(engine, "aggregate_monthly_stats(2026 + m / 12, m % 12 + 1) FROM generate_series(-1, 4) AS m WHERE m >= 0")
    call(engine, "aggregate_monthly_stats(2025, 12)")


def statistics(engine: Engine) -> list[str]:
    """The rows of both tables as text, whole."""
    tables = ("analytics_daily", "analytics_monthly")
    return [
        str(row[0]) for name in tables for row in rows(engine, f"SELECT t::text FROM ims.{name} t ORDER BY stat_id")
    ]


def call(engine: Engine, expression: str, **parameters: Any) -> list[Any]:
    """Call a function as the owner does; returns its results."""
    with engine.begin() as connection:
        return list(connection.execute(text(f"SELECT ims.{expression}"), parameters).scalars())


@contextmanager
def database(server: EmbeddedServer, admin: Engine, undertaker: Engine, template: str) -> Iterator[Engine]:
    """A database of its own, made from another one."""
    name = f"history_{next(_names)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine = database_engine(server, name)
    try:
        yield engine
    finally:
        engine.dispose()
        with undertaker.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
