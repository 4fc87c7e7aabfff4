"""Which faults happen when: rules that match requests, given as JSON or as `name:param=value,...`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ims_spiders.demo.faults.catalog import FAULTS, Fault

_WHEN = ("path", "method", "nth", "every", "after", "p", "seed", "count")


@dataclass(slots=True)
class Rule:
    """One fault and when it happens. Without a condition it happens to every request that `path` matches."""

    fault: Fault
    path: re.Pattern[str]
    method: str | None = None
    nth: int | None = None
    every: int | None = None
    after: int = 0
    p: float | None = None
    count: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(1))
    seen: int = 0
    fired: int = 0

    def strikes(self, method: str, target: str) -> bool:
        """Whether this request is hit; counts it either way."""
        if (self.method and self.method != method) or not self.path.search(target):
            return False
        self.seen += 1
        if self.count is not None and self.fired >= self.count:
            return False
        hit = (
            self.seen > self.after
            and (self.nth is None or self.seen == self.nth)
            and (self.every is None or self.seen % self.every == 0)
            and (self.p is None or self.random.random() < self.p)
        )
        self.fired += hit
        return hit

    def describe(self) -> dict[str, Any]:
        """The rule and what has become of it, as JSON-ready values."""
        when = {key: getattr(self, key) for key in ("method", "nth", "every", "after", "p", "count")}
        return {
            "fault": self.fault.name,
            "path": self.path.pattern,
            **{key: value for key, value in when.items() if value},
            **self.parameters,
            "seen": self.seen,
            "fired": self.fired,
        }


def make_rule(given: str | Mapping[str, Any]) -> Rule:
    """A rule from its short form or a JSON object with the key `fault`. Raises ValueError that says what is wrong."""
    values = _from_text(given) if isinstance(given, str) else dict(given)
    name = values.pop("fault", None)
    fault = FAULTS.get(str(name))
    if fault is None:
        raise ValueError(f"there is no fault called {name!r}; there are: {', '.join(sorted(FAULTS))}")
    unknown = set(values) - set(_WHEN) - set(fault.parameters)
    if unknown:
        allowed = ", ".join((*_WHEN, *fault.parameters))
        raise ValueError(f"the fault {name} has no parameter {', '.join(sorted(unknown))}; it takes {allowed}")
    try:
        return _build(fault, values)
    except (TypeError, ValueError, re.error) as error:
        raise ValueError(f"a parameter of the fault {name} is not valid: {error}") from error


def _build(fault: Fault, values: dict[str, Any]) -> Rule:
    parameters = {key: _as(type(default), values.get(key, default)) for key, default in fault.parameters.items()}
    return Rule(
        fault,
        re.compile(str(values.get("path", fault.path))),
        method=str(values["method"]).upper() if "method" in values else None,
        nth=_whole(values, "nth"),
        every=_whole(values, "every"),
        after=_whole(values, "after") or 0,
        p=float(values["p"]) if "p" in values else None,
        # What happens once by itself happens as often as a rule says that says when.
        count=fault.count if values.keys().isdisjoint(_WHEN[2:]) else _whole(values, "count"),
        parameters=parameters,
        random=Random(str(values.get("seed", 1))),
    )


def _whole(values: Mapping[str, Any], key: str) -> int | None:
    if key not in values:
        return None
    number = int(values[key])
    if number < (0 if key == "after" else 1):
        raise ValueError(f"{key} must be positive, not {number}")
    return number


def _as(kind: Callable[[Any], Any], value: Any) -> Any:
    return kind(value)


def _from_text(given: str) -> dict[str, Any]:
    name, _, rest = given.partition(":")
    values: dict[str, Any] = {"fault": name.strip()}
    for part in filter(None, rest.split(",")):
        key, separator, value = part.partition("=")
        if not separator:
            raise ValueError(f"in the fault {given!r} the part {part!r} is not of the form param=value")
        values[key.strip()] = value
    return values


class FaultPlan:
    """The rules that are in force."""

    def __init__(self, rules: Iterable[str | Mapping[str, Any]], on_new: Callable[[Rule], None]) -> None:
        """`on_new` is called with every rule that comes into force."""
        self._on_new = on_new
        self.rules: list[Rule] = []
        self.replace(rules)

    def replace(self, rules: Iterable[str | Mapping[str, Any]]) -> None:
        """Put other rules in place of all; their counts begin anew. Raises ValueError, then nothing has changed."""
        made = [make_rule(rule) for rule in rules]
        self.rules = made
        for rule in made:
            self._on_new(rule)

    def add(self, rule: str | Mapping[str, Any]) -> Rule:
        """One more rule. Raises ValueError when it makes no sense."""
        made = make_rule(rule)
        self.rules = [*self.rules, made]
        self._on_new(made)
        return made

    def clear(self) -> None:
        """No more faults."""
        self.rules = []

    def striking(self, method: str, target: str) -> list[Rule]:
        """The rules that hit this request, each counting it."""
        return [rule for rule in self.rules if rule.strikes(method, target)]

    def has(self, name: str) -> bool:
        """Whether a fault of that name is in the plan."""
        return any(rule.fault.name == name for rule in self.rules)

    def describe(self) -> list[dict[str, Any]]:
        """All rules as JSON-ready values."""
        return [rule.describe() for rule in self.rules]


def fault_help() -> list[tuple[str, str]]:
    """Name with parameters and their defaults, and what it does: a line a fault, for `--help`."""
    return [
        (name + "".join(f" {key}={value}" for key, value in fault.parameters.items()), fault.summary)
        for name, fault in sorted(FAULTS.items())
    ]
