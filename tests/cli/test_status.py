"""`ims status` beside real crawls, a real Scrapyd and a real database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ims_spiders.db.files import SessionFolder
from ims_spiders.db.jobs import JobQueue, NewJob
from ims_spiders.db.load import load
from ims_spiders.db.status import Sessions, running
from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.crawl.crawling import ROOT, Archive
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD
from tests.db.factory import folder, issue, session, session_uuid
from tests.deploy.scrapyd import Scrapyd

IMS = [sys.executable, "-m", "ims_spiders.cli"]


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    return Archive(tmp_path / "data", engine)


def look(archive: Archive, env: dict[str, str]) -> dict[str, Any]:
    run = archive.ims(env, "status", "--json")
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def shown(archive: Archive, env: dict[str, str]) -> str:
    """What people see; it fits 80 columns."""
    run = archive.ims({**env, "COLUMNS": "80"}, "status")
    assert run.returncode == 0, run.stderr
    assert all(len(line) <= 80 for line in run.stdout.splitlines())
    return " ".join(run.stdout.split())


def test_a_crawl_is_seen_at_work_and_after_it_was_killed(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.5) as tracker:
        env = {**variables(archive, tracker), "USE_DATABASE": "false"}
        crawl = ["crawl", "ims", "-a", "product=OpenFrame", "-a", "query=TPETIME", "-a", "related=0"]
        crawl += ["-s", "IMS_STATUS_SECONDS=0.2"]
        with (
            forked.start("scrapy", crawl, ROOT, env, stderr=subprocess.DEVNULL) as process,
            forked.start("ims", ["status", "--watch", "--json"], ROOT, env, stdout=subprocess.PIPE) as watching,
        ):
            assert watching.stdout is not None
            seen: list[dict[str, Any]] = []
            while len(seen) < 2 or seen[-1]["done"] == seen[0]["done"]:
                assert process.poll() is None
                seen += [one for one in json.loads(watching.stdout.readline())["running"] if one["found"]]
            watching.send_signal(signal.SIGINT)
            assert watching.wait(20) == 0
            text = shown(archive, env)
            process.kill()
        one = seen[-1]
        assert (one["pid"], one["product"], one["query"], one["username"]) == (
            process.pid, "OpenFrame", "TPETIME", "tester",
        )  # fmt: skip
        assert seen[0]["done"] < one["done"] <= one["found"] == len(tracker.matching_ids("TPETIME", "OpenFrame"))
        assert one["issues_per_second"] > 0
        assert one["uuid"][:8] in text
        assert "not used" in text
        found = look(archive, env)
        (killed,) = found["killed"]
        assert (found["running"], killed["resume"]) == ([], f"ims crawl --resume {one['uuid']}")
        assert one["done"] <= killed["done"] <= killed["found"]
        assert f"ims crawl --resume {one['uuid'][:8]}" in shown(archive, env)
        assert found["last"] is None


def test_database_queue_scrapyd_and_what_is_suspicious(archive: Archive) -> None:
    engine = archive.engine
    assert engine is not None
    reason = {"monitor": "coverage", "message": "fewer issues have a `customer`: 10 % after 90 %"}
    folder(archive.data_dir, session(1), [issue(100)])
    doubtful = {"is_suspicious": True, "metadata": {"suspicions": [reason]}, "product": "JEUS", "exit_code": 5}
    folder(archive.data_dir, session(2, 60, **doubtful), [])
    load(engine, archive.data_dir)
    folder(archive.data_dir, session(3, 30, product="JEUS"), [])
    queue = JobQueue(lambda: engine)
    queue.add(NewJob("default", "ims", "nightly-1", "tester", 8))
    env = archive.variables("http://127.0.0.1:9", "demo", PASSWORD)
    with Scrapyd(archive, env, ("--config", str(ROOT / "deploy" / "scrapyd.conf"))) as scrapyd:
        env["SCRAPYD_URL"] = f"http://127.0.0.1:{scrapyd.port}/"
        found = look(archive, env)
        text = shown(archive, env)
    assert (found["database"]["behind"], found["database"]["behind_sessions"]) == (1, [session_uuid(3)])
    assert found["queue"]["counts"]["pending"] == 1
    assert [job["job"] for job in found["queue"]["jobs"]] == ["nightly-1"]
    assert (found["scrapyd"]["reachable"], found["scrapyd"]["running"]) == (True, 0)
    assert (found["last"]["uuid"], found["last"]["exit_code"]) == (session_uuid(2), 5)
    assert [(one["uuid"], one["suspicions"]) for one in found["suspicious"]] == [(session_uuid(2), [reason])]
    for part in ("nightly-1", "1 sessions are in files only; `ims db load`", "10 % after 90 %", "runs 0, 0 wait"):
        assert part in text
    away = {**env, "DATABASE_URL": "postgresql://me:s3cret-word@127.0.0.1:1/ims_crawler"}
    found = look(archive, away)
    assert (found["database"]["reachable"], found["queue"], found["scrapyd"]["reachable"]) == (False, None, False)
    assert "s3cret-word" not in json.dumps(found)


def test_a_session_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [folder(tmp_path, session(number, number), []) for number in (1, 2)]
    (made[1].path.parent / "broken").mkdir()
    (made[1].path.parent / "broken" / "session.json").write_text("[1")
    sessions = Sessions(tmp_path)
    read: list[str] = []
    original = SessionFolder.read_session

    def watched(folder: SessionFolder) -> dict[str, Any]:
        read.append(folder.path.name)
        return original(folder)

    monkeypatch.setattr(SessionFolder, "read_session", watched)
    assert [state.uuid for state in sessions.look()] == [session_uuid(1), session_uuid(2)]
    assert len(read) == 3
    time.sleep(0.01)
    made[0].write_session({**session(1), "status": "running", "completed_at": None})
    states = sessions.look()
    assert read[3:] == [made[0].path.name]
    made[0].lock()
    (one,) = running(states)
    assert (one.alive, one.session.uuid, one.rate) == (True, session_uuid(1), 0.0)
    made[0].unlock()
    assert not running(states)[0].alive
