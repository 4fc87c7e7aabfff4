"""One planted bug, as its file says: what it is, which text it replaces, and which tests have to notice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLANTED = Path(__file__).with_name("planted")


@dataclass(frozen=True, slots=True)
class Change:
    """In that file, the one place where `old` stands becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """`tests` are pytest's arguments."""

    name: str
    what: str
    tests: tuple[str, ...]
    changes: tuple[Change, ...]

    def plant(self, root: Path) -> None:
        """Change the files under `root`. Raises ValueError when a text is not there, or not once."""
        for change in self.changes:
            path = root / change.file
            before = path.read_text("utf-8")
            if before.count(change.old) != 1:
                raise ValueError(f"{self.name}: {change.file} holds {before.count(change.old)} times {change.old!r}")
            path.write_text(before.replace(change.old, change.new), "utf-8")

    def remove(self, root: Path, original: Path = ROOT) -> None:
        """Undo it."""
        for change in self.changes:
            (root / change.file).write_bytes((original / change.file).read_bytes())


def planted() -> list[Mutant]:
    """All of them, in the order of their names."""
    return [_read(path) for path in sorted(PLANTED.glob("*.toml"))]


def _read(path: Path) -> Mutant:
    given: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    changes = tuple(Change(**change) for change in given.pop("change"))
    return Mutant(path.stem, given.pop("what"), tuple(given.pop("tests")), changes)
