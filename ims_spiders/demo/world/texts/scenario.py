"""A scenario is one kind of trouble, told in every language; its sentences have slots that are filled per issue."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LANGUAGES = ("ko", "ja", "en", "mixed")


@dataclass(frozen=True, slots=True)
class Telling:
    """The same trouble in one language."""

    subjects: tuple[str, ...]
    symptoms: tuple[str, ...]
    causes: tuple[str, ...]
    fixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of trouble: the products that have it, its error code, the tellings by language and the trace."""

    name: str
    products: tuple[str, ...]
    code: str
    tellings: dict[str, Telling]
    trace: tuple[str, ...]
    weight: int = 3


def slots(rng: Random, code: str, module: str, version: str) -> dict[str, str]:
    """Values for the slots of one issue's sentences."""
    return {
        "code": code,
        "module": module,
        "version": version,
        "job": f"{rng.choice(('PAY', 'LON', 'CRD', 'INS', 'GLX'))}{rng.choice('DMQ')}{rng.randrange(100, 999)}J",
        "pgm": f"{rng.choice(('ACT', 'TRX', 'UPD', 'RPT'))}{rng.randrange(10, 99)}C{rng.randrange(0, 9)}",
        "dsn": f"PROD.{rng.choice(('MASTER', 'DAILY', 'LEDGER'))}.G{rng.randrange(1, 9999):04d}V00",
        "n": str(rng.randrange(2, 90)),
        "sec": str(rng.choice((15, 30, 60, 90, 300))),
        "user": f"USR{rng.randrange(1, 999):03d}",
        "pid": str(rng.randrange(2000, 65000)),
        "host": f"app{rng.randrange(1, 20):02d}.example.com",
    }
