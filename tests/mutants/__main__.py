"""`python -m tests.mutants [NAME …]`: plants each bug in a copy, runs its tests, and says which were not caught."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant, planted

LEAST = 28
"""How many at least have to be caught, of thirty."""
KEPT_OUT = shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", "data", "*.egg-info", ".hypothesis")


def main(names: list[str]) -> int:
    """Run all, or the named ones. Returns 1 when too few were caught."""
    chosen = [mutant for mutant in planted() if not names or mutant.name in names]
    missed: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="ims-mutants-") as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=KEPT_OUT, symlinks=True)
        for mutant in chosen:
            began = time.monotonic()
            mutant.plant(root)
            try:
                caught = is_caught(mutant, root)
            finally:
                mutant.remove(root)
            verdict = "caught" if caught else "MISSED"
            say(f"{verdict} {mutant.name}: {mutant.what} ({time.monotonic() - began:.0f} s)")
            missed += [] if caught else [mutant]
    say(f"mutants: {len(chosen) - len(missed)} of {len(chosen)} caught")
    for mutant in missed:
        say(f"not caught: {mutant.name}: {mutant.what}")
    return 0 if len(missed) <= max(0, len(planted()) - LEAST) else 1


def say(line: str) -> None:
    """Print a line at once: the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def is_caught(mutant: Mutant, root: Path) -> bool:
    """Whether a test fails. Raises RuntimeError when pytest ran none."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise RuntimeError(
            f"{mutant.name}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-500:]}"
        )
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
