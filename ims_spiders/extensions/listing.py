"""What a complete search listed, kept as `listed.jsonl` in the session's folder and carried on from search to search.

The first line says what was asked; each further line names issues: those that were listed, by the time since when they
are known, and those that an earlier search listed, this one did not, and that are still to be asked for.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ims_spiders.db.durable import write_durably
from ims_spiders.db.files import SessionFolder
from ims_spiders.exceptions import IssueNotAvailable

logger = logging.getLogger(__name__)

NAME = "listed.jsonl"
VERSION = 2
KNOWN_VERSIONS = (1, 2)
"""The first knew no statuses and no days: its searches were for all of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a search asked, and as whom: another account may be shown other issues.

    `query` is what the tracker was given, not the sentence that said so: "last week" is another week next week. The
    days are ISO dates, `since` the first and `until` the one after the last.
    """

    base_url: str
    account: str | None
    product: str
    query: str
    statuses: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Since when an issue is known, and when the last search that listed it began."""

    since: str
    last_listed: str

    def is_over(self, issue_id: str, missed: Mapping[str, str]) -> bool:
        """Whether the tracker has said since that it does not have the issue."""
        return missed.get(issue_id, "") >= self.last_listed


@dataclass(slots=True)
class Listing:
    """One complete search: since when each issue that it `listed` is known, and what is still `unchecked`.

    `searched_at` is when it began: what happened to an issue while it went on came after.
    """

    question: Question
    searched_at: str
    listed: dict[str, str] = field(default_factory=dict)
    unchecked: dict[str, Sighting] = field(default_factory=dict)

    def followed_by(self, issue_ids: Iterable[str], searched_at: str, missed: Mapping[str, str]) -> Listing:
        """The listing of the next search for the same; `missed` is what `missed_issues` gives."""
        expected = dict(self.unchecked)
        expected.update((issue_id, Sighting(since, self.searched_at)) for issue_id, since in self.listed.items())
        listed = {one: expected[one].since if one in expected else searched_at for one in issue_ids}
        unchecked = {
            issue_id: sighting
            for issue_id, sighting in expected.items()
            if issue_id not in listed and not sighting.is_over(issue_id, missed)
        }
        return Listing(self.question, searched_at, listed, unchecked)

    def write(self, folder: SessionFolder) -> None:
        """Replace the session's listing. Raises StorageError."""
        head = {"schema": VERSION, **asdict(self.question), "searched_at": self.searched_at}
        listed, unchecked = defaultdict(list), defaultdict(list)
        for issue_id, since in self.listed.items():
            listed[since].append(issue_id)
        for issue_id, sighting in self.unchecked.items():
            unchecked[sighting].append(issue_id)
        lines = [
            head,
            *({"since": since, "listed": ids} for since, ids in listed.items()),
            *({**asdict(sighting), "unchecked": ids} for sighting, ids in unchecked.items()),
        ]
        write_durably(folder.path / NAME, b"".join(map(_line, lines)))


def newest_listing(data_dir: Path, question: Question) -> tuple[Listing, SessionFolder] | None:
    """The latest complete search for the same among all sessions, with the folder that holds it; None when none was.

    By the time of the search, not of the session: a session that was resumed has searched again.
    """
    found: list[tuple[str, Path]] = []
    for path in (data_dir / "sessions").glob(f"*/{NAME}"):
        head = _read_head(path)
        if head is not None and head[0] == question:
            found.append((head[1], path))
    for _, path in sorted(found, reverse=True):
        listing = _read(path)
        if listing is not None:
            return listing, SessionFolder(path.parent)
    return None


def missed_issues(*folders: SessionFolder) -> dict[str, str]:
    """The issues of which the tracker told those sessions that it does not have them, and when it last did."""
    missed: dict[str, str] = {}
    for entry in (entry for folder in folders for entry in folder.read_errors()):
        detail = entry.get("error_detail") or {}
        issue_id = detail.get("issue_id")
        if issue_id and detail.get("exception") == IssueNotAvailable.__name__:
            missed[issue_id] = max(missed.get(issue_id, ""), entry["occurred_at"])
    return missed


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _read_head(path: Path) -> tuple[Question, str] | None:
    """What a listing answers and when it was made, from its first line; None for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return _head(json.loads(file.readline()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is left out: %s", path, error)
        return None


def _head(values: dict[str, Any]) -> tuple[Question, str]:
    if values["schema"] not in KNOWN_VERSIONS:
        raise ValueError(f"version {values['schema']!r} is not known")
    asked = values["base_url"], values["account"], values["product"], values["query"]
    days = values.get("since"), values.get("until")
    question = Question(*asked, tuple(values.get("statuses") or ()), *days)
    return question, str(values["searched_at"])


def _read(path: Path) -> Listing | None:
    try:
        with path.open("rb") as file:
            listing = Listing(*_head(json.loads(file.readline())))
            for line in map(json.loads, file):
                if "listed" in line:
                    listing.listed.update(dict.fromkeys(line["listed"], line["since"]))
                else:
                    sighting = Sighting(line["since"], line["last_listed"])
                    listing.unchecked.update(dict.fromkeys(line["unchecked"], sighting))
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is left out: %s", path, error)
        return None
    return listing
