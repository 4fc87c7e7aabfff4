"""Which issues point to which: chains, cycles, issues that only list themselves, and pointers to nowhere."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from ims_spiders.demo.world.model import Issue, PatchKey, Relation


def relate(rng: Random, issues: list[Issue], missing: list[int]) -> None:
    """Fill in the relation lists. `missing` are ids that the tracker will not show."""
    order = issues[:]
    rng.shuffle(order)
    count = len(order)
    cycles, chains = order[: count // 8], order[count // 8 : count // 3]
    for start in range(0, len(cycles) - 3, 4):
        ring = cycles[start : start + 4]
        for here, there in zip(ring, [*ring[1:], ring[0]], strict=True):
            _point(here, there.issue_id)
    for start in range(0, len(chains), 5):
        chain = chains[start : start + 5]
        for here, there in pairwise(chain):
            _point(here, there.issue_id)
            if rng.random() < 0.5:
                _point(there, here.issue_id)
    for issue in order[: count // 2 : 6]:
        _point(issue, rng.choice(missing))
    for issue in order[: count // 2]:
        if rng.random() < 0.75:
            issue.relations.insert(rng.randrange(len(issue.relations) + 1), Relation(issue.issue_id, "0"))
    for issue in order[: count // 3 : 11]:
        if issue.relations:
            issue.relations.append(issue.relations[0])


def _point(issue: Issue, other: int) -> None:
    if all(entry.issue_id != other for entry in issue.relations):
        issue.relations.append(Relation(other, f"1-{len(issue.relations) + 1}"))


def patch_lists(rng: Random, issues: list[Issue]) -> dict[PatchKey, list[int]]:
    """Patch lists of some projects: issues whose patches went to a site. Issues of other projects lose their link."""
    groups: dict[PatchKey, list[Issue]] = {}
    for issue in issues:
        if issue.patch_key is not None:
            groups.setdefault(issue.patch_key, []).append(issue)
    lists: dict[PatchKey, list[int]] = {}
    for number, (key, members) in enumerate(groups.items()):
        if number % 3:
            for issue in members:
                issue.patch_key = None
            continue
        related = {entry.issue_id for issue in members for entry in issue.relations}
        candidates = [issue.issue_id for issue in members if issue.issue_id not in related]
        strangers = [
            issue.issue_id for issue in rng.sample(issues, min(2, len(issues))) if issue.issue_id not in related
        ]
        drawn = [*rng.sample(candidates, min(2, len(candidates))), *strangers]
        lists[key] = sorted(set(drawn), reverse=True) if number % 12 else []
    return lists
