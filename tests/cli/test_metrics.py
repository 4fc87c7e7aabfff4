"""`ims metrics` beside a real crawl and a real database, read as Prometheus reads it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from ims_spiders.db.metrics import HELP, MOST_PRODUCTS, file_figures
from ims_spiders.db.schedules import add_schedule
from ims_spiders.db.status import Sessions
from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.crawl.crawling import ROOT, Archive
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD
from tests.db.factory import folder, session

Values = dict[tuple[str, str], float]
IMS = [sys.executable, "-m", "ims_spiders.cli"]


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    return Archive(tmp_path / "data", engine)


def parsed(exposition: str) -> Values:
    """Each value by its name and its label's value."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def test_a_crawl_is_seen_from_its_beginning_to_its_end(archive: Archive) -> None:
    assert archive.engine is not None
    with DemoTracker(password=PASSWORD, latency=0.1) as tracker:
        env = variables(archive, tracker)
        before = time.time()
        add_schedule(archive.engine, "tester", "every night 매일", "0 3 * * *", "UTC", {"product": "OpenFrame"})
        crawl = ["crawl", "ims", "-a", "product=OpenFrame", "-a", "query=TPETIME", "-a", "related=0"]
        crawl += ["-s", "IMS_STATUS_SECONDS=0.1"]
        with (
            forked.start("ims", ["metrics", "--port", "0"], ROOT, env, stderr=subprocess.PIPE) as exporter,
            forked.start("scrapy", crawl, ROOT, env, stderr=subprocess.DEVNULL) as process,
        ):
            assert exporter.stderr is not None
            url = exporter.stderr.readline().split()[2].rstrip(".")
            seen: list[Values] = []
            while process.poll() is None:
                values = parsed(asked(url))
                if values.get(("ims_crawl_issues_done", "OpenFrame")):
                    seen.append(values)
                time.sleep(0.1)
            assert process.returncode == 0
            after = parsed(asked(url))
            exporter.send_signal(signal.SIGTERM)
            assert exporter.wait(20) == 0
        found = len(tracker.matching_ids("TPETIME", "OpenFrame"))
    last = seen[-1]
    assert last["ims_crawls_running", "OpenFrame"] == last["ims_sessions", "running"] == 1
    assert 0 < last["ims_crawl_issues_done", "OpenFrame"] <= last["ims_crawl_issues_found", "OpenFrame"] == found
    assert last["ims_crawl_requests", "OpenFrame"] > found
    assert 0 <= last["ims_crawl_silent_seconds", ""] < 60
    assert ("ims_crawls_running", "OpenFrame") not in after
    assert not list(archive.data_dir.glob("sessions/*/*progress*"))
    expected = {
        ("ims_sessions", "completed"): 1, ("ims_sessions", "running"): 0, ("ims_sessions_killed", ""): 0,
        ("ims_last_exit_code", "OpenFrame"): 0, ("ims_last_issues", "OpenFrame"): found, ("ims_issues", ""): found,
        ("ims_database_up", ""): 1, ("ims_database_behind_sessions", ""): 0, ("ims_queue_jobs", "pending"): 0,
        ("ims_attachments_missing", ""): 0, ("ims_sessions_suspicious", ""): 0,
    }  # fmt: skip
    assert {name: after[name] for name in expected} == expected
    assert before < after["ims_last_success_timestamp_seconds", "OpenFrame"] < time.time()
    (due,) = (value for (name, _), value in after.items() if name == "ims_schedule_next_run_timestamp_seconds")
    assert datetime.fromtimestamp(due, UTC).hour == 3
    names = {name.removeprefix("ims_") for values in (*seen, after) for name, _ in values}
    assert set(HELP) - names == {
        "database_embedded_running",
        "schedule_last_run_timestamp_seconds",
        "schedule_last_run_ok",
    }
    away = {**env, "DATABASE_URL": "postgresql://me:s3cret-word@127.0.0.1:1/ims_crawler"}
    once = archive.ims(away, "metrics", "--once")
    assert once.returncode == 0, once.stderr
    assert parsed(once.stdout)["ims_database_up", ""] == 0
    assert parsed(once.stdout)["ims_sessions", "completed"] == 1
    assert "s3cret-word" not in once.stdout + once.stderr


def test_labels_are_bounded_and_hold_nothing_that_a_user_has_written(tmp_path: Path) -> None:
    for number in range(MOST_PRODUCTS + 9):
        folder(tmp_path, session(number, number, product=f"P{number}", original_query="s3cret question"), [])
    states = Sessions(tmp_path).look()
    figures = list(file_figures(states, [], tmp_path))
    products = {figure.label[1] for figure in figures if figure.label and figure.label[0] == "product"}
    assert len(products) == MOST_PRODUCTS + 1
    assert "other" in products
    assert {figure.label[0] for figure in figures if figure.label} == {"product", "status"}
    assert "s3cret" not in str(figures)


def test_a_port_that_is_taken_is_said(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = archive.variables(tracker.base_url, "demo", PASSWORD)
        run = archive.ims(env, "metrics", "--port", tracker.base_url.rpartition(":")[2])
    assert run.returncode == 2
    assert "--port" in run.stderr


def asked(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=20) as answer:
        assert answer.status == 200
        return str(answer.read().decode())
