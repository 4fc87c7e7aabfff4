"""When the list of results says that an issue was registered."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ims_spiders.pages.search import SearchHit

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("cells", "issued"),
    [
        ({"No": "1", "Issued Date": "2025/10/17"}, datetime(2025, 10, 17, tzinfo=SEOUL)),
        ({"ISSUED DATE :": "2025-10-17 18:12"}, datetime(2025, 10, 17, 18, 12, tzinfo=SEOUL)),
        ({"Registered date": "2025.10.17"}, datetime(2025, 10, 17, tzinfo=SEOUL)),
        ({"Closed Date": "2025/10/17"}, None),
        ({"Issued Date": ""}, None),
        ({"Issued Date": "17 Oct"}, None),
        ({}, None),
    ],
)
def test_when_an_issue_was_registered(cells: dict[str, str], issued: datetime | None) -> None:
    assert SearchHit("348115", cells).issued(SEOUL) == issued
