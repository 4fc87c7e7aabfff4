"""The doctor sees what is missing and says what to do about it."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.cli.conftest import Ims


def verdicts(ims: Ims, *arguments: str, code: int, **environment: str) -> dict[str, dict[str, Any]]:
    done = ims.run("doctor", "--json", *arguments, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    return {check["name"]: check for check in json.loads(done.stdout)}


@pytest.fixture
def temporary() -> Iterator[Path]:
    """An empty folder for temporary files, with a path short enough for a browser's sockets."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def logins(tracker: DemoTracker) -> int:
    return len([entry for entry in tracker.ledger.entries if entry.method == "POST" and "login" in entry.path])


def test_all_is_well_and_nothing_is_left_behind(ims_at: Ims, tracker: DemoTracker, temporary: Path) -> None:
    before = logins(tracker)
    found = verdicts(ims_at, "--login", code=0, TMPDIR=str(temporary))
    assert 15 <= len(found) <= 20
    assert {name for name, check in found.items() if check["state"] != "ok"} <= {"Fonts"}
    assert all(check["ok"] and check["advice"] is None for name, check in found.items() if name != "Fonts")
    assert max(len(check["found"]) for check in found.values()) < 150
    assert "in the browser" in found["Login"]["found"]
    assert logins(tracker) == before + 1
    assert list(ims_at.folder.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_no_login_is_tried_unasked(ims_at: Ims, tracker: DemoTracker) -> None:
    before = logins(tracker)
    assert "Login" not in verdicts(ims_at, code=0, IMS_RENDER="never", USE_DATABASE="false")
    assert logins(tracker) == before


@pytest.mark.parametrize("render", ["never", pytest.param("auto", marks=pytest.mark.long)])
def test_a_wrong_password_is_tried_once(ims_at: Ims, tracker: DemoTracker, render: str) -> None:
    before = logins(tracker)
    found = verdicts(ims_at, "--login", code=1, IMS_RENDER=render, IMS_PASSWORD="wrong-password")
    assert [name for name, check in found.items() if not check["ok"]] == ["Login"]
    assert "IMS_PASSWORD" in found["Login"]["advice"]
    assert "wrong-password" not in json.dumps(found)
    assert logins(tracker) == before + 1


def test_a_plain_login(ims_at: Ims) -> None:
    assert verdicts(ims_at, "--login", code=0, IMS_RENDER="never")["Login"]["found"] == "accepted, by a plain request"


def test_cookies_that_are_no_longer_accepted(ims_at: Ims) -> None:
    cookies = [{"name": "JSESSIONID", "value": "over", "domain": "127.0.0.1", "path": "/"}]
    (ims_at.folder / "cookies.json").write_text(json.dumps(cookies))
    found = verdicts(ims_at, "--login", code=1, IMS_COOKIE_FILE="cookies.json", IMS_RENDER="never")
    assert "cookies" in found["Login"]["found"]
    assert "over" not in found["Login"]["found"].split()


def test_nothing_is_set(ims: Ims) -> None:
    found = verdicts(
        ims, code=1, IMS_BASE_URL="http://127.0.0.1:9", IMS_BROWSER="/no/browser", IMS_DATA_DIR="/proc/none"
    )
    failed = {name for name, check in found.items() if not check["ok"]}
    assert failed == {"Login details", "Data folder", "Browser", "Tracker"}
    assert all(found[name]["advice"] for name in failed)


def test_wrong_settings_are_named(ims: Ims) -> None:
    found = verdicts(ims, code=1, IMS_RENDER="sometimes", DATABASE_PORT="none")
    assert set(found) == {"Python", "Configuration", "Text of attachments", "Limits on attachments"}
    assert "IMS_RENDER" in found["Configuration"]["found"]


def test_something_else_than_the_tracker(ims_at: Ims) -> None:
    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>It works!</h1>")

        def log_message(self, *arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        found = verdicts(ims_at, code=1, IMS_BASE_URL=url, IMS_RENDER="never")
    finally:
        server.shutdown()
        server.server_close()
    # Its answer for the login page's address is no login page, whatever the address says.
    assert not found["Tracker"]["ok"]


def test_a_database_that_is_away(ims_at: Ims) -> None:
    url = "postgresql://me:hidden@127.0.0.1:9/archive"
    found = verdicts(ims_at, code=1, DATABASE_URL=url, IMS_RENDER="never")
    assert not found["Database"]["ok"]
    assert "ims db load" in found["Database"]["advice"]
    assert "hidden" not in json.dumps(found)


def test_lines_for_people(ims: Ims) -> None:
    done = ims.run("doctor", IMS_BASE_URL="http://127.0.0.1:9", IMS_RENDER="never")
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok   Python: 3.") for line in lines)
    assert any(line.startswith("FAIL Tracker: ") for line in lines)
    assert any(line.startswith("skip Login and pages: ") for line in lines)
    assert any(line.startswith("     → ") for line in lines)
    assert "\x1b" not in done.stdout


def test_colours_only_where_they_are_wanted(ims: Ims) -> None:
    settings = {"IMS_BASE_URL": "http://127.0.0.1:9", "IMS_RENDER": "never", "FORCE_COLOR": "1", "TERM": "xterm"}
    assert "\x1b[32mok" in ims.run("doctor", **settings).stdout
    assert "\x1b[32m" not in ims.run("doctor", **settings, NO_COLOR="1").stdout
