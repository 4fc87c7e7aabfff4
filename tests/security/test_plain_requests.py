"""Plain requests stay on the tracker and change nothing there, whatever its pages, answers and files lead to."""

from __future__ import annotations

import json
from typing import Any

from tests import forked
from tests.crawl import logged_in
from tests.crawl.crawling import ROOT, Archive
from tests.crawl.other_tracker import STATUSES
from tests.security.servers import LeadingAway, Stranger


def test_redirects_pictures_and_files_that_lead_elsewhere(
    archive: Archive, tracker: LeadingAway, stranger: Stranger
) -> None:
    hits = tracker.search("", ["070"], list(STATUSES))
    page, file, picture = hits[0], hits[1], hits[2]
    pictures = [
        f"{stranger.url}/a.png",
        f"{tracker.base_url.replace('http:', 'https:')}/b.png",
        f"{tracker.base_url.replace('http://', 'http://user:word@')}/c.png",
        f"//127.0.0.1:{stranger.port}/d.png",
        f"\\\\127.0.0.1:{stranger.port}\\e.png",
        "http://127.0.0.1:9/f.png",
        "file:///etc/passwd",
        f"ftp://127.0.0.1:{stranger.port}/g.png",
        "/tody/away/h.png",
    ]
    tracker.world[picture]["comments"] = {"7": "".join(f'<img src="{one}">' for one in pictures)}
    (file_id, *_) = tracker.world[file]["files"]
    tracker.away = {f"issueId={page}": f"{stranger.url}/x", file_id: f"{stranger.url}/y", "/away/": f"{stranger.url}/z"}
    run = archive.crawl(logged_in.variables(archive, tracker), product="Tibero", related=0)
    assert run.exit_code == 5, run.stderr
    documents = archive.documents()
    assert set(documents) == set(hits) - {page}
    errors = {one["error_detail"]["issue_id"]: one["error_message"] for one in archive.last().read_errors()}
    assert set(errors) == {page, file, picture}
    assert all("is not on the tracker" in message for message in errors.values())
    (lost,) = [one for one in documents[file]["attachments"] if not one["downloaded"]]
    assert "is not on the tracker" in lost["download_error"]
    reasons = [one["download_error"] for one in documents[picture]["attachments"] if one["kind"] == "INLINE"]
    assert len(reasons) == len(pictures) - 2  # what is no web address is none to begin with
    assert all("not on the tracker" in reason for reason in reasons)


def test_nothing_but_asking_the_login_and_files(tracker: LeadingAway) -> None:
    url = f"{tracker.base_url}/tody/auth/login.do"
    asked: list[tuple[dict[str, Any], str]] = [
        ({"url": url}, "200"),
        ({"url": url, "method": "HEAD"}, "501"),
        ({"url": url, "method": "POST", "meta": {"ims_login": True}}, "200"),
        ({"url": url, "method": "POST", "meta": {"ims_file_of": "issue", "download_timeout": 60}}, "200"),
        ({"url": url, "method": "POST"}, "RequestRefused"),
        ({"url": url, "method": "POST", "dont_filter": True}, "RequestRefused"),
        ({"url": url, "method": "DELETE", "meta": {"ims_login": True}}, "RequestRefused"),
        ({"url": url, "method": "PUT", "meta": {"ims_file_of": "issue"}}, "RequestRefused"),
        ({"url": "http://127.0.0.1:9/", "meta": {"ims_probe": True}}, "RequestRefused"),
        ({"url": "http://127.0.0.1:9/", "meta": {"playwright": True}}, "RequestRefused"),
    ]
    env = {"IMS_BASE_URL": tracker.base_url, "SCRAPY_SETTINGS_MODULE": "ims_spiders.settings", "PATH": "/usr/bin"}
    done = forked.run("tests.security.refusals", [json.dumps([one for one, _ in asked])], ROOT, env, 60)
    assert json.loads(done.stdout) == [outcome for _, outcome in asked], done.stderr
    sent = [line for line in tracker.methods if not line.startswith("GET ")]
    assert sent == ["HEAD /tody/auth/login.do", *["POST /tody/auth/login.do"] * 2]
    assert "Refused: DELETE" in done.stderr
