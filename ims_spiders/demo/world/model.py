"""The shape of the demo's content: issues with everything that a page of the tracker can show of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

FileKind = Literal["ISSUE", "PATCH"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented; `spaced` decides how the parentheses around the address are set."""

    name: str
    email: str
    spaced: bool = True

    def printed(self) -> str:
        """As the tracker prints people."""
        return f"{self.name} ( {self.email} )" if self.spaced else f"{self.name} ( {self.email})"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment in Korean local time and the way in which the tracker prints it."""

    moment: datetime
    separator: str = "/"
    with_time: bool = True

    def printed(self) -> str:
        """The date in one of the tracker's shapes."""
        day = self.moment.strftime("%Y{0}%m{0}%d").format(self.separator)
        return f"{day} {self.moment:%H:%M:%S}" if self.with_time else day

    def iso(self) -> str:
        """What the printed form says, as ISO 8601 with the offset of Korea."""
        shown = self.moment if self.with_time else self.moment.replace(hour=0, minute=0, second=0)
        return shown.strftime("%Y-%m-%dT%H:%M:%S") + "+09:00"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the tracker's list."""

    code: str
    name: str
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """An inline image: `src` as it stands in the HTML, `path` on the server (empty for data: images)."""

    src: str
    path: str
    seed: str


@dataclass(slots=True)
class Rich:
    """A body from the rich-text editor: its HTML and the texts that must come out of it, in order."""

    html: str = ""
    fragments: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    foreign_images: list[str] = field(default_factory=list)

    def add(self, html: str, *fragments: str) -> None:
        """Append a piece of HTML with the texts in it."""
        self.html += html
        self.fragments.extend(fragments)

    def text(self) -> str:
        """All the words, for the search."""
        return " ".join(self.fragments)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment. Its bytes are made when they are first asked for, from `recipe` and `seed`."""

    file_id: str
    kind: FileKind
    filename: str
    recipe: str
    seed: str
    topic: tuple[str, ...] = ()


@dataclass(slots=True)
class Comment:
    """One "action" of an issue."""

    number: int
    author: Person
    shows_mail: bool
    stamp: Stamp
    body: Rich


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of the history. The change's parts are None where the details are free text."""

    stamp: Stamp
    person: Person
    shows_mail: bool
    details: str
    change_type: str = "update"
    field_name: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """An entry of the relation list: another issue, or the one whose list it is."""

    issue_id: int
    hierarchy: str


@dataclass(frozen=True, slots=True)
class PatchKey:
    """The five arguments of a patch list."""

    project_code: str
    site_code: str
    product_code: str
    project_name: str
    site_name: str


Value = str | Person | Stamp


@dataclass(slots=True)
class Issue:
    """One issue. `fields` holds label and value of what its page prints, in the order in which it prints them."""

    issue_id: int
    subject: str
    product: Product
    status: str
    registered: Stamp
    language: str
    scenario: str
    fields: dict[str, Value] = field(default_factory=dict)
    description: Rich = field(default_factory=Rich)
    comments: list[Comment] = field(default_factory=list)
    history: list[HistoryRow] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    patch_key: PatchKey | None = None
    opens_with_heading: bool = False

    def words(self) -> str:
        """What the tracker's search looks at, ready for a comparison without case; a line a field."""
        bodies = (comment.body.text() for comment in self.comments)
        return "\n".join([self.subject, self.description.text(), *bodies]).casefold()

    def images(self) -> list[tuple[str, Image]]:
        """The inline images with where they stand: `description` or `comment:<number>`."""
        found = [("description", image) for image in self.description.images]
        for comment in self.comments:
            found += [(f"comment:{comment.number}", image) for image in comment.body.images]
        return found
