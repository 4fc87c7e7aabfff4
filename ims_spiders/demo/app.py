"""The web application: addresses, and what happens around every request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from ims_spiders.demo import control, downloads, handlers
from ims_spiders.demo.faults import effects
from ims_spiders.demo.pages import layout
from ims_spiders.demo.pages.login import login_page
from ims_spiders.demo.sessions import COOKIE
from ims_spiders.demo.state import ENTRY, STATE, TWEAKS, State, Tweaks, html

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_OPEN = ("/tody/auth/", "/tody/sso/", layout.RESOURCES, "/tody/loop/")


def build_app(state: State, base_url: Callable[[], str]) -> web.Application:
    """The application that serves that state."""
    app = web.Application(middlewares=[_ledger, _faults, _session])
    app[STATE] = state
    app.add_routes([
        web.get("/", handlers.to_login),
        web.get("/favicon.ico", _no_icon),
        web.get("/tody", handlers.to_login),
        web.get("/tody/", handlers.to_login),
        web.get("/tody/sso/ssoLogin.jsp", handlers.to_login),
        web.get(layout.LOGIN, handlers.show_login),
        web.post(layout.LOGIN, handlers.log_in),
        web.get(layout.START, handlers.start_page),
        web.get(layout.SEARCH, handlers.search_list),
        web.post(layout.SEARCH, handlers.search_list),
        web.get(layout.ISSUE, handlers.issue_view),
        web.post(layout.ISSUE, handlers.issue_view),
        web.get(layout.RELATIONS, handlers.relation_list),
        web.get(layout.PATCHES, handlers.patch_list),
        web.get("/tody/dwr/exec/{call}", handlers.dwr_call),
        web.get("/tody/upload/editor/{tail:.*}", handlers.inline_image),
        web.get("/tody/common/imageView.do", handlers.inline_image),
        web.get("/tody/loop/{side:[ab]}.do", handlers.loop),
        web.get(layout.ENDLESS, handlers.endless),
        web.get(layout.RESOURCES + "{name}", handlers.resource),
        *downloads.routes(),
        *control.routes(base_url),
    ])  # fmt: skip
    return app


async def _no_icon(_: web.Request) -> web.Response:
    return web.Response(status=204)


def _aside(request: web.Request) -> bool:
    """Whether the request is none of the tracker's own: the control surface, and what browsers ask for unbidden."""
    return request.path.startswith(control.PREFIX) or request.path == "/favicon.ico"


@web.middleware
async def _ledger(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep the books: a request is under way until its answer is written."""
    request[TWEAKS] = Tweaks()
    if _aside(request):
        return await handler(request)
    query = "" if request.path == layout.LOGIN else request.query_string
    transport = request.transport

    def alive() -> bool:
        return transport is not None and not transport.is_closing()

    with request.app[STATE].ledger.under_way(request.method, request.path, query, alive) as entry:
        request[ENTRY] = entry
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.reason)
        await response.prepare(request)
        entry.status = response.status
        await response.write_eof()
        body = response.body if isinstance(response, web.Response) else None
        entry.bytes = len(body) if isinstance(body, bytes) else response.body_length
    return response


@web.middleware
async def _faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the rules of the fault plan act."""
    if _aside(request):
        return await handler(request)
    state = request.app[STATE]
    if state.latency and not request.path.startswith(layout.RESOURCES):
        await asyncio.sleep(state.latency)
    rules = state.faults.striking(request.method, request.path_qs)
    request[ENTRY].faults = [rule.fault.name for rule in rules]
    response = await effects.before(request, rules)
    if response is None:
        response = await handler(request)
    return await effects.after(request, response, rules)


@web.middleware
async def _session(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send everybody who is not logged in to the login page."""
    if _aside(request) or request.path in {"/", "/tody", "/tody/"} or request.path.startswith(_OPEN):
        return await handler(request)
    state = request.app[STATE]
    session = state.sessions.use(request.cookies.get(COOKIE))
    if session is None:
        if state.faults.has("login_form_200"):
            return html(login_page())
        return await handlers.to_login(request)
    request[ENTRY].user, request[ENTRY].session = session.user, session.number
    return await handler(request)
