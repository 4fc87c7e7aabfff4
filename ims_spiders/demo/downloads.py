"""The addresses at which files lie: they depend on the attachment style, and only the one in force answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from ims_spiders.demo.handlers import disposition
from ims_spiders.demo.pages import layout
from ims_spiders.demo.state import STATE, html, parameters

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Style, method, path, the parameter with the file's id, the one with its kind (or the kind itself in capitals).
_ADDRESSES: tuple[tuple[str, str, str, str, str], ...] = (
    ("get", "GET", "/tody/common/fileDownload.do", "fileId", "fileType"),
    ("post", "POST", "/tody/common/fileDownloadNew.do", "fileId", "fileType"),
    ("iframe", "GET", "/tody/common/frameDownload.do", "id", "kind"),
    ("window_open", "GET", "/tody/common/popupDownload.do", "file", "type"),
    ("two_urls", "GET", "/tody/ims/issue/issueFileDownload.do", "issueFileId", "ISSUE"),
    ("two_urls", "GET", "/tody/ims/patch/patchFileDownload.do", "patchFileId", "PATCH"),
    ("issue_id", "GET", "/tody/ims/issue/{issue}/files/{file}.do", "", "kind"),
)


def routes() -> list[web.RouteDef]:
    """Every download address."""
    return [
        web.route(method, path, _handler(style, id_name, kind_name))
        for style, method, path, id_name, kind_name in _ADDRESSES
    ]


def _handler(style: str, id_name: str, kind_name: str) -> Handler:
    async def download(request: web.Request) -> web.StreamResponse:
        if request.app[STATE].attachment_style != style:
            raise web.HTTPNotFound
        given = await parameters(request)
        file_id = request.match_info.get("file") or given.get(id_name, [""])[-1]
        kind = kind_name if kind_name.isupper() else given.get(kind_name, [""])[-1]
        issue_id = request.match_info.get("issue")
        if issue_id is not None and given.get("issueId") != [issue_id]:
            file_id = ""
        return await _answer(request, file_id, kind, issue_id)

    return download


async def _answer(request: web.Request, file_id: str, kind: str, issue_id: str | None) -> web.Response:
    """The file, if it is of that kind and (where the address says so) of that issue."""
    world = request.app[STATE].world
    found = world.file(file_id, kind)
    if found is None or issue_id not in (None, str(found[0].issue_id)):
        return html(layout.alert("The file does not exist."))
    content = await asyncio.to_thread(world.files.content, found[1])
    headers = {"Content-Disposition": disposition(found[1].filename)}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)
