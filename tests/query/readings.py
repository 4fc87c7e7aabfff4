"""The files of sentences and what they are to be read as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

TODAY = date(2026, 11, 21)
FOLDER = Path(__file__).parent / "readings"


@dataclass(frozen=True)
class Expected:
    """One line: `sentence => IMS query ; name=value ; name=value`. Filters that are not named must be empty."""

    file: str
    text: str
    ims_query: str
    said: dict[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


def expected(pattern: str = "*.txt") -> Iterator[Expected]:
    """Every line of the files of that pattern."""
    for path in sorted(FOLDER.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                text, _, rest = line.partition(" =>")
                ims_query, *said = (part.strip() for part in rest.split(" ;"))
                pairs = [part.partition("=") for part in said]
                yield Expected(path.stem, text, ims_query, {name: value for name, _, value in pairs})
