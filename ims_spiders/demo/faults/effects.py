"""What each fault does to a request and its answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn

from aiohttp import web

from ims_spiders.demo import search
from ims_spiders.demo.faults.plan import Rule
from ims_spiders.demo.markup import text
from ims_spiders.demo.pages import layout
from ims_spiders.demo.pages.login import login_page
from ims_spiders.demo.state import STATE, TWEAKS, User, html, parameters
from ims_spiders.demo.world import catalog

STACK_TRACE = """java.lang.NullPointerException: Cannot invoke "IssueVO.getIssueId()" because "issue" is null
\tat com.example.tody.ims.issue.IssueController.issueView(IssueController.java:412)
\tat org.apache.jasper.servlet.JspServletWrapper.service(JspServletWrapper.java:477)
\tat java.base/java.lang.Thread.run(Thread.java:833)"""

# Faults that cut the connection end their handler by CancelledError, as it ends when a client goes away: the server
# then neither logs nor answers anything.
Before = Callable[[web.Request, Rule], Awaitable[web.StreamResponse | None]]
After = Callable[[web.Request, web.Response, Rule], Awaitable[web.StreamResponse]]


async def before(request: web.Request, rules: Sequence[Rule]) -> web.StreamResponse | None:
    """Let the rules act before the page is made; an answer if one of them gives it in the page's stead."""
    for rule in rules:
        act = _BEFORE.get(rule.fault.name)
        answer = await act(request, rule) if act else None
        if answer is not None:
            return answer
    return None


async def after(request: web.Request, response: web.StreamResponse, rules: Sequence[Rule]) -> web.StreamResponse:
    """Let the rules spoil a finished answer."""
    for rule in rules:
        act = _AFTER.get(rule.fault.name)
        if act and isinstance(response, web.Response):
            response = await act(request, response, rule)
    return response


async def _status(_: web.Request, rule: Rule) -> web.StreamResponse:
    code, wait = int(rule.parameters["code"]), str(rule.parameters["retry_after"])
    if wait.startswith("+"):
        wait = format_datetime(datetime.now(UTC) + timedelta(seconds=float(wait)), usegmt=True)
    headers = {"Retry-After": wait} if wait else None
    return web.Response(status=code, text=f"<h1>HTTP Status {code}</h1>", content_type="text/html", headers=headers)


async def _hang(_: web.Request, rule: Rule) -> web.StreamResponse:
    await asyncio.sleep(rule.parameters["seconds"])
    return web.Response(status=504)


async def _slow(_: web.Request, rule: Rule) -> None:
    await asyncio.sleep(rule.parameters["seconds"])


async def _outage(request: web.Request, rule: Rule) -> NoReturn:
    stop = request.app[STATE].stop_listening
    if stop is not None:
        stop(rule.parameters["seconds"])
    raise asyncio.CancelledError


async def _redirect_loop(_: web.Request, __: Rule) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/tody/loop/a.do"})


async def _stack_trace(_: web.Request, __: Rule) -> web.StreamResponse:
    return html(layout.bare("Error", f"<h1>Internal error</h1><pre>{text(STACK_TRACE)}</pre>"))


async def _expire(request: web.Request, _: Rule) -> None:
    request.app[STATE].sessions.end_all()


async def _swap_user(request: web.Request, rule: Rule) -> None:
    request.app[STATE].shown_user = User(rule.parameters["user"], rule.parameters["name"])


async def _without_label(request: web.Request, rule: Rule) -> None:
    request[TWEAKS].without_label = rule.parameters["label"]


async def _without_number(request: web.Request, _: Rule) -> None:
    request[TWEAKS].without_number = True


async def _without_rows(request: web.Request, _: Rule) -> None:
    request[TWEAKS].without_rows = True


async def _without_results(request: web.Request, _: Rule) -> None:
    request[TWEAKS].without_results = True


async def _hide_rows(request: web.Request, rule: Rule) -> None:
    request[TWEAKS].hidden_rows = rule.parameters["rows"]


async def _endless(request: web.Request, _: Rule) -> None:
    request[TWEAKS].endless = True


async def _nul_bytes(request: web.Request, _: Rule) -> None:
    request[TWEAKS].nul_bytes = True


async def _shift_rows(request: web.Request, rule: Rule) -> None:
    for _ in range(rule.parameters["rows"]):
        request.app[STATE].world.insert(scenario=rule.parameters["scenario"])


async def _vanish_rows(request: web.Request, rule: Rule) -> None:
    given, world = await parameters(request), request.app[STATE].world
    hits = search.find(world, given.get("keyword", [""])[-1], given.get("productCodes", []), catalog.STATUSES)
    world.unlisted.update(issue.issue_id for issue in hits[: rule.parameters["rows"]])


async def _edit(request: web.Request, rule: Rule) -> None:
    number = (await parameters(request)).get("issueId", [""])[-1]
    world = request.app[STATE].world
    if number.isdecimal() and int(number) in world.issues:
        world.edit(int(number), {rule.parameters["label"]: f"edited {rule.fired} times"})


async def _html_file(_: web.Request, __: Rule) -> web.StreamResponse:
    return html(login_page())


async def _empty_file(_: web.Request, __: Rule) -> web.StreamResponse:
    return web.Response(
        body=b"", content_type="application/octet-stream", headers={"Content-Disposition": "attachment"}
    )


async def _other_charset(_: web.Request, response: web.Response, rule: Rule) -> web.StreamResponse:
    if not isinstance(response.body, bytes) or response.charset is None:
        return response
    text, declared = response.body.decode(), rule.parameters["declared"] or None
    if declared is None or declared.lower() != response.charset.lower():
        mark = f'<meta charset="{declared}"/>' if declared else ""
        text = text.replace('<meta charset="UTF-8"/>', mark)
        response.charset = declared
    response.body = text.encode(rule.parameters["encoding"], "xmlcharrefreplace")
    return response


def _copy(response: web.Response) -> tuple[bytes, dict[str, str]]:
    body = response.body if isinstance(response.body, bytes) else b""
    headers = {key: value for key, value in response.headers.items() if key.lower() != "content-length"}
    return body or b"<html></html>", headers


async def _partly(request: web.Request, response: web.Response, end: str) -> web.StreamResponse:
    """Send half of the body: of a length that is said, in chunks, or of which only the closing marks the end."""
    body, headers = _copy(response)
    stream = web.StreamResponse(status=response.status, headers=headers)
    if end == "length":
        stream.content_length = len(body)
    elif end == "chunks":
        stream.enable_chunked_encoding()
    else:
        stream.force_close()
        # Without it aiohttp chunks what has no length.
        stream._length_check = False
    await stream.prepare(request)
    await stream.write(body[: max(1, len(body) // 2)])
    return stream


async def _reset(request: web.Request, response: web.Response, _: Rule) -> NoReturn:
    await _partly(request, response, "length")
    await asyncio.sleep(0.02)
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    raise asyncio.CancelledError


async def _short_body(request: web.Request, response: web.Response, rule: Rule) -> NoReturn:
    await _partly(request, response, rule.parameters["end"])
    if request.transport is not None:
        request.transport.close()
    raise asyncio.CancelledError


async def _drip(request: web.Request, response: web.Response, rule: Rule) -> web.StreamResponse:
    body, headers = _copy(response)
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    for position in range(len(body)):
        await stream.write(body[position : position + 1])
        await asyncio.sleep(rule.parameters["interval"])
    return stream


_BEFORE: dict[str, Before] = {
    "status": _status, "hang": _hang, "slow": _slow, "outage": _outage, "redirect_loop": _redirect_loop,
    "stack_trace": _stack_trace, "expire_at": _expire, "login_form_200": _expire, "swap_user": _swap_user,
    "missing_field": _without_label, "no_number": _without_number, "empty_page": _without_rows,
    "no_results": _without_results, "hide_rows": _hide_rows, "vanish_rows": _vanish_rows,
    "endless_script": _endless, "nul_bytes": _nul_bytes, "shift_rows": _shift_rows, "edit_between": _edit,
    "html_attachment": _html_file, "empty_attachment": _empty_file,
}  # fmt: skip
_AFTER: dict[str, After] = {
    "reset": _reset, "short_body": _short_body, "drip": _drip, "wrong_charset": _other_charset,
}  # fmt: skip
NAMES = frozenset(_BEFORE) | frozenset(_AFTER)
"""The faults that act on a request or its answer."""
