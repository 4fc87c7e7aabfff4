"""The control surface under `/__demo__/`: ledger, truth, faults. No login, but loopback only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from ims_spiders.demo import search, truth
from ims_spiders.demo.faults.plan import fault_help
from ims_spiders.demo.state import STATE, User, check_columns
from ims_spiders.demo.world import catalog

PREFIX = "/__demo__/"
Answer = Callable[[web.Request], Awaitable[Any]]


def routes(base_url: Callable[[], str]) -> list[web.RouteDef]:
    """Every address of the control surface."""

    async def whole(request: web.Request) -> Any:
        only = request.query.getall("issue", None)
        return await asyncio.to_thread(truth.whole_truth, request.app[STATE], base_url(), only)

    return [
        web.get(PREFIX + "ledger", _json(_ledger)),
        web.delete(PREFIX + "ledger", _json(_reset_ledger)),
        web.get(PREFIX + "truth", _json(whole)),
        web.get(PREFIX + "truth/search", _json(_search)),
        web.get(PREFIX + "faults", _json(_faults)),
        web.post(PREFIX + "faults", _json(_replace_faults)),
        web.post(PREFIX + "expire", _json(_expire)),
        web.post(PREFIX + "edit", _json(_edit)),
        web.post(PREFIX + "insert", _json(_insert)),
        web.post(PREFIX + "delete", _json(_delete)),
        web.post(PREFIX + "user", _json(_user)),
        web.post(PREFIX + "columns", _json(_columns)),
    ]


def _json(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answer with JSON, to loopback only; what makes no sense is told with status 400."""

    async def handler(request: web.Request) -> web.Response:
        if request.remote is None or not ip_address(request.remote).is_loopback:
            raise web.HTTPForbidden
        try:
            return web.json_response(await answer(request), dumps=_dumps)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handler


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _ledger(request: web.Request) -> Any:
    return request.app[STATE].ledger.as_dict()


async def _reset_ledger(request: web.Request) -> Any:
    request.app[STATE].ledger.reset()
    return {"reset": True}


async def _search(request: web.Request) -> Any:
    """Hits of a search. `product` is the beginning of a name; `activities` are status names, all when left out."""
    codes = request.query.getall("productCodes", []) or search.product_codes(request.query.get("product", ""))
    statuses = request.query.getall("activities", []) or catalog.STATUSES
    world = request.app[STATE].world
    hits = search.find(world, request.query.get("keyword", ""), codes, statuses) if codes else []
    return {"total": len(hits), "issue_ids": [str(issue.issue_id) for issue in hits]}


async def _faults(request: web.Request) -> Any:
    return {"rules": request.app[STATE].faults.describe(), "known": dict(fault_help())}


async def _replace_faults(request: web.Request) -> Any:
    state = request.app[STATE]
    body = await request.json()
    state.faults.replace(body["faults"] if isinstance(body, dict) else body)
    return {"rules": state.faults.describe()}


async def _expire(request: web.Request) -> Any:
    return {"ended": request.app[STATE].sessions.end_all()}


async def _edit(request: web.Request) -> Any:
    """Change fields by label, add a comment: {"issue_id": 123456, "fields": {"Subject": "..."}, "comment": "..."}."""
    body = await request.json()
    world = request.app[STATE].world
    issue = world.edit(int(body["issue_id"]), dict(body.get("fields", {})))
    number = world.comment(issue.issue_id, str(body["comment"])) if "comment" in body else None
    return {"issue_id": str(issue.issue_id), "comment_number": number}


async def _insert(request: web.Request) -> Any:
    body = await request.json() if request.can_read_body else {}
    issue = request.app[STATE].world.insert(**body)
    return {"issue_id": str(issue.issue_id)}


async def _delete(request: web.Request) -> Any:
    """Take an issue away: {"issue_id": 123456}."""
    body = await request.json()
    issue = request.app[STATE].world.delete(int(body["issue_id"]))
    return {"issue_id": str(issue.issue_id)}


async def _user(request: web.Request) -> Any:
    """Whose name the pages carry: {"user_id": ..., "name": ...}; an empty object gives the real one back."""
    body = await request.json()
    request.app[STATE].shown_user = User(**body) if body else None
    return {"user": request.app[STATE].user().user_id}


async def _columns(request: web.Request) -> Any:
    """The columns of the result list, a JSON list of names."""
    request.app[STATE].columns = check_columns(await request.json())
    return {"columns": request.app[STATE].columns}
