"""One reader for all tests: making it loads the words, reading changes nothing."""

from __future__ import annotations

import pytest

from ims_spiders.query import QueryReader


@pytest.fixture(scope="session")
def reader() -> QueryReader:
    """Reads with the package's own words, without a language model."""
    return QueryReader()
