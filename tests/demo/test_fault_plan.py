"""Rules of the fault plan: when they strike, and what is said of nonsense."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.demo.faults import effects
from ims_spiders.demo.faults.catalog import FAULTS
from ims_spiders.demo.faults.plan import FaultPlan, fault_help, make_rule

PAGE = "/tody/ims/issue/issueView.do?issueId=1"


def strikes(rule: str, requests: int = 10, target: str = PAGE) -> list[int]:
    made = make_rule(rule)
    return [number for number in range(1, requests + 1) if made.strikes("GET", target)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("status", list(range(1, 11))),
        ("status:nth=3", [3]),
        ("status:every=4", [4, 8]),
        ("status:after=7", [8, 9, 10]),
        ("status:count=2", [1, 2]),
        ("status:every=3,count=2", [3, 6]),
        ("status:method=post", []),
        ("status:path=nowhere", []),
        ("status:p=0.0", []),
        ("expire_at", [1]),
        ("expire_at:nth=5", [5]),
        ("expire_at:every=4", [4, 8]),
    ],
)
def test_when_a_rule_strikes(rule: str, expected: list[int]) -> None:
    assert strikes(rule) == expected


def test_probability_follows_its_seed() -> None:
    first = strikes("status:p=0.3,seed=5", 2000)
    assert first == strikes("status:p=0.3,seed=5", 2000)
    assert first != strikes("status:p=0.3,seed=6", 2000)
    assert 500 < len(first) < 700


def test_pages_that_a_login_needs_are_spared_unless_named() -> None:
    assert strikes("status", target="/tody/auth/login.do") == []
    assert strikes("status", target="/tody/resources/ims.js") == []
    assert strikes("status:path=login", 1, "/tody/auth/login.do") == [1]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("nonsense", "there is no fault called 'nonsense'; there are: bombs"),
        ("status:colour=red", "has no parameter colour; it takes path, method, nth"),
        ("status:nth", "'nth' is not of the form param=value"),
        ("status:nth=zero", "not valid"),
        ("status:every=0", "every must be positive"),
        ("status:path=(", "not valid"),
        ("drip:interval=slow", "not valid"),
    ],
)
def test_nonsense_is_refused_with_what_would_be_right(rule: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        make_rule(rule)


@given(st.text() | st.from_regex(r"(status|drip|expire_at):((code|nth|p|path|seed)=.{0,9},?){0,3}", fullmatch=True))
def test_any_text_is_a_rule_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert make_rule(text).fault.name == text.partition(":")[0].strip()


def test_a_plan_that_makes_no_sense_changes_nothing() -> None:
    seen: list[str] = []
    plan = FaultPlan(["status"], lambda rule: seen.append(rule.fault.name))
    with pytest.raises(ValueError, match="no fault"):
        plan.replace(["hang", "nonsense"])
    assert [rule.fault.name for rule in plan.rules] == ["status"]
    plan.add("hang")
    plan.clear()
    assert plan.rules == []
    assert seen == ["status", "hang"]


def test_the_help_names_every_fault_with_its_parameters() -> None:
    lines = dict(fault_help())
    assert len(lines) == len(FAULTS)
    assert any(line.startswith("status code=503") for line in lines)
    assert all(lines.values())


def test_every_fault_does_something() -> None:
    from ims_spiders.demo.faults import content

    elsewhere = {"login_refuse", "login_refuse_later"}
    assert set(FAULTS) == elsewhere | effects.NAMES | content.NAMES
