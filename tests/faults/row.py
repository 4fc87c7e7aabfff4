"""The rows: which fault each is of, what it needs, and what it does.

A row is a function that takes a `Case`, brings its fault about as often as its seed says, and asserts what the user
gets. What holds for every row is not its own: the oracle looks for it afterwards, and once more after a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.faults.case import Case

Database = Literal["none", "shared", "own"]
"""Without a database; one of its own on the server of all tests; a server of its own, which may be killed."""
Act = Callable[["Case"], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list of faults. Some have more than one way to be brought about: each is a Row of that number.

    `restart`: whether the session can be gone on with afterwards; then that is done without the fault, and has to end
    with everything. `seeds`: whether another seed is another run; a row that is the same each time is run once.
    `long`: another row of that number is in `make test`; this one is only in the matrix of all seeds.
    """

    number: int
    title: str
    act: Act
    database: Database = "none"
    restart: bool = True
    seeds: bool = True
    long: bool = False

    @property
    def name(self) -> str:
        """Number and function: `01-fails_now_and_then`."""
        return f"{self.number:02}-{self.act.__name__}"


ROWS: list[Row] = []


def row(
    number: int,
    title: str,
    *,
    database: Database = "none",
    restart: bool = True,
    seeds: bool = True,
    long: bool = False,
) -> Callable[[Act], Act]:
    """Enters the function below as a row of that number."""

    def enter(act: Act) -> Act:
        ROWS.append(Row(number, title, act, database, restart, seeds, long))
        return act

    return enter
