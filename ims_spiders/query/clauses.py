"""Tokens to clauses: what stands side by side, what is joined by and, by or, and what is not wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ims_spiders.query.tokens import Role, Token


@dataclass(slots=True)
class Group:
    """Words that stand side by side."""

    terms: list[Token] = field(default_factory=list)
    link: Role | None = None  # how it is joined to the group before it: AND, OR or LIST
    exact: bool = False
    begin: int | None = None  # of an exact one that a marker opened: where the marker ended


@dataclass(slots=True)
class Clause:
    """Groups that and, or and commas join. `force` is what `both` and `either` say of them."""

    groups: list[Group] = field(default_factory=list)
    force: Role | None = None
    opened: bool = False  # by a preposition
    excluded: bool = False

    def alternatives(self) -> list[list[Group]]:
        """Of these one is enough; within one all are needed."""
        found: list[list[Group]] = []
        for group in self.groups:
            if found and self.link(group) is not Role.OR:
                found[-1].append(group)
            else:
                found.append([group])
        return found

    def link(self, group: Group) -> Role:
        """And or or: a comma is what the rest of the list says, and or where it says nothing."""
        if self.force is not None:
            return Role.OR if self.force is Role.EITHER else Role.AND
        if group.link is not Role.LIST:
            return group.link or Role.AND
        said = {other.link for other in self.groups} - {Role.LIST, None}
        if said:
            return Role.OR if said == {Role.OR} else Role.AND
        return Role.AND if self.opened else Role.OR

    @property
    def lists_only(self) -> bool:
        """Whether nothing but commas say how its groups belong together."""
        links = {group.link for group in self.groups[1:]}
        return links == {Role.LIST} and self.force is None


class ClauseBuilder:
    """Takes the tokens of a sentence in order. `clauses` holds what came of them."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self._clause = Clause()
        self._group = Group()
        self._pending: Role | None = None
        self._negated = False

    def add_all(self, tokens: Iterable[Token]) -> list[Clause]:
        """The clauses of these tokens."""
        for token in tokens:
            self._add(token)
        self._end_clause()
        return self.clauses

    def _add(self, token: Token) -> None:
        match token.role:
            case Role.TERM:
                self._add_term(token)
            case Role.AND | Role.OR | Role.LIST:
                self._add_link(token.role)
            case Role.BREAK:
                self._add_break()
            case Role.STOP:
                self._end_clause()
                self._negated = False
            case Role.BOTH | Role.EITHER:
                self._add_force(token)
            case Role.NOT:
                self._add_negation(token)
            case Role.EXACT_NEXT:
                self._end_group()
                self._group = Group(exact=True, begin=token.end)
            case Role.EXACT_LAST:
                self._make_exact()

    def _add_term(self, token: Token) -> None:
        if not self._group.terms:
            self._group.link, self._pending = self._pending, None
        self._group.terms.append(token)

    def _add_link(self, role: Role) -> None:
        self._end_group()
        if not self._clause.groups and self.clauses and not self._negated and role is not Role.LIST:
            self._clause = self.clauses.pop()
        if self._clause.groups and (self._pending in {None, Role.LIST}):
            self._pending = role
        if self._negated and role is not Role.LIST:
            self._end_clause()
            self._negated = False

    def _add_break(self) -> None:
        self._end_group()
        if self._pending is None and not self._group.exact:
            self._end_clause()
            self._clause.opened = True

    def _add_force(self, token: Token) -> None:
        if token.ahead:
            self._end_clause()
            self._clause.force = token.role
            return
        self._end_group()
        target = self._clause if self._clause.groups or not self.clauses else self.clauses[-1]
        target.force = token.role

    def _add_negation(self, token: Token) -> None:
        if token.ahead:
            self._pending = None
            self._end_clause()
            self._negated = self._clause.excluded = True
            return
        self._end_group()
        if not self._clause.groups:
            if self.clauses:
                self.clauses[-1].excluded = True
            return
        if len(self._clause.groups) > 1:
            self._clause.excluded = True
        else:
            self._exclude_last_term()
        self._end_clause()

    def _exclude_last_term(self) -> None:
        """Of words side by side only the one before the negation is meant."""
        group = self._clause.groups[-1]
        last = group.terms.pop()
        if not group.terms:
            self._clause.groups.pop()
        self._end_clause()
        self._clause.excluded = True
        self._clause.groups.append(Group([last]))

    def _make_exact(self) -> None:
        """All that was said before, back to an and, an or or a comma, is one phrase."""
        self._end_group()
        if len(self._clause.groups) > 1:
            self._clause.groups[-1].exact = True
            return
        self._end_clause()
        parts: list[Token] = []
        while self.clauses and len(self.clauses[-1].groups) == 1 and not self.clauses[-1].excluded:
            parts = self.clauses.pop().groups[0].terms + parts
        if parts:
            self.clauses.append(Clause([Group(parts, exact=True)]))

    def _end_group(self) -> None:
        if self._group.terms:
            self._clause.groups.append(self._group)
            self._group = Group()

    def _end_clause(self) -> None:
        self._end_group()
        if self._clause.groups:
            self.clauses.append(self._clause)
        self._clause = Clause(excluded=self._negated)
        self._pending = None
