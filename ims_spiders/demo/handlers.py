"""What the demo tracker does for each address."""

from __future__ import annotations

import asyncio
import hmac
from secrets import token_hex
from urllib.parse import quote

from aiohttp import web

from ims_spiders.demo import search
from ims_spiders.demo.pages import dwr, layout
from ims_spiders.demo.pages import related as related_pages
from ims_spiders.demo.pages.issue import issue_page
from ims_spiders.demo.pages.login import login_page
from ims_spiders.demo.pages.search import ROWS, Asked, result_list, search_page
from ims_spiders.demo.sessions import COOKIE
from ims_spiders.demo.state import ENTRY, STATE, State, html, parameters, tweaks
from ims_spiders.demo.world import catalog
from ims_spiders.demo.world.images import png
from ims_spiders.demo.world.model import Issue, PatchKey


async def show_login(request: web.Request) -> web.Response:
    """The login form; like a Java server it hands out a cookie before anybody is known."""
    response = html(login_page())
    if COOKIE not in request.cookies:
        response.set_cookie(COOKIE, token_hex(16).upper(), path="/tody", httponly=True)
    return response


async def log_in(request: web.Request) -> web.StreamResponse:
    """Start page when accepted, the login page again when refused."""
    state = request.app[STATE]
    given = await parameters(request)
    user, password = given.get("id", [""])[-1], given.get("password", [""])[-1]
    matches = hmac.compare_digest(password.encode(), state.password.encode()) and user == state.username
    if not matches or _refused_by_fault(state, request):
        state.ledger.logins_refused += 1
        return html(login_page("ID or password is not correct."))
    state.ledger.logins_accepted += 1
    token = state.sessions.start(user)
    session = state.sessions.use(token)
    if session is not None:
        request[ENTRY].user, request[ENTRY].session = user, session.number
    response = web.Response(status=302, headers={"Location": layout.START})
    response.set_cookie(COOKIE, token, path="/tody", httponly=True)
    return response


def _refused_by_fault(state: State, request: web.Request) -> bool:
    struck = request[ENTRY].faults
    if "login_refuse" in struck:
        return True
    accepts = [int(rule.parameters["accept"]) for rule in state.faults.rules if rule.fault.name == "login_refuse_later"]
    return "login_refuse_later" in struck and state.ledger.logins_accepted >= min(accepts)


async def to_login(_: web.Request) -> web.StreamResponse:
    """Where the single sign-on and the bare address lead."""
    return web.Response(status=302, headers={"Location": layout.LOGIN})


async def start_page(request: web.Request) -> web.Response:
    """The page after the login."""
    return html(layout.page("IMS", "<h2>Welcome to IMS</h2>", request.app[STATE].user()))


async def search_list(request: web.Request) -> web.Response:
    """The search form; results too, but only when the request says `reSearchYN=Y`."""
    state = request.app[STATE]
    given = await parameters(request)

    def last(name: str, default: str = "") -> str:
        return given.get(name, [default])[-1]

    page = last("pageIndex", "1")
    asked = Asked(
        last("keyword").strip(),
        tuple(filter(None, given.get("productCodes", []))),
        tuple(filter(None, given.get("activities", []))),
        last("pageSize", "10"),
        max(1, int(page)) if page.isdecimal() else 1,
    )
    hits: list[Issue] = []
    if last("reSearchYN") == "Y" and last("queryId") == "ims.issueSearch.findIssueSearch":
        names = {code: status for status, code in catalog.STATUS_CODES.items()}
        wanted = [names.get(code, "") for code in asked.activities]
        hits = await asyncio.to_thread(search.find, state.world, asked.keyword, asked.products, wanted)
    wish = tweaks(request)
    hide = ROWS if wish.without_rows else wish.hidden_rows
    results = "" if wish.without_results else result_list(hits, asked, state.columns, hide=hide)
    return html(search_page(asked, results, state.user(), endless=wish.endless))


async def issue_view(request: web.Request) -> web.Response:
    """The page of an issue, or the alert that there is none to see."""
    state = request.app[STATE]
    number = (await parameters(request)).get("issueId", [""])[-1]
    issue = state.world.issues.get(int(number)) if number.isdecimal() else None
    if issue is None:
        known = number.isdecimal() and int(number) in state.world.missing
        return html(layout.alert("You do not have permission." if known else "The issue does not exist."))
    page = await asyncio.to_thread(
        issue_page, state.world, issue, state.user(), state.attachment_style, tweaks(request)
    )
    return html(page)


async def relation_list(request: web.Request) -> web.Response:
    """The related issues as JSON."""
    world = request.app[STATE].world
    number = request.query.get("issueId", "")
    issue = world.issues.get(int(number)) if number.isdecimal() else None
    entries = related_pages.relation_list(world, issue) if issue else []
    return web.json_response(entries)


async def patch_list(request: web.Request) -> web.Response:
    """The patches of a project at a site."""
    state = request.app[STATE]
    names = ("projectCode", "siteCode", "productCode", "projectName", "siteName")
    key = PatchKey(*(request.query.get(name, "") for name in names))
    numbers = state.world.patches.get(key, [])
    return html(related_pages.patch_page(state.world, numbers, key.project_name, state.user()))


async def dwr_call(request: web.Request) -> web.Response:
    """Master data as JavaScript."""
    script = dwr.dwr_script(request.match_info["call"], dict(request.query))
    if script is None:
        raise web.HTTPNotFound
    return web.Response(text=script, content_type="text/javascript", charset="UTF-8")


async def resource(request: web.Request) -> web.Response:
    """Scripts, styles and the picture on the login button."""
    name = request.match_info["name"]
    if name == "login.png":
        return web.Response(body=png("login", 40), content_type="image/png")
    types = {"ims.js": "text/javascript", "ims.css": "text/css"}
    if name not in types:
        raise web.HTTPNotFound
    return web.Response(body=layout.static(name), content_type=types[name], charset="UTF-8")


async def endless(_: web.Request) -> web.Response:
    """The script that never arrives."""
    await asyncio.sleep(3600)
    return web.Response(text="")


async def inline_image(request: web.Request) -> web.Response:
    """A picture of a description or comment."""
    image = request.app[STATE].world.image(request.path_qs)
    if image is None:
        raise web.HTTPNotFound
    return web.Response(body=png(image.seed), content_type="image/png")


async def loop(request: web.Request) -> web.StreamResponse:
    """Two addresses that redirect to each other."""
    other = "b" if request.match_info["side"] == "a" else "a"
    return web.Response(status=302, headers={"Location": f"/tody/loop/{other}.do"})


def disposition(filename: str) -> str:
    """A Content-Disposition that carries any name, and nothing but that name."""
    clean = filename.encode("utf-8", "replace")
    return f"attachment; filename*=UTF-8''{quote(clean, safe='')}"
