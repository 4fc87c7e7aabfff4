"""One reader for all tests: making it loads the words, reading changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import settings

from ims_spiders.query import QueryReader

# Two cores are shared by all that runs: how long one example takes says nothing about the code.
settings.register_profile("query", deadline=None)
settings.load_profile("query")


@pytest.fixture(scope="session")
def reader() -> QueryReader:
    """Reads with the package's own words, without a language model."""
    return QueryReader()
