"""Real `ims` processes, each in a folder and an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.demo.server import DemoTracker
from tests import forked

OURS = ("IMS_", "DATABASE_", "PG", "USE_DATABASE", "NO_COLOR", "FORCE_COLOR")


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that `ims` reads."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@dataclass
class Ims:
    """Runs `ims` in a folder; `environment` holds what it is to see of settings."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The finished process."""
        environment = {**clean_environment(), **self.environment, **more}
        return forked.run("ims", arguments, self.folder, environment, timeout=240)

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """The process while it runs."""
        env, pipe = {**clean_environment(), **self.environment, **more}, subprocess.PIPE
        return forked.start("ims", arguments, self.folder, env, apart=True, stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.fixture
def ims(tmp_path: Path) -> Iterator[Ims]:
    """`ims` in an empty folder; an embedded server that it leaves behind is stopped."""
    yield Ims(tmp_path)
    for folder in tmp_path.glob("**/postgres"):
        EmbeddedServer(folder.parent).stop()


@pytest.fixture(scope="session")
def tracker() -> Iterator[DemoTracker]:
    """A small demo tracker without faults."""
    with DemoTracker(issues=60, username="kim", password="right-password") as running:
        yield running


@pytest.fixture
def ims_at(ims: Ims, tracker: DemoTracker) -> Ims:
    """`ims` with the address and the login of the tracker."""
    ims.environment |= {
        "IMS_BASE_URL": tracker.base_url,
        "IMS_USERNAME": "kim",
        "IMS_PASSWORD": "right-password",
    }
    return ims
