"""An exception in login, connection or database code may quote every secret: none is said, kept or stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.crawl import logged_in
from tests.crawl.crawling import ROOT, Archive, Run
from tests.faults.oracle import shapes
from tests.security.raising import PLACES

PASSWORD = "c4n4ry pass&+/%ü"
SEARCH = ["-p", "OpenFrame", "-q", "TPETIME", "-m", "2", "--no-related"]
ARGUMENTS = ["-a", "product=OpenFrame", "-a", "query=TPETIME", "-a", "max_results=2", "-a", "related=0"]
NEW_LOGIN = {"http_login": "never", "browser_login": "auto"}


def run(archive: Archive, tracker: DemoTracker, place: str, command: list[str], **more: str) -> Run:
    """The command, with the exception in that place; by a user who is logged in unless it is about the login."""
    if place in NEW_LOGIN:
        env = archive.variables(tracker.base_url, "demo", PASSWORD, IMS_RENDER=NEW_LOGIN[place])
    else:
        env = logged_in.variables(archive, tracker, "demo", PASSWORD)
    done = forked.run("tests.security.raising", [place, *command], ROOT, env | more, 90)
    return Run(done.returncode, done.stdout, done.stderr)


def check_nothing_leaked(archive: Archive, done: Run, *more: str) -> None:
    """Neither what was said nor any file holds a secret, but for the saved login."""
    secrets = {PASSWORD, *more}
    for state in (archive.data_dir / "state").glob("*.json"):
        secrets |= logged_in_cookies(state.read_bytes())
    files = [path for path in archive.data_dir.rglob("*") if path.is_file() and path.parent.name != "state"]
    texts = {"said": (done.stdout + done.stderr).encode(), **{path.name: path.read_bytes() for path in files}}
    for secret in secrets:
        for form in shapes(secret):
            for name, text in texts.items():
                assert form not in text, (form, name, text[max(0, text.find(form) - 300) :][:600])


def logged_in_cookies(state: bytes) -> set[str]:
    return {cookie["value"] for cookie in json.loads(state)["cookies"]}


LONG = {"http_login", "connection", "middleware"}
"""Places that another one is like; with seeds, the row of this fault comes by there, too."""


def cases(places: list[str]) -> list[Any]:
    return [pytest.param(place, marks=pytest.mark.long) if place in LONG else place for place in places]


@pytest.mark.parametrize("place", cases([place for place in PLACES if place != "database"]))
def test_scrapy(archive: Archive, place: str) -> None:
    with DemoTracker(password=PASSWORD, issues=60) as tracker:
        done = run(archive, tracker, place, ["scrapy", "crawl", "ims", *ARGUMENTS, "-s", "RETRY_TIMES=0"])
    check_nothing_leaked(archive, done)
    assert "***" in done.stderr or place in NEW_LOGIN, done.stderr


@pytest.mark.parametrize("place", ["login_session", pytest.param("thread", marks=pytest.mark.long)])
def test_ims(archive: Archive, place: str) -> None:
    with DemoTracker(password=PASSWORD, issues=60) as tracker:
        done = run(archive, tracker, place, ["ims", "--debug", "crawl", *SEARCH, "--yes"], IMS_LOG_FORMAT="json")
    check_nothing_leaked(archive, done)


@pytest.mark.parametrize("command", [["db", "status"], ["--debug", "db", "stats"]])
def test_database(archive: Archive, command: list[str]) -> None:
    dsn = "postgresql://me:d4tabase%2Fpw@127.0.0.1:9/ims"
    env = {"DATABASE_URL": dsn, "USE_DATABASE": "true"}
    with DemoTracker(password=PASSWORD, issues=60) as tracker:
        done = run(archive, tracker, "database", ["ims", *command], **env)
    assert done.returncode != 0
    check_nothing_leaked(archive, done, "d4tabase%2Fpw", "d4tabase/pw")
