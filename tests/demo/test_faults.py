"""Each fault really does what its name says, seen over HTTP."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from html import unescape

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client, row_ids, total


def newest(tracker: DemoTracker) -> int:
    return max(tracker.world.issues)


def raw(tracker: DemoTracker, client: Client, path: str, timeout: float = 5) -> tuple[bytes, str]:
    """Ask over a bare socket; returns what came in that time and how it ended: `closed`, `reset` or `silent`."""
    (cookie,) = client.jar
    request = f"GET {path} HTTP/1.1\r\nHost: demo\r\nCookie: JSESSIONID={cookie.value}\r\nConnection: close\r\n\r\n"
    came = b""
    give_up = time.monotonic() + timeout
    with socket.create_connection(("127.0.0.1", tracker.port), timeout=timeout) as connection:
        connection.sendall(request.encode())
        try:
            while block := connection.recv(65536):
                came += block
                connection.settimeout(max(0.001, give_up - time.monotonic()))
        except ConnectionResetError:
            return came, "reset"
        except TimeoutError:
            return came, "silent"
    return came, "closed"


def promised(answer: bytes) -> tuple[int, int]:
    """Content-Length and the bytes that really came."""
    head, _, body = answer.partition(b"\r\n\r\n")
    (length,) = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    return int(length), len(body)


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_status_with_retry_after(tracker: DemoTracker, client: Client, code: int) -> None:
    tracker.faults.add(f"status:code={code},retry_after=7,path=issueView,nth=2")
    answers = [client.issue(newest(tracker)) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, code, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[0].headers["Retry-After"] is None
    assert [entry.faults for entry in tracker.ledger.entries[-3:]] == [[], ["status"], []]


def test_reset_in_the_middle_of_the_body(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("reset")
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        client.issue(newest(tracker))
    _, ending = raw(tracker, client, f"/tody/ims/issue/issueView.do?issueId={newest(tracker)}")
    assert ending == "reset"


def test_short_body(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("short_body")
    came, ending = raw(tracker, client, f"/tody/ims/issue/issueView.do?issueId={newest(tracker)}")
    length, got = promised(came)
    assert ending == "closed"
    assert 0 < got < length - 100


def test_hang(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("hang")
    assert raw(tracker, client, "/tody/main.do", timeout=0.5) == (b"", "silent")


def test_drip(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("drip:interval=0.05")
    came, ending = raw(tracker, client, "/tody/main.do", timeout=1.0)
    assert ending == "silent"
    length, got = promised(came)
    assert 0 < got <= 20 < length


def test_outage_refuses_connections_for_a_while(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("outage:seconds=1.0,path=issueView")
    with pytest.raises((OSError, http.client.HTTPException)):
        client.issue(newest(tracker))
    with pytest.raises(urllib.error.URLError, match="refused"):
        client.issue(newest(tracker))
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            assert client.issue(newest(tracker)).status == 200
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("it never came back")


def test_redirect_loop(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("redirect_loop:path=issueView")
    answer = client.issue(newest(tracker))
    assert answer.status == 302
    assert tracker.ledger.count("/tody/loop/") >= 4


def test_stack_trace(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("stack_trace:path=issueView")
    answer = client.issue(newest(tracker))
    assert answer.status == 200
    assert "java.lang.NullPointerException" in answer.text
    assert not answer.page.css("span.issueNumber")


def test_slow(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("slow:seconds=0.4,path=issueView")
    started = time.monotonic()
    assert client.issue(newest(tracker)).page.css("span.issueNumber")
    assert time.monotonic() - started >= 0.4


def test_expire_at(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("expire_at:path=issueView,nth=3")
    urls = [client.issue(newest(tracker)).url for _ in range(4)]
    assert ["/login" in url for url in urls] == [False, False, True, True]
    client.login()
    assert "/login" not in client.issue(newest(tracker)).url


def test_login_form_200(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("login_form_200:path=issueView,nth=2")
    assert client.issue(newest(tracker)).page.css("span.issueNumber")
    for _ in range(2):
        answer = client.issue(newest(tracker))
        assert (answer.status, "issueView.do" in answer.url) == (200, True)
        assert answer.page.css("input[type=password]")
    client.login()
    assert client.issue(newest(tracker)).page.css("span.issueNumber")


def test_login_refuse(tracker: DemoTracker) -> None:
    tracker.faults.add("login_refuse")
    answer = Client(tracker.base_url).login()
    assert (answer.status, "/login" in answer.url) == (200, True)
    assert tracker.ledger.logins_refused == 1


def test_login_refuse_later(tracker: DemoTracker) -> None:
    tracker.faults.add("login_refuse_later:accept=2")
    urls = [Client(tracker.base_url).login().url for _ in range(4)]
    assert ["/login" in url for url in urls] == [False, False, True, True]
    assert (tracker.ledger.logins_accepted, tracker.ledger.logins_refused) == (2, 2)


def test_swap_user(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("swap_user:nth=2,user=other,name=Other Person")
    users = [client.issue(newest(tracker)).page.css("#userId::attr(value)").get() for _ in range(3)]
    assert users == ["demo", "other", "other"]


def test_missing_field_and_no_number(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("missing_field:label=Subject")
    labels = client.issue(newest(tracker)).page.xpath("//td[not(ancestor::div[@id='NoticeDiv'])]/text()").getall()
    assert "Subject" not in labels
    tracker.faults.replace(["no_number"])
    page = client.issue(newest(tracker)).page
    assert not page.css("span.issueNumber")
    assert page.css("#IssueDescriptionDiv")


def test_wrong_charset(tracker: DemoTracker, client: Client) -> None:
    number = next(i.issue_id for i in tracker.world.issues.values() if i.language == "ko")
    sound = client.issue(number).text
    tracker.faults.add("wrong_charset")
    answer = client.issue(number)
    assert answer.headers.get_content_charset() == "utf-8"
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()
    assert unescape(answer.body.decode("cp949")) == unescape(sound)


def test_nul_bytes(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("nul_bytes")
    assert b"<p>raw\0bytes</p>" in client.issue(newest(tracker)).body


def test_an_empty_page_still_has_its_total(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("empty_page:nth=2")
    answers = [client.search(pageIndex=page) for page in (1, 2, 3)]
    assert [bool(row_ids(answer)) for answer in answers] == [True, False, True]
    assert len({total(answer) for answer in answers}) == 1


def test_shift_rows(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("shift_rows:nth=2,rows=3")
    first, second = client.search(pageIndex=1), client.search(pageIndex=2)
    assert row_ids(second)[:3] == row_ids(first)[-3:]
    assert total(second) == total(first) + 3
    assert len(tracker.truth()["issues"]) == 43


def test_edit_between(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("edit_between:nth=2")
    first, second = (client.issue(newest(tracker)).text for _ in range(2))
    assert "edited 1 times" not in first
    assert "edited 1 times" in second
    assert tracker.truth()["issues"][str(newest(tracker))]["title"] == "edited 1 times"


@pytest.mark.parametrize("fault", ["html_attachment", "empty_attachment"])
def test_spoilt_attachments(tracker: DemoTracker, client: Client, fault: str) -> None:
    tracker.faults.add(f"{fault}:nth=1")
    issue = next(i for i in tracker.world.issues.values() if any(f.kind == "ISSUE" for f in i.files))
    file = next(f for f in issue.files if f.kind == "ISSUE")
    query = {"fileId": file.file_id, "fileType": "ISSUE"}
    spoilt, sound = (client.get("/tody/common/fileDownload.do", query) for _ in range(2))
    assert spoilt.status == 200
    if fault == "empty_attachment":
        assert (spoilt.body, spoilt.headers["Content-Length"]) == (b"", "0")
    else:
        assert spoilt.page.css("input[type=password]")
    assert sound.body == tracker.world.files.content(file)


def test_xss(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("xss:issues=4")
    new = sorted(tracker.world.issues, reverse=True)[:4]
    truth = tracker.truth()["issues"]
    titles = " ".join(truth[str(number)]["title"] for number in new)
    assert "<script>window.hacked=1</script>" in titles
    for number in new:
        answer = client.issue(number)
        assert "<script>window.hacked=1</script>" in answer.text, "the description is given as the editor left it"
        label = answer.page.xpath("//td[.='Subject' and not(ancestor::div[@id='NoticeDiv'])]")
        assert not label.xpath("following-sibling::td[1]//script"), "the subject is not"
    assert set(map(str, new)) <= set(tracker.matching_ids("TPETIME", "OpenFrame"))


def test_hostile_names_links_and_bombs() -> None:
    with DemoTracker(issues=10, faults=["hostile_names", "hostile_links", "bombs:megabytes=3"]) as tracker:
        truth = tracker.truth()["issues"]
        names = [a["filename"] for issue in truth.values() for a in issue["attachments"] if "filename" in a]
        assert {"..", "/etc/cron.d/escaped", "bomb.zip", "bomb.pdf"} <= set(names)
        assert max(map(len, names)) > 4096
        foreign = [src for issue in truth.values() for src in issue["foreign_images"]]
        assert "file:///etc/passwd" in foreign
        client = Client(tracker.base_url)
        client.login()
        for number, issue in truth.items():
            for attachment in issue["attachments"]:
                if "filename" in attachment:
                    query = {"fileId": attachment["file_id"], "fileType": attachment["kind"]}
                    assert len(client.get("/tody/common/fileDownload.do", query).body) == attachment["file_size"]
            for src in issue["foreign_images"]:
                assert src in client.issue(number).page.css("#IssueDescriptionDiv img::attr(src)").getall()


def test_an_endless_script_stands_in_the_page(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("endless_script")
    script = client.issue(newest(tracker)).page.css("body script[src]::attr(src)").get()
    assert script is not None
    assert raw(tracker, client, script, timeout=0.4) == (b"", "silent")
