"""What a server has acknowledged of late: after a new connection to it nobody knows whether it still has that.

With synchronous_commit off, and after a failover to a replica that lagged, the last transactions are gone although they
were acknowledged. Writing an issue again that is still there costs next to nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

SECONDS = 60.0
"""How far back a server may forget."""


class Acknowledged:
    """Issues whose write was acknowledged within the last minute before the latest one, and by which connection."""

    def __init__(self) -> None:
        self._issues: deque[tuple[float, object, str]] = deque()
        self._connection: object = None

    def note(self, issue_ids: Iterable[str], connection: object) -> None:
        """These were written over this connection, or one after it."""
        now = time.monotonic()
        self._issues.extend((now, connection, issue_id) for issue_id in issue_ids)
        while self._issues and self._issues[0][0] < now - SECONDS:
            self._issues.popleft()

    def doubtful(self, connection: object) -> list[str] | None:
        """After something was written over this connection: None when it is the one of the last time, otherwise what
        was written over others."""
        if connection == self._connection:
            return None
        self._connection = connection
        found = [issue_id for _, other, issue_id in self._issues if other != connection]
        self._issues = deque(entry for entry in self._issues if entry[1] == connection)
        return found
