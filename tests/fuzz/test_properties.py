"""Every target of the fuzzer on mutated seeds, the same ones each time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import LABELS, TARGETS

PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SLOWEST = 20.0
"""Seconds of the processor for one input, which has some thousand bytes: what is quadratic in them takes longer."""
TOKENS = st.one_of(st.binary(max_size=12), st.sampled_from([label.encode() for label in LABELS]))
EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 30), TOKENS), max_size=5)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TimeoutError inside when it takes more of the processor: other work on the machine does not count."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"one input took more than {seconds} seconds of the processor")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def mutated(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The seed with some bytes of it replaced."""
    for place, length, token in edits:
        start = place % (len(seed) + 1)
        seed = seed[:start] + token + seed[start + length :]
    return seed


@pytest.mark.parametrize("name", TARGETS)
def test_target_on_mutated_seeds(name: str) -> None:
    target = TARGETS[name]

    @settings(PROPERTY, max_examples=target.examples)
    @given(st.one_of(st.builds(mutated, st.sampled_from(list(target.seeds())), EDITS), st.binary(max_size=200)))
    def holds(data: bytes) -> None:
        with at_most(SLOWEST):
            target.run(data)

    holds()


def test_an_input_that_takes_for_ever_is_noticed() -> None:
    with pytest.raises(TimeoutError):
        for_ever()


def for_ever() -> None:
    with at_most(0.05):
        while True:
            pass
