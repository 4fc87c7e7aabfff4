"""Whether the archive could be shown: for a container's or a proxy's check, so without a password and in few words."""

from __future__ import annotations

import os

from aiohttp import web

from ims_spiders.web.guard import SETTINGS
from ims_spiders.web.keys import DATABASE
from ims_spiders.web.problems import WebError


async def health(request: web.Request) -> web.Response:
    """200 when database and data folder are there, else 503; which of them is not, is in the JSON."""
    try:
        await request.app[DATABASE].look(lambda _: None)
        database = "ok"
    except WebError as error:
        database = error.heading
    folder = request.app[SETTINGS].data_dir
    data_dir = "ok" if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK) else "The data folder cannot be read"
    healthy = database == data_dir == "ok"
    told = {"status": "ok" if healthy else "failing", "database": database, "data_dir": data_dir}
    return web.json_response(told, status=200 if healthy else 503)
