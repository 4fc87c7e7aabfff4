"""The demo tracker's login sessions, which idle out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from secrets import token_hex

COOKIE = "JSESSIONID"


@dataclass(slots=True)
class Session:
    """One login: a number for the ledger (the cookie itself is shown nowhere), its user, when it was last used."""

    number: int
    user: str
    used: float


class Sessions:
    """Who is logged in. `idle` is the number of seconds without a request after which a session ends."""

    def __init__(self, idle: float) -> None:
        self.idle = idle
        self._open: dict[str, Session] = {}
        self._count = 0

    def start(self, user: str) -> str:
        """Begin a session; returns the cookie's value."""
        self._count += 1
        token = token_hex(16).upper()
        self._open[token] = Session(self._count, user, time.monotonic())
        return token

    def use(self, token: str | None) -> Session | None:
        """The session of a cookie, kept alive by this; None when there is none or it has idled out."""
        session = self._open.get(token) if token else None
        if session is None or token is None:
            return None
        now = time.monotonic()
        if now - session.used > self.idle:
            del self._open[token]
            return None
        session.used = now
        return session

    def end_all(self) -> int:
        """End every session at once; returns how many there were."""
        count = len(self._open)
        self._open = {}
        return count
