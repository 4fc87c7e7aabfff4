"""A case for each row and seed, with the archive that the row needs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.crawl.crawling import Archive, database_url
from tests.faults.case import Case
from tests.faults.row import Row

Begin = Callable[[Row, int], Case]


@pytest.fixture
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Begin]:
    """Makes the case of a row and a seed; it ends with the test."""
    with ExitStack() as stack:

        def made(row: Row, seed: int) -> Case:
            engine = _engine(request, row)
            case = Case(Archive(tmp_path / "data", engine), seed, random.Random(f"{row.name} {seed}"))
            if engine is not None:
                case.secrets.add(password_of(engine))
            return stack.enter_context(case)

        yield made


def _engine(request: pytest.FixtureRequest, row: Row) -> Engine | None:
    return request.getfixturevalue("engine") if row.database == "shared" else None


def password_of(engine: Engine) -> str:
    """The password that a user of this database gives."""
    return database_url(engine).partition("://")[2].rpartition("@")[0].partition(":")[2]
