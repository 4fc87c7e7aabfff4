"""What happened to an issue after it was written: comments and history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random

from ims_spiders.demo.world import bodies
from ims_spiders.demo.world.model import Comment, HistoryRow, Issue, Rich, Stamp
from ims_spiders.demo.world.people import engineer
from ims_spiders.demo.world.texts import phrases
from ims_spiders.demo.world.texts.scenario import Scenario

_PATHS: dict[str, tuple[str, ...]] = {
    "New": ("New",),
    "Open": ("New", "Open"),
    "Assigned": ("New", "Open", "Assigned"),
    "Resolved": ("New", "Open", "Assigned", "Resolved"),
    "Approved": ("New", "Open", "Assigned", "Resolved", "Approved"),
    "Rejected": ("New", "Open", "Rejected"),
    "Postponed": ("New", "Assigned", "Postponed"),
    "Closed": ("New", "Open", "Assigned", "Resolved", "Closed"),
    "Closed_P": ("New", "Assigned", "Approved", "Closed_P"),
}


def stamp(rng: Random, issue: Issue, hours: int) -> Stamp:
    """A moment that many hours after the issue was registered, mostly in the usual shape."""
    moment = issue.registered.moment + timedelta(hours=hours, minutes=rng.randrange(60), seconds=rng.randrange(60))
    return Stamp(moment, rng.choice("///-."), with_time=rng.random() > 0.08)


def comments(
    rng: Random, issue: Issue, scenario: Scenario, words: dict[str, str], next_number: Callable[[], int]
) -> None:
    """Give the issue up to twelve comments, newest first."""
    drawn: list[Comment] = []
    hours = 1
    for _ in range(rng.choice((0, 0, 1, 1, 2, 2, 3, 4, 5, 7, 9, 12))):
        hours += rng.randrange(1, 40)
        number = next_number()
        body = _comment_body(rng, issue, scenario, words)
        drawn.append(Comment(number, engineer(rng), rng.random() < 0.15, stamp(rng, issue, hours), body))
    issue.comments = drawn[::-1]


def _comment_body(rng: Random, issue: Issue, scenario: Scenario, words: dict[str, str]) -> Rich:
    rich = Rich()
    language = rng.choice((issue.language, issue.language, "ko", "en", "ja"))
    telling = scenario.tellings[language]
    sentences = rng.choice((phrases.QUESTIONS[language], telling.causes, telling.fixes, telling.symptoms))
    bodies.paragraph(rich, rng, rng.choice(sentences).format_map(words))
    if rng.random() < 0.008:
        bodies.paragraph(rich, rng, phrases.CROSS_REFERENCE[language])
    kind = rng.randrange(10)
    if kind == 1 and issue.description.images and rng.random() < 0.3:
        bodies.same_image(rich, issue.description.images[0])
    elif kind == 0:
        bodies.trace(rich, [line.format_map(words) for line in scenario.trace])
    elif kind == 1:
        bodies.image(rich, rng, issue.issue_id, 100 + len(rich.fragments) + rng.randrange(800))
    elif kind == 2:
        bodies.quote(rich, issue.subject)
    elif kind == 3:
        bodies.table(rich, rng, language, words)
    elif kind == 4:
        rich.add("<div><p>&nbsp;</p><br/></div>\n")
        bodies.contact(rich, language, engineer(rng))
    if rng.random() < 0.5:
        bodies.paragraph(rich, rng, rng.choice(phrases.CLOSINGS[language]))
    return rich


def history(rng: Random, issue: Issue) -> None:
    """Give the issue its history, newest first: its way to the present status, assignments, free text."""
    rows: list[HistoryRow] = []

    def add(hours: int, details: str, kind: str = "update", *change: str) -> None:
        field_name, old, new = change or (None, None, None)
        moment = stamp(rng, issue, hours)
        rows.append(HistoryRow(moment, engineer(rng), rng.random() < 0.5, details, kind, field_name, old, new))

    path = _PATHS[issue.status]
    for step, (old, new) in enumerate(pairwise(path)):
        add(step * 30 + 2, f"Status : {old} → {new}", "status_change", "Status", old, new)
        if rng.random() < 0.4:
            label, before, after = rng.choice(("Handler", "Owner", "Manager")), engineer(rng).name, engineer(rng).name
            add(step * 30 + 3, f"{label} : {before} → {after}", "assignment", label, before, after)
    if rng.random() < 0.4:
        add(200, rng.choice(phrases.EVENTS))
    if rng.random() < 0.2:
        add(210, "Priority : Normal → High", "update", "Priority", "Normal", "High")
    if rng.random() < 0.1 and rows:
        rows.append(rows[-1])
    issue.history = rows[::-1] if rng.random() < 0.95 else []
