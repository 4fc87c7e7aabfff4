"""Running demo trackers and clients that are logged in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client


@pytest.fixture(scope="session")
def shared() -> Iterator[DemoTracker]:
    """A tracker that tests only read from."""
    with DemoTracker() as tracker:
        yield tracker


@pytest.fixture(scope="session")
def truth(shared: DemoTracker) -> dict[str, Any]:
    issues = shared.truth()["issues"]
    assert isinstance(issues, dict)
    return issues


@pytest.fixture
def reader(shared: DemoTracker) -> Client:
    client = Client(shared.base_url)
    client.login()
    return client


@pytest.fixture
def tracker() -> Iterator[DemoTracker]:
    """A small tracker of the test's own."""
    with DemoTracker(issues=40) as tracker:
        yield tracker


@pytest.fixture
def client(tracker: DemoTracker) -> Client:
    client = Client(tracker.base_url)
    client.login()
    return client
