"""`ims crawl` as people run it: its exit codes and what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.crawl import logged_in
from tests.crawl.crawling import ROOT, Archive
from tests.crawl.test_demo_tracker import PASSWORD, variables

CRAWL = ("crawl", "-p", "OpenFrame", "-q", "TPETIME", "--no-related")


def test_cookies_of_a_browser_instead_of_a_password(files_only: Archive, tmp_path: Path) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = variables(files_only, tracker, IMS_RENDER="never", IMS_ATTACHMENT_URL=logged_in.DEMO_FILES)
        assert files_only.ims(env, *CRAWL, "-m", "1").returncode == 0
        (state,) = (files_only.data_dir / "state").iterdir()
        cookies = tmp_path / "cookies.json"
        cookies.write_bytes(state.read_bytes())
        state.unlink()
        env = {**env, "IMS_COOKIE_FILE": str(cookies)}
        del env["IMS_USERNAME"], env["IMS_PASSWORD"]
        run = files_only.ims(env, *CRAWL, "-m", "3", "--json")
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["issues_crawled"] == 3
        assert tracker.ledger.logins_accepted == 1
        tracker.expire_sessions()
        run = files_only.ims(env, *CRAWL, "-m", "3")
        assert run.returncode == 3
        assert "export them again" in run.stderr
        assert (tracker.ledger.logins_accepted, tracker.ledger.logins_refused) == (1, 0)


def test_what_is_wrong_is_said_before_anything_is_asked(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        env = variables(files_only, tracker)
        for wrong, said in (
            ({"IMS_PASSWORD": ""}, "IMS_PASSWORD"),
            ({"IMS_BASE_URL": "ims.example.com"}, "IMS_BASE_URL"),
            ({"IMS_BROWSER": "/nonexistent"}, "IMS_BROWSER"),
            ({"IMS_ATTACHMENT_URL": "/download.do"}, "IMS_ATTACHMENT_URL"),
            ({"IMS_RENDER": "often"}, "IMS_RENDER"),
        ):
            run = files_only.ims({**env, **wrong}, *CRAWL)
            assert run.returncode == 2, (wrong, run.stderr)
            assert said in run.stderr
            assert "Traceback" not in run.stderr
        for arguments in (("--refresh", "some"), ("--resume", "last"), ("--max-results", "-4"), ("--colour",)):
            run = files_only.ims(env, "crawl", *arguments)
            assert run.returncode == 2, (arguments, run.stderr)
        assert tracker.ledger.entries == []


def test_an_unknown_product_is_named_with_those_like_it(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker:
        run = files_only.ims(variables(files_only, tracker), "crawl", "-p", "OpenFrmae", "-q", "TPETIME")
    assert run.returncode == 2
    assert "OpenFrmae" in run.stderr
    assert "OpenFrame" in run.stderr.replace("OpenFrmae", "")
    assert files_only.documents() == {}


def test_a_terminal_shows_a_bar_with_rate_and_time_left(files_only: Archive) -> None:
    with DemoTracker(password=PASSWORD, latency=0.1) as tracker:
        keyboard, screen = os.openpty()
        env = {**logged_in.variables(files_only, tracker), "TERM": "xterm", "COLUMNS": "80"}
        few = [*CRAWL, "-m", "8"]
        with forked.start("ims", few, ROOT, env, stderr=screen, stdout=subprocess.DEVNULL) as crawl:
            os.close(screen)
            shown = b""
            with suppress(OSError):
                while part := os.read(keyboard, 4096):
                    shown += part
            os.close(keyboard)
            assert crawl.wait(60) == 0
    drawn = shown.decode("utf-8", "replace")
    assert "\x1b[" in drawn
    assert re.search(r"\d+/\d+", drawn)
    assert re.search(r"\d\.\d/s, (\d+ min )?\d+ s left", drawn)
