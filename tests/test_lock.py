"""The lock installs what pyproject.toml asks for, from whatever index its user has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECT = [
    # Some are for one platform only: `name==1.0; marker`.
    asked.partition(";")[0]
    for asked in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])
]


@pytest.mark.parametrize("requirement", DIRECT)
def test_every_direct_dependency_is_pinned_alike(requirement: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", requirement)
    assert re.search(rf"^{re.escape(requirement)}(?: ;.*)? \\$", LOCK, re.MULTILINE), "run `make lock`"


def test_everything_has_hashes_and_nothing_an_address() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) > len(DIRECT)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--extra|--find-links", LOCK)
