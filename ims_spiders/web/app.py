"""The application: which address is which page."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from aiohttp import hdrs, web
from sqlalchemy import Engine

from ims_spiders.web.database import ArchiveDatabase
from ims_spiders.web.download import file_text, issue_text
from ims_spiders.web.errors import errors
from ims_spiders.web.files import file_download, picture
from ims_spiders.web.guard import HEALTH, SETTINGS, guard, protect
from ims_spiders.web.health import health
from ims_spiders.web.issue import issue_page
from ims_spiders.web.keys import DATABASE, OWN_WORDS
from ims_spiders.web.products import products_page
from ims_spiders.web.search import OwnWords, search_page
from ims_spiders.web.sessions import session_list, session_page
from ims_spiders.web.settings import WebSettings

OWN_SYNONYMS = "lexicon/synonyms.txt"
"""In the data folder, as for `ims search`."""
ISSUE = "/issue/{issue_id:[0-9]{1,12}}"
FILE = ISSUE + "/file/{attachment_id:[0-9]{1,18}}"
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}


def build_app(settings: WebSettings, connect: Callable[[], Engine]) -> web.Application:
    """The application for these settings; `connect` makes an engine for the archive's database when one is needed."""
    app = web.Application(middlewares=[errors, guard], client_max_size=0)
    app[SETTINGS] = settings
    app[DATABASE] = ArchiveDatabase(connect, settings.user, settings.schema)
    app[OWN_WORDS] = OwnWords(settings.data_dir / OWN_SYNONYMS)
    app.on_response_prepare.append(protect)
    app.on_cleanup.append(_close)
    app.add_routes([
        web.get("/", search_page),
        web.get(ISSUE, issue_page),
        web.get(ISSUE + "/text", issue_text),
        web.get(FILE, file_download),
        web.get(FILE + "/picture", picture),
        web.get(FILE + "/text", file_text),
        web.get("/sessions", session_list),
        web.get("/session/{uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}}", session_page),
        web.get("/products", products_page),
        web.get(HEALTH, health),
        *(web.get(f"/static/{name}", _static) for name in STATIC),
    ])  # fmt: skip
    return app


async def _static(request: web.Request) -> web.Response:
    name = request.path.rpartition("/")[2]
    body = (resources.files("ims_spiders.web") / "static" / name).read_bytes()
    headers = {hdrs.CONTENT_TYPE: f"{STATIC[name]}; charset=utf-8", hdrs.CACHE_CONTROL: "private, max-age=300"}
    return web.Response(body=body, headers=headers)


async def _close(app: web.Application) -> None:
    app[DATABASE].close()
