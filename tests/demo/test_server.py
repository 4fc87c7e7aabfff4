"""Starting and stopping the demo tracker, and what it may import."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading

import pytest

from ims_spiders.demo.server import DemoTracker
from tests.demo.client import Client, wait_until

FOREGROUND = """
from ims_spiders.demo.server import DemoTracker, serve
serve(DemoTracker(issues=10, latency=60), lambda tracker: print(tracker.base_url, flush=True))
print("clean", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_server_ends_cleanly_on_a_signal_even_with_a_request_under_way(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", FOREGROUND], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            port = int(base_url.rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
                waiting.sendall(b"GET /tody/main.do HTTP/1.1\r\nHost: x\r\n\r\n")
                assert Client(base_url).get("/__demo__/ledger").status == 200
                process.send_signal(number)
                assert process.stdout.read().strip() == "clean"
                assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_a_taken_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=str(port)), DemoTracker(issues=5, port=port):
            pass


def test_it_can_be_started_again_on_the_port_it_had() -> None:
    with DemoTracker(issues=5) as first:
        port = first.port
        assert Client(first.base_url).login().status == 200
    with DemoTracker(issues=5, port=port) as second:
        assert second.base_url == f"http://127.0.0.1:{port}"
        assert Client(second.base_url).login().status == 200


def test_leaving_the_block_ends_the_thread_with_requests_under_way() -> None:
    before = set(threading.enumerate())
    with DemoTracker(issues=5, faults=["hang"]) as tracker:
        client = Client(tracker.base_url)
        caught: list[BaseException] = []

        def ask() -> None:
            try:
                client.login()
            except Exception as error:  # noqa: BLE001
                caught.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: tracker.ledger.count("/tody/main.do") > 0)
    asking.join(timeout=10)
    assert caught, "the request that hung was cut"
    assert set(threading.enumerate()) <= before


def test_it_imports_nothing_else_of_the_project() -> None:
    code = "import sys, ims_spiders.demo.server; print(*[m for m in sys.modules if m.startswith('ims_spiders.')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    modules = found.stdout.split()
    assert "ims_spiders.demo.world.build" in modules
    assert all(name.startswith("ims_spiders.demo") for name in modules)


def test_the_password_is_in_no_representation() -> None:
    tracker = DemoTracker(issues=1, password="correct-horse")
    assert "correct-horse" not in repr(vars(tracker))
