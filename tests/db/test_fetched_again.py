"""An issue that one session fetched twice: the rows are those that a load from the session's file gives, which holds
the later copy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from ims_spiders.db.projection import Projection
from tests.db.factory import changed, issue, session, session_uuid
from tests.db.inspect_rows import dump, value

Copy = tuple[int, dict[str, Any]]

FIRST = issue(100, minutes=1)
SAME = changed(FIRST, 9, 1)
OTHER = changed(FIRST, 9, 1, status="Closed", comments=FIRST["comments"][:1])
LATER = changed(FIRST, 30, 2)
EARLIER = changed(FIRST, 0.5, 2)


def write(projection: Projection, copies: Sequence[Copy]) -> None:
    """Write sessions 1 and 2, and the copies in order."""
    for number in (1, 2):
        projection.write_session(session(number))
    for number, document in copies:
        assert not projection.write_issues(session_uuid(number), [document]).refused
    projection.refresh_statistics()


@pytest.mark.parametrize(
    ("written", "in_files"),
    [
        ([(1, FIRST), (1, SAME)], [(1, SAME)]),
        ([(1, FIRST), (1, OTHER)], [(1, OTHER)]),
        ([(1, FIRST), (1, SAME), (2, LATER)], [(1, SAME), (2, LATER)]),
        ([(2, EARLIER), (1, FIRST), (1, SAME)], [(1, SAME), (2, EARLIER)]),
        ([(1, FIRST), (1, SAME), (1, SAME), (1, FIRST)], [(1, SAME)]),
    ],
)
def test_fetching_again_leaves_what_a_load_gives(
    engine: Engine, projection: Projection, written: list[Copy], in_files: list[Copy]
) -> None:
    write(projection, written)
    found, new = dump(engine), value(engine, "SELECT sum(new_issues) FROM ims.analytics_daily")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ims.crawl_sessions; DELETE FROM ims.issues")
    write(projection, in_files)
    assert found == dump(engine)
    assert new == value(engine, "SELECT sum(new_issues) FROM ims.analytics_daily") == 1
