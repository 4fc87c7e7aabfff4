"""`python -m tests.fuzz TARGET… --seconds N [--seed S]`: fuzzes with atheris, a process for each target in turn."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Outcome, fuzz
from tests.fuzz.targets import TARGETS

NO_ATHERIS = (
    "atheris has no wheel for this platform (it has for Linux on x86-64), so nothing is fuzzed here;\n"
    "the same targets run with Hypothesis: pytest tests/fuzz"
)


def main(arguments: list[str] | None = None) -> int:
    """0 when nothing was found, or nothing can be looked for here; 1 with a finding; 2 for unknown targets."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all when none is given")
    parser.add_argument("--seconds", type=int, default=120, help="how long each target is fuzzed (120)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0 draws one")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.targets) - set(TARGETS))
    if unknown:
        parser.error(f"unknown target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if importlib.util.find_spec("atheris") is None:
        _print(NO_ATHERIS)
        return 0
    _print(f"{'target':<11}{'runs':>11}{'runs/s':>9}{'edges':>8}  findings")
    found = [_one(name, asked.seconds, asked.seed) for name in asked.targets or TARGETS]
    return 1 if any(found) else 0


def _one(name: str, seconds: int, seed: int) -> bool:
    """Fuzzes one target and prints its line; whether something was found."""
    with tempfile.TemporaryDirectory(prefix="ims-fuzz-") as folder:
        outcome = fuzz(name, TARGETS[name], Path(folder), seconds, seed)
    _print(f"{name:<11}{outcome.runs:>11}{outcome.runs // max(1, seconds):>9}{outcome.edges:>8}  {_said(outcome)}")
    if outcome.finding is not None:
        _print(f"{outcome.said}\nthe input, for a test: TARGETS[{name!r}].run({outcome.finding!r})")
    elif outcome.failed:
        _print(outcome.said)
    return outcome.failed


def _said(outcome: Outcome) -> str:
    return "none" if not outcome.failed else "one" if outcome.finding is not None else "it did not run to its end"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
