"""One target in a process of its own: corpus and dictionary in a temporary folder, the figures from what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import LABELS, Target

ROOT = Path(__file__).parents[2]
LONGEST = 20_000
"""Bytes of an input."""
SLOWEST = 25
"""Seconds for one input: what takes longer is a finding. Inputs are short, so this is generous."""
LIMIT_MB = 2048
_RUNS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)|^#(\d+)", re.MULTILINE)
_EDGES = re.compile(r"\bcov: (\d+)")
_PROGRESS = ("#", "INFO:", "stat::", "MS:", "0x", "artifact_prefix", "Base64:", "\\")
_LAST_LINES = 25


@dataclass(frozen=True)
class Outcome:
    """What came of fuzzing a target. `finding` is the input that failed, `said` the end of what the fuzzer printed."""

    runs: int
    edges: int
    failed: bool
    finding: bytes | None
    said: str


def fuzz(name: str, target: Target, folder: Path, seconds: int, seed: int) -> Outcome:
    """Fuzzes for so long; the folder takes corpus, dictionary and findings. Seed 0 draws one."""
    corpus, findings = folder / "corpus", folder / "findings"
    corpus.mkdir()
    findings.mkdir()
    for number, content in enumerate(target.seeds()):
        (corpus / f"seed-{number:05}").write_bytes(content)
    words = "".join(f'"{_escaped(label)}"\n' for label in LABELS)
    (folder / "dictionary").write_text(words)
    command = [
        *(sys.executable, "-m", "tests.fuzz.process", name, str(corpus)),
        *(f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", f"-timeout={SLOWEST}"),
        *(f"-rss_limit_mb={LIMIT_MB}", f"-dict={folder / 'dictionary'}", f"-artifact_prefix={findings}/"),
        *("-print_final_stats=1", "-use_value_profile=0"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    found = next((path.read_bytes() for path in sorted(findings.iterdir())), None)
    runs = [int(total or so_far) for total, so_far in _RUNS.findall(said)]
    edges = [int(count) for count in _EDGES.findall(said)]
    telling = [line for line in said.splitlines() if line.strip() and not line.startswith(_PROGRESS)]
    last = "\n".join(telling[-_LAST_LINES:])
    return Outcome(max(runs, default=0), max(edges, default=0), done.returncode != 0, found, last)


def _escaped(label: str) -> str:
    """As dictionaries of libFuzzer have it."""
    return "".join(f"\\x{byte:02x}" for byte in label.encode())
