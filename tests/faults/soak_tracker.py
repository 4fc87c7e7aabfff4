"""`python -m tests.faults.soak_tracker ISSUES SEED SECONDS`: a tracker that spreads a crawl over that time.

Its answers come so late that what is left to be asked for takes what is left of the time; some are bad; logins expire.
The first line of its output is its address; it ends with its standard input. The password is IMS_DEMO_PASSWORD.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from ims_spiders.demo.server import DemoTracker, serve

PAGES = r"path=/(?:issue|relation|find|patch|dwr|common|upload)"
"""Not the page that follows a login: a login that fails ends a crawl."""
FAULTS = (
    f"status:code=500,p=0.01,seed=1,{PAGES}",
    f"status:code=502,p=0.005,seed=2,{PAGES}",
    f"status:code=429,p=0.003,seed=3,{PAGES}",
    f"reset:p=0.01,seed=4,{PAGES}",
    f"short_body:p=0.008,seed=5,{PAGES}",
    f"stack_trace:p=0.002,seed=6,{PAGES}",
    # The page is then asked for with the browser.
    "missing_field:p=0.02,seed=7",
    "no_number:p=0.01,seed=8",
    "html_attachment:p=0.01,seed=9",
    "empty_attachment:p=0.01,seed=10",
)
"""One answer in twenty, all in all."""
AT_ONCE = 8
"""Requests that the crawl has under way."""
REQUESTS = 6.0
"""For an issue, until it is known how many."""
LONGEST = 30.0
"""Seconds; a crawl has patience for more."""
LOOK = 2.0


class Pace:
    """Sets the tracker's latency every few seconds, and ends all logins now and then."""

    def __init__(self, tracker: DemoTracker, issues: int, seconds: float):
        self._tracker = tracker
        self._issues = issues
        self._ends = time.monotonic() + seconds
        self._expiry = max(20.0, seconds / 30)
        self._asked: set[str] = set()
        self._seen = self._late = 0

    def keep(self) -> None:
        """Until the process ends."""
        expires = time.monotonic() + self._expiry
        while True:
            time.sleep(LOOK)
            self._tracker._state.latency = self.latency()
            if time.monotonic() > expires:
                self._tracker.expire_sessions()
                expires += self._expiry

    def latency(self) -> float:
        """Seconds that each answer has to take for the rest to end in time."""
        entries = self._tracker.ledger.entries
        for entry in entries[self._seen :]:
            self._seen += 1
            # What pages are made of comes at once.
            self._late += "/resources/" not in entry.path
            if "issueView" in entry.path:
                self._asked.add(entry.query)
        each = self._late / len(self._asked) if len(self._asked) > 20 else REQUESTS
        left = max(1, self._issues - len(self._asked)) * each
        return min(LONGEST, max(0.0, self._ends - time.monotonic()) * AT_ONCE / left)


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(tracker: DemoTracker) -> None:
    sys.stdout.write(f"{tracker.base_url}\n")
    sys.stdout.flush()


def main(issues: int, seed: int, seconds: float) -> None:
    """Serve, at the pace."""
    password = os.environ["IMS_DEMO_PASSWORD"]
    tracker = DemoTracker(issues=issues, seed=seed, faults=FAULTS, password=password, latency=0.5)
    threading.Thread(target=_end_with_input, daemon=True).start()
    threading.Thread(target=Pace(tracker, issues, seconds).keep, daemon=True).start()
    serve(tracker, _announce)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
