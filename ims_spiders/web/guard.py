"""Who is answered: requests to read, under a name of this server, with the password where one is set."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from ims_spiders.web.settings import WebSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SETTINGS = web.AppKey("settings", WebSettings)
HEALTH = "/healthz"
METHODS = ("GET", "HEAD")
WRONG_PASSWORD_SECONDS = 1.0
POLICY = (
    "default-src 'none'; style-src 'self'{nonce}; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "X-Robots-Tag": "noindex",
    "Server": "ims",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the request through, or raise the HTTP error that says why not."""
    if request.method not in METHODS:
        raise web.HTTPMethodNotAllowed(request.method, METHODS, text="This archive is only read: GET and HEAD.")
    if not _names_this_server(request):
        raise web.HTTPMisdirectedRequest(
            text="This archive is not served under that name; whoever runs it can add one with --public-name."
        )
    if _is_pulled_in_by_another_site(request):
        raise web.HTTPForbidden(text="Other sites' pages may link to this archive, but not load things from it.")
    settings = request.app[SETTINGS]
    if settings.password is None and _came_through_a_proxy(request):
        raise web.HTTPForbidden(text="What a proxy lets in must bring a password; whoever runs this can set one.")
    if settings.password is not None and request.path != HEALTH:
        await _let_in(request, settings.password)
    return await handler(request)


async def protect(_: web.Request, response: web.StreamResponse) -> None:
    """The headers that every answer has, before it is sent."""
    for name, value in HEADERS.items():
        if name == "Server" or name not in response.headers:
            response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=""))


def _names_this_server(request: web.Request) -> bool:
    """Whether the Host header is a name of ours: a page of another site may have its own name point here."""
    hosts = request.headers.getall(hdrs.HOST, [])
    if len(hosts) != 1:
        return False
    try:
        name = (urlsplit(f"//{hosts[0]}").hostname or "").rstrip(".")
    except ValueError:
        return False
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return name in request.app[SETTINGS].names or (address is not None and name == address[0])


def _came_through_a_proxy(request: web.Request) -> bool:
    """Whether somebody else's request was passed on: being asked from this machine says nothing then."""
    return any(name in request.headers for name in (hdrs.FORWARDED, hdrs.X_FORWARDED_FOR, hdrs.VIA))


def _is_pulled_in_by_another_site(request: web.Request) -> bool:
    """Whether a browser says that a foreign page asks for this as a part of itself; links are followed."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return request.headers.get("Sec-Fetch-Site") == "cross-site" and mode != "navigate"


async def _let_in(request: web.Request, password: str) -> None:
    """Return for the right password, whatever user name is with it. A wrong one is answered slowly."""
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    given = b""
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(encoded.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            given = b""
    if hmac.compare_digest(given, password.encode()):
        return
    if scheme:
        await asyncio.sleep(WRONG_PASSWORD_SECONDS)
    raise web.HTTPUnauthorized(
        text="This archive asks for its password; any user name will do.",
        headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="IMS archive", charset="UTF-8"'},
    )
