"""A user who logged in before: for crawls that are about something else, and need no browser then.

Logging in with the browser and learning how files are asked for take half of the processor time of a small crawl.
"""

from __future__ import annotations

import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from ims_spiders.demo.server import DemoTracker
from ims_spiders.login.state import from_cookie, state_document, state_path
from tests.crawl.crawling import Archive
from tests.crawl.other_tracker import OtherTracker
from tests.crawl.test_demo_tracker import PASSWORD
from tests.crawl.test_other_tracker import variables as other_variables

DEMO_FILES = "/tody/common/fileDownload.do?fileId={file_id}&fileType={kind}"
OTHER_FILES = "POST /tody/common/fileDown.do gubun={kind}&seq={file_id}&key={issue_id}"


def variables(
    archive: Archive, tracker: DemoTracker | OtherTracker, username: str = "demo", password: str = PASSWORD
) -> dict[str, str]:
    """The environment of that user, who also says how files are asked for. The first call logs in."""
    if isinstance(tracker, DemoTracker):
        made = archive.variables(tracker.base_url, username, password, IMS_ATTACHMENT_URL=DEMO_FILES)
        form = {"id": username, "password": password}
    else:
        made, form = other_variables(archive, tracker, IMS_ATTACHMENT_URL=OTHER_FILES), {"id": "hong"}
        form["password"] = "gil dong&1"
    path = state_path(archive.data_dir, tracker.base_url, form["id"])
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(state_document([from_cookie(cookie) for cookie in _cookies(tracker.base_url, form)]))
    return made


def _cookies(base_url: str, form: dict[str, str]) -> CookieJar:
    jar = CookieJar()
    direct = urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(direct, urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{base_url}/tody/auth/login.do", urlencode(form).encode(), timeout=20) as answer:
        assert answer.status == 200
    assert jar, "the tracker accepts the login"
    return jar
