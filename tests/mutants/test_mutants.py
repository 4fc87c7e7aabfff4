"""Every planted bug still fits the code that it is planted in, and there are as many as there have to be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.mutants.mutant import ROOT, Mutant, planted


def test_there_are_thirty() -> None:
    assert len(planted()) >= 30


@pytest.mark.parametrize("mutant", planted(), ids=lambda mutant: mutant.name)
def test_a_planted_bug_fits(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.what
    assert mutant.tests
    for change in mutant.changes:
        (tmp_path / change.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / change.file, tmp_path / change.file)
    mutant.plant(tmp_path)
    for change in mutant.changes:
        changed = (tmp_path / change.file).read_text("utf-8")
        assert changed != (ROOT / change.file).read_text("utf-8")
        if change.file.endswith(".py"):
            compile(changed, change.file, "exec")
    mutant.remove(tmp_path)
    assert all((tmp_path / one.file).read_bytes() == (ROOT / one.file).read_bytes() for one in mutant.changes)
