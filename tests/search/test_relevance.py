"""The search finds what was judged to be relevant: the benchmark's own files, and what they have to give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "relevance.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *arguments], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    done = run()
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.long
def test_it_finds_what_is_relevant(figures: dict[str, Any]) -> None:
    assert set(figures) == {"ndcg", "recall", "mrr", "by_category"}
    assert figures["ndcg"] >= 0.94
    assert figures["recall"] >= 0.97


def test_no_kind_of_query_is_left_behind(figures: dict[str, Any]) -> None:
    categories = figures["by_category"]
    assert len(categories) == 12
    assert {name: values for name, values in categories.items() if name != "xling" and values["ndcg"] < 0.8} == {}
    assert categories["xling"]["ndcg"] >= 0.6


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "queries.json"
    broken.write_text('[{"query": "x", "category": "y"}]')
    done = run(str(BENCHMARK.parent / "relevance" / "corpus.json"), str(broken))
    assert done.returncode == 2
    assert done.stderr == f"Error: {broken}: entry 0 has no 'relevant'\n"
