"""Crawls of a case whose file calls fail (shim.py), or whose disk is small (disks.py)."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import Any

import pytest

from ims_spiders.db.files import SessionFolder
from tests.crawl.crawling import Run, run
from tests.faults import disks
from tests.faults.case import SEARCH, Case, _options


@dataclass(frozen=True, slots=True)
class Report:
    """What the shim saw; nothing of a process that it has killed."""

    fired: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def crawl_shimmed(
    case: Case, *settings: str, plan: dict[str, Any], environment: dict[str, str] | None = None, **arguments: Any
) -> tuple[Run, Report]:
    """`ims crawl` with the shim. The order in which it made things durable has to be right, whatever failed."""
    told = case.archive.data_dir.parent / "shim.json"
    told.unlink(missing_ok=True)
    whole = {"data": str(case.archive.data_dir), "report": str(told), **plan}
    done = _crawl(case, "tests.faults.shim", [json.dumps(whole), *settings], arguments, environment)
    report = Report(**json.loads(told.read_bytes())) if told.exists() else Report()
    assert report.wrong == []
    return done, report


def crawl_on_small_disk(case: Case, kilobytes: int, *settings: str, **arguments: Any) -> Run:
    """`ims crawl` with the data folder on a disk of that size; afterwards there is room."""
    data = case.archive.data_dir
    out = data.with_name("disk")
    done = _crawl(case, "tests.faults.disks", [str(kilobytes), str(data), str(out), *settings], arguments)
    if done.returncode == disks.NO_NAMESPACE:
        pytest.skip(done.stderr)
    shutil.rmtree(data)
    out.rename(data)
    return done


def half_done(case: Case) -> SessionFolder:
    """A session that looks interrupted on its way to all of its issues, with two of them."""
    assert case.crawl(max_results=2).exit_code == 0
    folder = case.archive.last()
    session = folder.read_session()
    session["metadata"]["arguments"]["max_results"] = session["max_results"] = 0
    folder.write_session({**session, "status": "interrupted", "exit_code": 7})
    return folder


def _crawl(
    case: Case, module: str, words: list[str], arguments: dict[str, Any], environment: dict[str, str] | None = None
) -> Run:
    asked = arguments if "resume" in arguments else {**SEARCH, **arguments}
    done = run(module, [*words, "--", *_options(asked)], case.variables() | (environment or {}), 120)
    done.exit_code = done.returncode
    return case.ran(done)
