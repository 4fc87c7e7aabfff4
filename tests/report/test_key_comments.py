"""Which comments tell most."""

from __future__ import annotations

import pytest

from ims_spiders.report.key_comments import key_comments
from ims_spiders.report.model import Comment


def comments(*texts: str) -> list[Comment]:
    return [Comment(number, "somebody", None, text) for number, text in enumerate(texts, 1)]


def chosen(texts: list[str], words: list[str] | None = None, most: int = 3) -> list[int]:
    return [comment.number for comment in key_comments(comments(*texts), words or [], most)]


PADDING = "We are still waiting for the logs of yesterday."


@pytest.mark.parametrize(
    "telling",
    [
        "The root cause is a wrong lock order in the region.",
        "Fixed in the patch that is attached to this issue.",
        "원인은 잠금 순서이며 다음 패치에서 수정됩니다.",
        "原因はロックの順序です。次のパッチで修正します。",
    ],
)
def test_causes_and_remedies_come_first(telling: str) -> None:
    assert chosen([PADDING + "1", telling, PADDING + "2", PADDING + "3"], most=1) == [2]


def test_what_was_searched_for_and_the_last_word_count() -> None:
    texts = [PADDING + "1", "The TPETIME appears again and again.", PADDING + "2", PADDING + "3"]
    assert chosen(texts, ["tpetime"], most=1) == [4]
    assert chosen(texts, ["tpetime", "appears"], most=1) == [2]
    assert chosen(texts, ["tpetime"], most=2) == [2, 4]


def test_they_stay_in_order_without_empty_and_repeated_ones() -> None:
    assert chosen(["", PADDING, "Root cause: the patch was not applied.", PADDING, "ok"]) == [3, 4, 5]
    assert chosen([]) == []
