"""Refreshing gives the figures back, whatever happened to them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.load import load
from ims_spiders.db.refresh import Refreshed, refresh
from tests.db.factory import folder, issue, session
from tests.db.inspect_rows import rows, value

STATISTICS = ("analytics_daily", "analytics_monthly")


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Engine:
    """Sessions on 1 March, 2 March and 1 April 2026."""
    for number, minutes in ((1, 0), (2, 1440), (3, 31 * 1440)):
        folder(tmp_path, session(number, minutes), [issue(number, minutes, number)])
    load(engine, tmp_path)
    return engine


def figures(engine: Engine, table: str) -> list[Any]:
    statement = f"SELECT (to_jsonb(t) - 'stat_id' - 'created_at')::text FROM ims.{table} t ORDER BY 1"
    return [row[0] for row in rows(engine, statement)]


def forget(engine: Engine) -> dict[str, list[Any]]:
    """What the tables held before they were emptied."""
    before = {table: figures(engine, table) for table in STATISTICS}
    with engine.begin() as connection:
        for table in STATISTICS:
            connection.execute(text(f"DELETE FROM ims.{table}"))
    return before


def test_everything_comes_back(archive: Engine) -> None:
    before = forget(archive)
    assert [len(found) for found in before.values()] == [3, 2]
    told: list[tuple[str, int, int]] = []
    done = refresh(archive, everything=True, progress=lambda *call: told.append(call))
    assert done.days == {"2026-03-01": 1, "2026-03-02": 1, "2026-04-01": 1}
    assert done.months == {"2026-03": 1, "2026-04": 1}
    assert told == [*(("days", n, 3) for n in (1, 2, 3)), *(("months", n, 2) for n in (1, 2))]
    assert {table: figures(archive, table) for table in STATISTICS} == before


def test_one_day_and_one_month(archive: Engine) -> None:
    before = forget(archive)
    done = refresh(archive, [date(2026, 3, 2)], [date(2026, 4, 1)])
    assert done == Refreshed(0, {"2026-03-02": 1}, {"2026-04": 1})
    assert figures(archive, "analytics_daily") == before["analytics_daily"][1:2]
    assert figures(archive, "analytics_monthly") == before["analytics_monthly"][1:]


def test_figures_without_a_session_go(archive: Engine) -> None:
    with archive.begin() as connection:
        connection.execute(
            text("INSERT INTO ims.analytics_daily (user_id, stat_date) SELECT user_id, '2020-01-01' FROM ims.users")
        )
    assert refresh(archive, everything=True).days["2020-01-01"] == 0
    assert value(archive, "SELECT count(*) FROM ims.analytics_daily WHERE stat_date = '2020-01-01'") == 0


def test_what_is_pending_and_the_views(archive: Engine) -> None:
    assert value(archive, "SELECT count(*) FROM ims.mv_daily_session_summary") == 0
    with archive.begin() as connection:
        connection.execute(
            text("INSERT INTO ims_private.statistics_pending SELECT user_id, '2026-03-01' FROM ims.users")
        )
    assert refresh(archive) == Refreshed(pending=1)
    assert value(archive, "SELECT count(*) FROM ims.mv_daily_session_summary") == 3
