"""How sure a reading by rules is: it begins at 0.95, and every doubt takes its part."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

CERTAIN = 1.0
BY_RULES = 0.95
SURE_ENOUGH = 0.7
_LEAST = 0.05


class Doubt(Enum):
    """What makes a reading less sure: the part that is left of the confidence, and the reason in words."""

    SIDE_BY_SIDE = (0.95, "words side by side are taken as all needed")
    LIST = (0.9, "a list without and or or is taken as any of its parts")
    WORDS_AS_PHRASE = (0.9, "several words that are one of the choices are searched for as an exact phrase")
    MIXED = (0.7, "IMS cannot say and inside or: what one choice needs is needed by all")
    CHOICE_AND_MORE = (0.7, "IMS cannot say one of these and something else as well: the choice only helps")
    TWO_CHOICES = (0.6, "IMS cannot say one of these and one of those: any of all of them is enough")
    NEGATION = (0.7, "IMS cannot leave out what holds a word")
    FAILING = (0.9, "words that only say that something does not work are left out")
    MANY = (0.7, "more than five words that are all needed find little")
    VERY_MANY = (0.6, "more than ten words that are all needed find nothing as a rule")
    OPEN_QUOTE = (0.75, "a quote is never closed; the phrase is taken to go to the end")
    UNQUOTABLE = (0.9, "IMS cannot hold an apostrophe in a phrase; its words are taken one by one")
    SEVERAL_PRODUCTS = (0.9, "several products are named; any of them is taken")
    TIMES_APART = (0.6, "the times that are named have no day in common; the first is taken")
    WISH_ONLY = (0.7, "nothing but what is wanted to be known is named, and is searched for")
    NOTHING = (0.3, "nothing is left to search for, so this finds everything")

    @property
    def factor(self) -> float:
        """What is left of the confidence."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.value[1]


def confidence(doubts: Iterable[Doubt]) -> float:
    """0.95 times what each doubt leaves, each counted once; never less than 0.05."""
    result = BY_RULES
    for doubt in set(doubts):
        result *= doubt.factor
    return max(round(result, 2), _LEAST)
