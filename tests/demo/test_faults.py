"""Each fault of server and session really does what its name says, seen over HTTP."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client


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
    assert 0 < got < length


@pytest.mark.parametrize(("end", "mark"), [("chunks", b"\r\nTransfer-Encoding: chunked\r\n"), ("closing", b"")])
def test_short_body_without_a_length(tracker: DemoTracker, client: Client, end: str, mark: bytes) -> None:
    tracker.faults.add(f"short_body:end={end}")
    came, ending = raw(tracker, client, f"/tody/ims/issue/issueView.do?issueId={newest(tracker)}")
    head, _, body = came.partition(b"\r\n\r\n")
    assert ending == "closed"
    assert mark in head
    assert (b"Transfer-Encoding" in head, b"Content-Length" in head) == (bool(mark), False)
    assert b"issueNumber" in body
    assert b"</html>" not in body
    assert not body.endswith(b"0\r\n\r\n")


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


def test_an_endless_script_stands_in_the_page(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("endless_script")
    script = client.issue(newest(tracker)).page.css("body script[src]::attr(src)").get()
    assert script is not None
    assert raw(tracker, client, script, timeout=0.4) == (b"", "silent")
