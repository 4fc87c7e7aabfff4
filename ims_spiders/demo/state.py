"""What a running demo tracker knows and how it is set; every page and fault works on this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from ims_spiders.demo.ledger import Entry, Ledger
from ims_spiders.demo.sessions import Sessions
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.build import World

if TYPE_CHECKING:
    from ims_spiders.demo.faults.plan import FaultPlan

ATTACHMENT_STYLES = ("get", "post", "iframe", "window_open", "two_urls", "issue_id")


@dataclass(frozen=True, slots=True)
class User:
    """Whose name the pages carry."""

    user_id: str
    name: str
    grade: str = "TMAX"


@dataclass(slots=True)
class Tweaks:
    """How a fault wants the page of one request to differ."""

    without_label: str | None = None
    without_number: bool = False
    without_rows: bool = False
    without_results: bool = False
    hidden_rows: int = 0
    endless: bool = False
    nul_bytes: bool = False


@dataclass(slots=True)
class State:
    """The running tracker."""

    world: World
    sessions: Sessions
    faults: FaultPlan
    username: str
    password: str = field(repr=False)
    attachment_style: str = "get"
    columns: tuple[str, ...] = catalog.DEFAULT_COLUMNS
    latency: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    shown_user: User | None = None
    stop_listening: Callable[[float], None] | None = None

    def user(self) -> User:
        """Whose name the pages carry now."""
        return self.shown_user or User(self.username, f"{self.username} 사용자")


def check_columns(columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of the result list, in order. Raises ValueError for one that the tracker does not have."""
    if columns is None:
        return catalog.DEFAULT_COLUMNS
    unknown = [name for name in columns if name not in catalog.COLUMNS]
    if unknown or not columns:
        raise ValueError(f"unknown columns {unknown}; the tracker has {', '.join(catalog.COLUMNS)}")
    return tuple(columns)


STATE = web.AppKey("state", State)
ENTRY: web.RequestKey[Entry] = web.RequestKey("entry", Entry)
TWEAKS: web.RequestKey[Tweaks] = web.RequestKey("tweaks", Tweaks)


def tweaks(request: web.Request) -> Tweaks:
    """How the page of this request is to differ."""
    return request[TWEAKS]


async def parameters(request: web.Request) -> dict[str, list[str]]:
    """Query and, for a POST, form parameters together."""
    found: dict[str, list[str]] = {}
    for name, value in request.query.items():
        found.setdefault(name, []).append(value)
    if request.method == "POST":
        for name, posted in (await request.post()).items():
            if isinstance(posted, str):
                found.setdefault(name, []).append(posted)
    return found


def html(body: str) -> web.Response:
    """A page with the tracker's content type."""
    return web.Response(text=body, content_type="text/html", charset="UTF-8")
