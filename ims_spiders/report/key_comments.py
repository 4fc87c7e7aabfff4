"""Which comments of an issue tell most: those that name a cause or a remedy, speak of what was asked, or came last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ims_spiders.report.model import Comment

MOST = 3
SHORT = 20
"""Letters below which a comment says little: thanks, done, +1."""
_TELLING = re.compile(
    r"\b(?:root cause|caused? by|because|due to|work-?around|fix(?:ed|es)?|patch(?:ed)?|resolv\w+|solution)\b"
    r"|\breproduc\w+"
    "|원인|때문|우회|해결|수정|패치|조치|재현"
    "|原因|ため|回避|解決|修正|パッチ|対応|対策|再現",
    re.IGNORECASE,
)


def key_comments(comments: Sequence[Comment], words: Sequence[str] = (), most: int = MOST) -> tuple[Comment, ...]:
    """At most `most` of the comments, in their order; `words` are what was searched for.

    Empty ones are none, and of equal ones the last is taken.
    """
    last = {comment.text: place for place, comment in enumerate(comments) if comment.text}
    told = [comments[place] for place in sorted(last.values())]
    sought = [word.casefold() for word in words if word]
    places = sorted(range(len(told)), key=lambda place: (-_weight(told, place, sought), -place))
    return tuple(told[place] for place in sorted(places[:most]))


def _weight(comments: Sequence[Comment], place: int, sought: Sequence[str]) -> int:
    """How much a comment tells; the last one is where matters stand."""
    text = comments[place].text
    folded = text.casefold()
    telling = len({found.casefold() for found in _TELLING.findall(text)})
    asked = sum(word in folded for word in sought)
    last = 2 if place == len(comments) - 1 else 0
    return 3 * min(telling, 3) + 2 * min(asked, 3) + last - (3 if len(text) < SHORT else 0)
