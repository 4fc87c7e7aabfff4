"""What an IMS query says, as a tree: its terms in order, each with the spelling that it had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PlusPlace = Literal["", "outside", "inside"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word. Any one word of a query is enough, unless something is required."""

    text: str
    required: bool = False
    gap: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.gap}{'+' if self.required else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Number:
    """A bare number: the issue of that number. Its digits are kept as they are written."""

    text: str
    gap: str = field(default="", compare=False)
    required: Literal[False] = field(default=False, init=False)

    def __str__(self) -> str:
        return f"{self.gap}{self.text}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand so, one after the other. The plus of a required one stands before or after the quote."""

    text: str
    plus: PlusPlace = ""
    closed: bool = field(default=True, compare=False)
    gap: str = field(default="", compare=False)

    @property
    def required(self) -> bool:
        """Whether it carries a plus, wherever that stands."""
        return self.plus != ""

    def __str__(self) -> str:
        outside, inside = ("+" if self.plus == place else "" for place in ("outside", "inside"))
        return f"{self.gap}{outside}'{inside}{self.text}{self.closing}"

    @property
    def closing(self) -> str:
        """The quote at its end; one that was never closed has none."""
        return "'" if self.closed else ""


Term = Word | Number | Phrase


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. Printing it gives the text that it was parsed from, to the last blank."""

    terms: tuple[Term, ...] = ()
    tail: str = field(default="", compare=False)

    def __str__(self) -> str:
        return "".join(map(str, self.terms)) + self.tail

    @property
    def required(self) -> tuple[Term, ...]:
        """What every hit must hold."""
        return tuple(term for term in self.terms if term.required)

    @property
    def optional(self) -> tuple[Term, ...]:
        """Of what one is enough, and which decide nothing when something is required."""
        return tuple(term for term in self.terms if not term.required)
