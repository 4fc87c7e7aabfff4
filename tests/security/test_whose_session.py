"""A session that is somebody else's by now is noticed by the first page, before anything of it is stored."""

from __future__ import annotations

import json

from ims_spiders.login.state import state_path
from tests.crawl import logged_in
from tests.crawl.crawling import Archive, Run
from tests.security.servers import LeadingAway


def crawl(archive: Archive, tracker: LeadingAway, **more: str) -> Run:
    return archive.crawl(logged_in.variables(archive, tracker) | more, product="Tibero", max_results=2, related=0)


def test_a_saved_login_that_was_given_to_somebody_else(archive: Archive, tracker: LeadingAway) -> None:
    first = crawl(archive, tracker)
    assert first.exit_code == 0, first.stderr
    tracker.user, seen = "mallory", len(tracker.methods)
    second = crawl(archive, tracker)
    assert second.exit_code == 3
    assert archive.documents() == {}
    assert not any("issueView" in line or "fileDown" in line for line in tracker.methods[seen:])
    error = archive.last().read_errors()[0]
    assert error["error_type"] == "authentication_error"
    assert "'mallory'" in error["error_message"]
    path = state_path(archive.data_dir, tracker.base_url, "hong")
    assert f"{path}" in error["error_message"]
    # What the message says to do.
    path.unlink()
    tracker.user = "hong"
    third = crawl(archive, tracker, IMS_RENDER="never")
    assert third.exit_code == 0, third.stderr
    assert json.loads(path.read_bytes())["userId"] == "hong"
    assert path.stat().st_mode & 0o077 == 0


def test_a_cookie_file_that_was_given_to_somebody_else(archive: Archive, tracker: LeadingAway) -> None:
    env = logged_in.variables(archive, tracker)
    saved = state_path(archive.data_dir, tracker.base_url, "hong")
    file = archive.data_dir / "cookies.json"
    saved.rename(file)
    more = {"IMS_COOKIE_FILE": str(file), "IMS_USERNAME": "", "IMS_PASSWORD": ""}
    for user, code in (("hong", 0), ("mallory", 3)):
        tracker.user = user
        run = archive.crawl(env | more, product="Tibero", max_results=2, related=0)
        assert run.exit_code == code, run.stderr
    assert archive.documents() == {}
