"""What a search page's address says, and addresses of searches that differ from it in something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from multidict import MultiMapping

from ims_spiders.db.rows import database_safe
from ims_spiders.web.render import link

LONGEST = 2000
MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class SearchForm:
    """A search as it was asked for. `problems` says what of it could not be understood, and was left out."""

    query: str = ""
    product: str = ""
    status: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    page: int = 1
    meaning: bool | None = None
    problems: tuple[str, ...] = ()

    @property
    def before(self) -> date | None:
        """The day after the last one."""
        return self.until + timedelta(days=1) if self.until and self.until < date.max else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.query or self.product or self.status or self.since or self.until)

    def link(self, **changes: Any) -> str:
        """The address of this search with some of its parameters changed (None leaves one out); its first page."""
        parameters = {
            "q": self.query, "product": self.product, "status": self.status, "since": self.since, "until": self.until,
            "meaning": None if self.meaning is None else int(self.meaning),
        }  # fmt: skip
        return link("/", parameters, **changes)


def search_form(given: MultiMapping[str]) -> SearchForm:
    """The search of an address' parameters."""
    problems: list[str] = []
    query = _text(given.get("q", ""))
    if len(query) > LONGEST:
        problems.append(f"The query has more than {LONGEST:,} characters; its beginning was searched for.")
    since, until = (_day(given.get(name, ""), problems) for name in ("since", "until"))
    if since and until and since > until:
        problems.append(f"{since} is after {until}: nothing can be of both.")
    status = tuple(dict.fromkeys(text for value in given.getall("status", []) if (text := _text(value))))
    number = given.get("page", "1")
    meaning = given.get("meaning")
    return SearchForm(
        query[:LONGEST], _text(given.get("product", ""))[:LONGEST], status[:MOST_VALUES], since, until,
        int(number) if number.isascii() and number.isdigit() and len(number) < 6 and int(number) else 1,
        None if meaning is None else meaning == "1", tuple(problems),
    )  # fmt: skip


def _text(value: str) -> str:
    return str(database_safe(value)).strip()


def _day(value: str, problems: list[str]) -> date | None:
    text = _text(value)
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        found = None
    if text and (found is None or found.isoformat() != text):
        problems.append(f"“{text[:40]}” is no day; it looks like 2026-03-01. It was left out.")
        return None
    return found
