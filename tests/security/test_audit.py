"""The audit of locked packages says what it found, and never that all is well when it has seen nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.security.audit import ROOT, audit, verdict

WELL = {"name": "a", "version": "1", "vulns": []}
FLAW = {"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": "x"}
ILL = {"name": "b", "version": "2", "vulns": [FLAW, {**FLAW, "id": "PYSEC-2", "fix_versions": []}]}
UNSEEN = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (3)"}


@pytest.mark.parametrize(
    ("packages", "well", "said"),
    [
        ([WELL], True, ["None of 1 locked packages has a known vulnerability."]),
        ([WELL, ILL], False, ["b 2: PYSEC-1, mended in 2.1", "b 2: PYSEC-2, mended in no version yet"]),
        ([WELL, UNSEEN], False, ["Not audited, since the service does not know them: c; run"]),
        ([UNSEEN], False, ["Nothing was audited: the service knows none of 1 packages"]),
        ([], False, ["Nothing was audited"]),
    ],
)
def test_verdict(packages: list[dict[str, Any]], well: bool, said: list[str]) -> None:
    found, lines = verdict({"dependencies": packages, "fixes": []})
    assert found is well
    assert len(lines) == len(said)
    assert all(line.startswith(beginning) for line, beginning in zip(lines, said, strict=True))


def test_a_service_that_is_not_reached_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lock = tmp_path / "lock"
    entries = (ROOT / "requirements.lock").read_text("utf-8").split("\nalembic", 1)
    lock.write_text(f"alembic{entries[1]}".partition("\nannotated")[0], "utf-8")
    well, lines = audit(lock)
    assert not well
    assert "Nothing was audited: the service could not be reached" in lines[-1]
