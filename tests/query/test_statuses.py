"""Statuses, and words that only look like one."""

from __future__ import annotations

import pytest

from ims_spiders.query import QueryReader
from ims_spiders.query.statuses import ALL
from tests.query.readings import TODAY

UNRESOLVED = "New,Open,Assigned,Postponed"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("unresolved crashes", UNRESOLVED),
        ("issues that are still open", UNRESOLVED),
        ("tickets which are not resolved", UNRESOLVED),
        ("closed or rejected JEUS issues", "Rejected,Closed,Closed_P"),
        ("issues about spool that were closed", "Closed,Closed_P"),
        ("status: Closed_P", "Closed_P"),
        ("not closed issues", ",".join(name for name in ALL if not name.startswith("Closed"))),
        ("해결되지 않은 이슈", UNRESOLVED),
        ("해결 안된 이슈", UNRESOLVED),
        ("처리 중인 이슈", UNRESOLVED),
        ("종결된 건", "Closed,Closed_P"),
        ("해결된 JEUS 이슈", "Resolved"),
        ("종료된 이슈를 제외한 데드락", ",".join(name for name in ALL if not name.startswith("Closed"))),
        ("未解決の課題", UNRESOLVED),
        ("まだ解決されていない課題", UNRESOLVED),
        ("クローズ済み以外の課題", ",".join(name for name in ALL if not name.startswith("Closed"))),
        ("オープンの課題", "Open"),
        ("差し戻された案件", "Rejected"),
    ],
)
def test_statuses(reader: QueryReader, text: str, status: str) -> None:
    assert ",".join(reader.read(text, TODAY).status) == status


@pytest.mark.parametrize(
    "text",
    [
        *(
            "connection closed by peer",
            "find unresolved external symbol",
            "find open file errors in spool",
            "the new parser",
        ),
        *(
            "비정상 종료된 이슈",
            "프로세스가 종료된 이슈",
            "세션이 종료된 문제",
            "해결 방법을 찾아줘",
            "異常終了した課題",
        ),
        *("강제 종료된 이슈", "find 'closed issues'", "resolved address of host"),
    ],
)
def test_no_status(reader: QueryReader, text: str) -> None:
    assert reader.read(text, TODAY).status == ()


def test_what_was_said_of_the_status_is_not_searched_for(reader: QueryReader) -> None:
    assert reader.read("issues about spool that were closed", TODAY).ims_query == "spool"
    assert reader.read("종료된 이슈를 제외한 데드락", TODAY).ims_query == "데드락"
    assert reader.read("クローズ済み以外のデッドロックの課題", TODAY).ims_query == "デッドロック"
