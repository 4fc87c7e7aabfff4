"""A data folder, a database and a way to run the real commands against a tracker."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.crawl.crawling import Archive


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    """An empty data folder and an empty database."""
    return Archive(tmp_path / "data", engine)


@pytest.fixture
def files_only(tmp_path: Path) -> Archive:
    """An empty data folder, crawls without a database."""
    return Archive(tmp_path / "data", None)
