"""The whole invented world, and the ways in which it changes while a crawl is under way."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from ims_spiders.demo.markup import editor_text
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.activity import stamp
from ims_spiders.demo.world.files import FileStore
from ims_spiders.demo.world.issue import Numbers, draw_issue
from ims_spiders.demo.world.model import Comment, File, Image, Issue, PatchKey, Rich
from ims_spiders.demo.world.people import engineer
from ims_spiders.demo.world.relations import patch_lists, relate
from ims_spiders.demo.world.texts import batch, data, general, online
from ims_spiders.demo.world.texts.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (*online.SCENARIOS, *batch.SCENARIOS, *data.SCENARIOS, *general.SCENARIOS)
MOST_ISSUES = 200_000


class World:
    """Every issue of the demo tracker. The same seed and number of issues give the same world."""

    def __init__(self, issues: int, seed: int) -> None:
        if not 1 <= issues <= MOST_ISSUES:
            raise ValueError(f"issues must be between 1 and {MOST_ISSUES}, not {issues}")
        self._seed = f"world-{seed}"
        self._rng = Random(self._seed)
        self._next_comment, self._next_file = 2_000_000, 150_000
        self._file_places = count(1)
        self.files = FileStore()
        self.issues: dict[int, Issue] = {}
        self.unlisted: set[int] = set()
        """Issues that no search lists, although they are there."""
        self._words: dict[int, str] = {}
        self._file_index: dict[tuple[str, str], tuple[Issue, File]] = {}
        self._image_index: dict[str, Image] = {}
        self._fill(issues)

    def _fill(self, size: int) -> None:
        rng = self._rng
        small = min(size // 4, 60_000)
        ids = sorted(rng.sample(range(20_000, 99_999), small))
        ids += sorted(rng.sample(range(100_000, 348_500), size - small))
        deck: list[Scenario] = []
        first = datetime(2014, 1, 6, 9, 0, 0)  # noqa: DTZ001 - Korean local time, as printed
        step = timedelta(days=4300) / size
        for number, issue_id in enumerate(ids):
            if not deck:
                deck = [scenario for scenario in SCENARIOS for _ in range(scenario.weight)]
                rng.shuffle(deck)
            moment = (first + number * step).replace(microsecond=0) + timedelta(seconds=rng.randrange(3600))
            self._keep(draw_issue(self._seed, issue_id, moment, deck.pop(), self._numbers()))
        taken = set(ids)
        hidden = [number for number in rng.sample(range(30_000, 348_000), 40) if number not in taken]
        self.missing: dict[int, str | None] = {
            number: f"Confidential issue {number}" if place % 2 else None for place, number in enumerate(hidden)
        }
        everything = list(self.issues.values())
        relate(rng, everything, hidden)
        self.patches: dict[PatchKey, list[int]] = patch_lists(rng, everything)

    def _numbers(self) -> Numbers:
        return Numbers(self._comment_number, self.new_file_id, partial(next, self._file_places))

    def _comment_number(self) -> int:
        self._next_comment += self._rng.randrange(1, 90)
        return self._next_comment

    def new_file_id(self) -> str:
        """A number that no file has had yet."""
        self._next_file += self._rng.randrange(1, 30)
        return str(self._next_file)

    def _keep(self, issue: Issue) -> Issue:
        self.issues[issue.issue_id] = issue
        self.touch(issue)
        return issue

    def touch(self, issue: Issue) -> None:
        """Bring the indexes up to date after an issue was changed."""
        self._words[issue.issue_id] = issue.words()
        for file in issue.files:
            self._file_index[file.file_id, file.kind] = (issue, file)
        for _, image in issue.images():
            if image.path:
                self._image_index[image.path] = image

    def words(self, issue: Issue) -> str:
        """What the search looks at in an issue, case-folded."""
        return self._words[issue.issue_id]

    def newest_first(self) -> list[Issue]:
        """All issues in the order in which the tracker lists them; of a copy, because it may change meanwhile."""
        return [issue for _, issue in sorted(self.issues.copy().items(), reverse=True)]

    def file(self, file_id: str, kind: str) -> tuple[Issue, File] | None:
        """An attachment of that kind and the issue that it hangs on."""
        return self._file_index.get((file_id, kind))

    def image(self, path: str) -> Image | None:
        """The inline image at that path (with its query)."""
        return self._image_index.get(path)

    def insert(self, *, scenario: str = "tpetime", status: str = "Open") -> Issue:
        """A new issue at the top of every list. Raises KeyError for an unknown scenario, ValueError for a status."""
        chosen = {known.name: known for known in SCENARIOS}[scenario]
        if status not in catalog.STATUSES:
            raise ValueError(f"status must be one of {', '.join(catalog.STATUSES)}, not {status!r}")
        newest = self.issues[max(self.issues)]
        moment = newest.registered.moment + timedelta(minutes=self._rng.randrange(1, 60))
        issue_id = newest.issue_id + self._rng.randrange(1, 4)
        issue = draw_issue(self._seed, issue_id, moment, chosen, self._numbers())
        issue.status, issue.patch_key = status, None
        if "Status" in issue.fields:
            issue.fields["Status"] = status
        return self._keep(issue)

    def edit(self, issue_id: int, changes: dict[str, str]) -> Issue:
        """Change fields of an issue by their labels; a field that the page did not have is added.

        Raises KeyError when there is no such issue, ValueError for a label that is unknown or holds a person or date.
        """
        issue = self.issues[issue_id]
        for label, value in changes.items():
            if label not in catalog.EDITABLE:
                raise ValueError(f"{label!r} is no field that can be edited; those are {', '.join(catalog.EDITABLE)}")
            issue.fields[label] = value
            if label == "Subject":
                issue.subject = value
            elif label == "Status":
                issue.status = value
        self.touch(issue)
        return issue

    def comment(self, issue_id: int, words: str) -> int:
        """Add a comment to an issue, as its newest; returns its number. Raises KeyError when there is no such issue."""
        issue = self.issues[issue_id]
        body = Rich()
        body.add(f"<p>{editor_text(words)}</p>\n", " ".join(words.split()))
        number = self._comment_number()
        author = engineer(self._rng)
        issue.comments = [Comment(number, author, False, stamp(self._rng, issue, 2000), body), *issue.comments]
        self.touch(issue)
        return number

    def delete(self, issue_id: int) -> Issue:
        """Take an issue away with its files; other issues go on pointing to it. Raises KeyError when there is none.

        Its words stay: a search that is under way may still look at them.
        """
        issue = self.issues.pop(issue_id)
        for file in issue.files:
            self._file_index.pop((file.file_id, file.kind), None)
        return issue
