"""What the rules make of a sentence, piece by piece, before it becomes a query."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a piece of a sentence does."""

    TERM = "term"  # is searched for
    AND = "and"
    OR = "or"
    LIST = "list"  # a comma: and or or, as the rest of the list says
    BREAK = "break"  # a preposition or case: what stands before and after are two things
    JOIN = "join"  # the things before and after are one
    STOP = "stop"  # the end of a sentence
    BOTH = "both"
    EITHER = "either"
    NOT = "not"
    EXACT_NEXT = "exact next"
    EXACT_LAST = "exact last"
    INTENT = "intent"  # what is wanted of a matter; the matter is searched for
    FILLER = "filler"  # a word about issues as such
    DROP = "drop"  # says nothing


class Kind(StrEnum):
    """What a term is made of."""

    WORD = "word"
    CODE = "code"
    NUMBER = "number"
    PHRASE = "phrase"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the sentence: its role, its text as it would be searched for, and where it stands."""

    role: Role
    text: str
    start: int
    end: int
    kind: Kind = Kind.WORD
    ahead: bool = False  # of BOTH, EITHER and NOT: they speak of what follows, not of what stood before
