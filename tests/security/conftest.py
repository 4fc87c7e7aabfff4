"""An archive of files, a stranger that must hear nothing, and a tracker that leads there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawl.crawling import Archive
from tests.security.servers import LeadingAway, Stranger


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty data folder, crawls without a database."""
    return Archive(tmp_path / "data", None)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """On another port of the tracker's own host."""
    with Stranger() as made:
        yield made
        assert made.heard == 0, "something was sent elsewhere"


@pytest.fixture
def tracker() -> Iterator[LeadingAway]:
    """Without anything that leads away yet."""
    made = LeadingAway()
    with made:
        yield made
