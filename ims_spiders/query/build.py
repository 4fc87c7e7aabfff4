"""Clauses to an IMS query: what it can say is said, what it cannot is said as well as it can, with a doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ims_spiders.query.clauses import Clause, Group
from ims_spiders.query.doubts import Doubt
from ims_spiders.query.grammar import OTHER_QUOTES, quotable, spaced, writable
from ims_spiders.query.tokens import Kind, Token
from ims_spiders.query.tree import Number, Phrase, Query, Term, Word

_ISSUE_NUMBER = re.compile(r"[0-9]{5,6}")
_MANY, _VERY_MANY = 5, 10


@dataclass(slots=True)
class Built:
    """The query, what is doubtful about it, and the words that are not wanted."""

    query: Query = field(default_factory=Query)
    doubts: list[Doubt] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


def build(clauses: list[Clause], text: str, issues: frozenset[int]) -> Built:
    """The query of these clauses of the text. `issues` are the places of numbers that are said to be issues'."""
    return _Builder(text, issues).build(clauses)


class _Builder:
    def __init__(self, text: str, issues: frozenset[int]) -> None:
        self._text = text
        self._issues = issues
        self._required: list[Term] = []
        self._optional: list[Term] = []
        self._numbers: list[Term] = []
        self._built = Built()

    def build(self, clauses: list[Clause]) -> Built:
        wanted = [clause for clause in clauses if not clause.excluded]
        for clause in clauses:
            if clause.excluded:
                self._built.excluded += [self._shown(group) for group in clause.groups]
                self._doubt(Doubt.NEGATION)
        wanted = [part for clause in wanted for part in _parted(clause)]
        choices = [clause for clause in wanted if len(clause.alternatives()) > 1]
        sole = len(wanted) == 1 and len(wanted[0].groups) == 1 and len(wanted[0].groups[0].terms) == 1
        for clause in wanted:
            if clause in choices:
                self._add_choice(clause, sole=sole)
            else:
                self._add_all(clause.groups, sole=sole)
        self._judge(wanted, choices)
        self._built.query = spaced(self._ordered())
        return self._built

    def _doubt(self, doubt: Doubt) -> None:
        self._built.doubts.append(doubt)

    def _add_all(self, groups: list[Group], *, sole: bool) -> None:
        for group in groups:
            if group.exact and self._is_long(group):
                self._required += self._phrase(group) or self._each(group.terms)
                continue
            for token in group.terms:
                if self._is_issue(token, sole=sole):
                    self._numbers.append(Number(token.text))
                else:
                    self._required += self._term(token, required=True)

    def _is_long(self, group: Group) -> bool:
        """Whether a phrase of it is more than its only term."""
        return len(group.terms) > 1 or (not _has_quotes(group.terms[0]) and self._shown(group) != group.terms[0].text)

    def _each(self, tokens: list[Token]) -> list[Term]:
        return [term for token in tokens for term in self._term(token, required=True)]

    def _add_choice(self, clause: Clause, *, sole: bool) -> None:
        for alternative in clause.alternatives():
            if len(alternative) > 1:
                self._add_all(alternative, sole=sole)
                self._doubt(Doubt.MIXED)
                continue
            group = alternative[0]
            if len(group.terms) == 1:
                token = group.terms[0]
                issue = self._is_issue(token, sole=True)
                self._optional += [Number(token.text)] if issue else self._term(token, required=False)
            else:
                phrase = self._phrase(group, required=False)
                self._optional += phrase or [
                    term for token in group.terms for term in self._term(token, required=False)
                ]
                if not group.exact:
                    self._doubt(Doubt.WORDS_AS_PHRASE)
        if clause.lists_only:
            self._doubt(Doubt.LIST)

    def _phrase(self, group: Group, *, required: bool = True) -> list[Term]:
        text = self._shown(group)
        if not quotable(text):
            self._doubt(Doubt.UNQUOTABLE)
            return []
        return [Phrase(text, "outside" if required else "")]

    def _shown(self, group: Group) -> str:
        """The words as they stand in the sentence, the phrase in them without its quotes."""
        first, last = group.terms[0], group.terms[-1]
        if any(_has_quotes(token) for token in group.terms):
            return " ".join(token.text for token in group.terms)
        start = first.start if group.begin is None else group.begin
        return " ".join((self._text[start : last.start] + last.text).split())

    def _term(self, token: Token, *, required: bool) -> list[Term]:
        if token.kind is Kind.PHRASE:
            return self._quoted(token.text, required=required)
        if required:
            return [Word(token.text, required=True)]
        return [Word(token.text)] if writable(token.text) else self._quoted(token.text, required=False)

    def _quoted(self, text: str, *, required: bool) -> list[Term]:
        """A phrase; where IMS cannot quote it, its words."""
        if quotable(text):
            return [Phrase(text, "outside" if required else "")]
        self._doubt(Doubt.UNQUOTABLE)
        # A word with other quotes in it would be read as a sentence's.
        words = [word.strip("'").lstrip("+'") for word in OTHER_QUOTES.sub(" ", text).split()]
        return [Word(word, required=required or not writable(word)) for word in words if word]

    def _is_issue(self, token: Token, *, sole: bool) -> bool:
        if token.kind is not Kind.NUMBER or not _ISSUE_NUMBER.fullmatch(token.text):
            return False
        return sole or token.start in self._issues

    def _judge(self, wanted: list[Clause], choices: list[Clause]) -> None:
        terms = [token for clause in wanted for group in clause.groups for token in group.terms]
        if len(choices) > 1:
            self._doubt(Doubt.TWO_CHOICES)
        elif choices and len(wanted) > 1:
            self._doubt(Doubt.CHOICE_AND_MORE)
        if not choices and any(
            len(group.terms) > 1 and not group.exact for clause in wanted for group in clause.groups
        ):
            self._doubt(Doubt.SIDE_BY_SIDE)
        if len(self._required) > _VERY_MANY:
            self._doubt(Doubt.VERY_MANY)
        if len(self._required) > _MANY:
            self._doubt(Doubt.MANY)
        if not terms:
            self._doubt(Doubt.NOTHING)

    def _ordered(self) -> list[Term]:
        """Required first, each once; one term alone needs no plus."""
        found: dict[tuple[str, str], Term] = {}
        for term in (*self._numbers, *self._required, *self._optional):
            found.setdefault((type(term).__name__, term.text.casefold()), term)
        terms = list(found.values())
        if len(terms) == 1 and not isinstance(terms[0], Number):
            return [self._without_plus(terms[0])]
        return terms

    @staticmethod
    def _without_plus(term: Term) -> Term:
        if isinstance(term, Phrase):
            return Phrase(term.text)
        if writable(term.text):
            return Word(term.text)
        return Phrase(term.text) if quotable(term.text) else term


def _has_quotes(token: Token) -> bool:
    """Whether it stood in quotes, which are no part of a phrase."""
    return token.kind is Kind.PHRASE and token.end - token.start != len(token.text)


def _parted(clause: Clause) -> list[Clause]:
    """A choice of numbers or codes after words (error 35 or 39) as those words, and the choice."""
    alternatives = clause.alternatives()
    first = clause.groups[0] if clause.groups else Group()
    alone = [groups[0].terms[0].kind for groups in alternatives[1:] if len(groups) == 1 and len(groups[0].terms) == 1]
    kind = first.terms[-1].kind if first.terms else Kind.WORD
    parts = len(alternatives) > 1 and len(alternatives[0]) == 1 and len(first.terms) > 1 and not first.exact
    if not parts or kind not in {Kind.CODE, Kind.NUMBER} or alone != [kind] * (len(alternatives) - 1):
        return [clause]
    words, choice = Group(first.terms[:-1]), Group(first.terms[-1:])
    return [Clause([words]), Clause([choice, *clause.groups[1:]], force=clause.force, opened=clause.opened)]
