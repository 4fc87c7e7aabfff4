"""Whatever goes wrong becomes a page that says what to do next; details go to the log, never to the reader."""

from __future__ import annotations

import logging
import secrets
import traceback

from aiohttp import hdrs, web

from ims_spiders.db.engine import safe_message
from ims_spiders.web.guard import Handler
from ims_spiders.web.problems import DatabaseAwayError, WebError
from ims_spiders.web.render import page

RETRY_SECONDS = 10
_HEADINGS = {
    400: "That request makes no sense",
    401: "A password, please",
    403: "Not that way",
    404: "Not found",
    405: "Only to be read",
    421: "Not under that name",
}
_log = logging.getLogger(__name__)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's answer, or a page about its failure."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        said = error.text if error.status in _HEADINGS and error.status != 404 else None
        heading = _HEADINGS.get(error.status, "Something went wrong")
        answer = _failure(error.status, heading, said or "There is no such page. The search finds what there is.")
        for name in (hdrs.WWW_AUTHENTICATE, hdrs.ALLOW):
            if name in error.headers:
                answer.headers[name] = error.headers[name]
        return answer
    except WebError as problem:
        again = RETRY_SECONDS if isinstance(problem, DatabaseAwayError) else None
        answer = _failure(problem.status, problem.heading, str(problem), again)
        if problem.status == 503:
            answer.headers[hdrs.RETRY_AFTER] = str(RETRY_SECONDS)
        return answer
    except Exception as error:  # noqa: BLE001 - whatever it is, the reader gets a page and the log the rest
        return _unexpected(error)


def _unexpected(error: Exception) -> web.Response:
    """A page with a mark by which the log has the place; messages may hold data, so the log has them made safe."""
    mark = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
    _log.error("Request failed [%s]: %s: %s at %s", mark, type(error).__name__, safe_message(error), places)
    said = f"This page could not be made. The server's log says why under {mark}."
    return _failure(500, "Something went wrong", said)


def _failure(status: int, heading: str, said: str, again: int | None = None) -> web.Response:
    return page("failure.html.j2", status, heading=heading, said=said, again=again)
