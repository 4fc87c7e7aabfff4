"""Lines of log as text and as JSON: with the session that they are of, and without secrets whatever is raised."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.extensions.logfile import shape
from tests.crawl.crawling import ROOT, Archive
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD

SEARCH: dict[str, Any] = {"product": "OpenFrame", "query": "TPETIME", "max_results": 1, "related": 0}
SECRET = "s3cret-of-the-tracker"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "data", None)


def logged(monkeypatch: pytest.MonkeyPatch, kind: str) -> str:
    """What a handler in this shape writes of an error and a hostile record."""
    monkeypatch.setenv("IMS_PASSWORD", SECRET)
    monkeypatch.setenv("IMS_LOG_FORMAT", kind)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    shape(handler, as_text=True)
    logger = logging.Logger("t")
    logger.addHandler(handler)
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logger.exception('refused "%s"\n한국어 %s', SECRET, "x", extra={"spider": SECRET})
    logger.warning({"message": SECRET, "other": SECRET})
    # What no filter has seen: the formatter by itself.
    handler.filters.clear()
    error = RuntimeError(SECRET)
    logger.handle(logging.LogRecord("t", logging.ERROR, "f", 1, "raw %s", (SECRET,), (RuntimeError, error, None)))
    return stream.getvalue()


def test_json_lines_hold_what_was_raised_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    text = logged(monkeypatch, "json")
    assert SECRET not in text
    first, second, third = (json.loads(line) for line in text.splitlines())
    assert first["message"] == 'refused "***"\n한국어 x'
    assert (first["level"], first["logger"]) == ("ERROR", "t")
    assert "ValueError: password=***" in first["exception"]
    assert "Traceback" in first["exception"]
    assert set(first) == {"time", "level", "logger", "message", "exception"}
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert "spider" not in first
    assert set(second) == {"time", "level", "logger", "message"}
    assert (third["message"], third["exception"]) == ("raw ***", "RuntimeError: ***")
    assert "한국어" in text


def test_wrong_settings_leave_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_RENDER", "often")
    handler = logging.StreamHandler(io.StringIO())
    shape(handler, as_text=True)
    record = logging.LogRecord("t", logging.INFO, "f", 1, "GET /a;jsessionid=ABC", (), None)
    handler.handle(record)
    assert handler.stream.getvalue().endswith(" - INFO [t] GET /a;jsessionid=***\n")


def test_a_crawl_logs_json_from_the_first_line_to_the_last(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        run = archive.crawl(variables(archive, tracker) | {"IMS_LOG_FORMAT": "json"}, **SEARCH)
        assert run.exit_code == 0, run.stderr
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert " started " in lines[0]["message"]
    uuid = archive.last().read_session()["session_uuid"]
    assert {line.get("session") for line in lines} == {None, uuid}
    assert lines[-1]["session"] == uuid
    kept = [json.loads(line) for line in archive.last().log_path.read_text("utf-8").splitlines()]
    assert {line["session"] for line in kept} == {uuid}
    assert [line["message"] for line in kept] == [line["message"] for line in lines if line in kept]


@pytest.mark.long
def test_a_job_of_scrapyd_says_which_it_is_and_text_bears_the_session(archive: Archive) -> None:
    conf = {"SCRAPY_PROJECT": "default", "IMS_SCRAPYD_CONF": str(ROOT / "deploy" / "scrapyd.conf")}
    job = [sys.executable, "-m", "ims_spiders.daemon.runner", "crawl", "ims", "-a", "_job=daily-1"]
    job += [word for name, value in SEARCH.items() for word in ("-a", f"{name}={value}")]
    with DemoTracker(password=PASSWORD) as tracker:
        for more in ({"IMS_LOG_FORMAT": "json"}, {"IMS_LOG_FORMAT": "text"}):
            env = {**variables(archive, tracker), **conf, **more}
            done = subprocess.run(job, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
            uuid = archive.last().read_session()["session_uuid"]
            if more["IMS_LOG_FORMAT"] == "json":
                lines = [json.loads(line) for line in done.stderr.splitlines()]
                assert {line["job"] for line in lines} == {"daily-1"}
                assert lines[-1]["session"] == uuid
    text = archive.last().log_path.read_text("utf-8")
    for whole in (text, done.stderr):
        closed = [line for line in whole.splitlines() if line.endswith("[scrapy.core.engine] Spider closed (finished)")]
        assert [line.split()[2] for line in closed] == [uuid[:8]]
