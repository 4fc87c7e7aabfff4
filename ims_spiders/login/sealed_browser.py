"""A browser that can reach nothing but the tracker, and can change nothing there: arguments, contexts, each request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError

from ims_spiders.login.origin import READING, Fence

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Route, WebSocketRoute
    from playwright.async_api import Request as BrowserRequest

Say = Callable[[str, str, str], None]
"""Takes the method, the address and the reason of a request that was refused."""

CONTEXT_OPTIONS: dict[str, Any] = {"service_workers": "block"}
"""What a context is made with: a service worker's requests belong to no page, and outlive it."""
PERMIT = "ims_permit"
"""Key in a request's meta: the Permit of the browser page that is opened for it."""
LOCAL = frozenset({"data", "blob", "about"})
"""Schemes of addresses that hold their own content."""
ONE_WAY = frozenset({"ping", "websocket", "eventsource"})
"""Types of requests that no page is read with."""

# Workers have connections of their own, which no route sees; what is sent while a page is left is seen by none either.
SEAL = """(() => {
  for (const name of ["Worker", "SharedWorker", "RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"])
    try { delete window[name]; } catch (error) {}
  Navigator.prototype.sendBeacon = () => false;
  for (const name of ["pagehide", "unload", "beforeunload", "visibilitychange", "freeze"])
    window.addEventListener(name, event => event.stopImmediatePropagation(), true);
})()"""


class Permit:
    """Whether a page may send a POST, too: while a login form is filled in, or a download is watched."""

    def __init__(self, *, given: bool = False):
        self.given = given

    def __enter__(self) -> None:
        self.given = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.given = False


def sealed_arguments(fence: Fence) -> list[str]:
    """Chromium's arguments: no name is resolved and no connection made but to the tracker's hosts and ports.

    This holds for what no route is asked about, too: redirects, popups, workers, connections made ahead of time.
    A proxy would resolve names by itself, but there is none (browser.py); WebRTC would not ask the resolver.
    """
    own = "".join(f"MAP {origin.netloc} {origin.netloc}, " for origin in fence.origins)
    return [
        f"--host-resolver-rules={own}MAP * ~NOTFOUND",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]


async def seal(context: BrowserContext, say: Say) -> None:
    """Have a context refuse sockets, and the requests of pages that nobody opened: popups."""

    async def refuse(route: Route) -> None:
        say(route.request.method, route.request.url, "a window that the page opened")
        # The window may be gone by now.
        with suppress(PlaywrightError):
            await route.abort()

    async def close(socket: WebSocketRoute) -> None:
        say("GET", socket.url, "a socket")
        with suppress(PlaywrightError):
            await socket.close()

    await context.add_init_script(SEAL)
    await context.route("**/*", refuse)
    await context.route_web_socket("**/*", close)


def why_refused(request: BrowserRequest, fence: Fence, permit: Permit) -> str | None:
    """Why a page may not send this request; None when it may."""
    if not fence.allows(request.url):
        return "not on the tracker"
    if request.resource_type in ONE_WAY:
        return "nothing that is read"
    if request.method not in READING and not (request.method == "POST" and permit.given):
        return "it may change something"
    return None
