"""Run as a process: `scrapy` or `ims`, in which one place of login, connection or database raises with all secrets.

The first argument names the place, the second is `scrapy` or `ims`, the others are theirs. The message holds each
secret in several forms, and so do local variables.
"""

from __future__ import annotations

import base64
import json
import os
import runpy
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus


def secrets() -> list[str]:
    """Password, database address, and the cookies of the saved login."""
    kept = [
        cookie["value"]
        for path in (Path(os.environ["IMS_DATA_DIR"]) / "state").glob("*.json")
        for cookie in json.loads(path.read_text("utf-8"))["cookies"]
    ]
    return [os.environ["IMS_PASSWORD"], os.environ.get("DATABASE_URL", "postgresql://me:database-pw@host/x"), *kept]


def fail(*_: Any, **__: Any) -> Any:
    """Raise, with all of them."""
    known = secrets()
    first = RuntimeError(f"locals were {known!r}")
    coded = [base64.b64encode(f"user:{one}".encode()).decode() for one in known]
    told = f"{known} {[quote_plus(one) for one in known]} {coded} {json.dumps(known)} Cookie: x={known[-1]}"
    try:
        raise first
    except RuntimeError as error:
        raise ValueError(told) from error


async def fail_async(*_: Any, **__: Any) -> Any:
    """The same for what is awaited."""
    fail()


def in_http_login() -> None:
    """While the login form is asked for."""
    from ims_spiders.middlewares.session import SessionMiddleware

    SessionMiddleware._download = fail_async  # type: ignore[method-assign]


def in_browser_login() -> None:
    """While the form is filled in."""
    from ims_spiders.login.browser_login import BrowserLogin

    BrowserLogin._submit = fail_async  # type: ignore[method-assign]


def in_login_session() -> None:
    """Before there is a login."""
    from ims_spiders.login import session

    session.LoginSession.current = fail_async  # type: ignore[method-assign]


def in_middleware() -> None:
    """While an answer is looked at."""
    from ims_spiders.middlewares.session import SessionMiddleware

    SessionMiddleware.process_response = fail_async  # type: ignore[method-assign]


def in_connection() -> None:
    """While a request is sent."""
    from ims_spiders.middlewares.download_handler import TrackerDownloadHandler

    TrackerDownloadHandler.download_request = fail_async  # type: ignore[method-assign]


def in_pattern() -> None:
    """While an attachment is asked for."""
    from ims_spiders.login.attachment_requests import AttachmentRequests

    AttachmentRequests.request_for = fail_async  # type: ignore[method-assign]


def in_database() -> None:
    """While the database is connected to."""
    import psycopg2

    psycopg2.connect = fail


def in_thread() -> None:
    """In a thread of its own, which nobody watches."""
    from ims_spiders.spiders.ims import ImsSpider

    begin = ImsSpider.__init__

    def beginning(self: ImsSpider, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    ImsSpider.__init__ = beginning  # type: ignore[method-assign]


PLACES: dict[str, Callable[[], None]] = {
    place.__name__.removeprefix("in_"): place
    for place in (
        in_http_login,
        in_browser_login,
        in_login_session,
        in_middleware,
        in_connection,
        in_pattern,
        in_database,
        in_thread,
    )
}


def main() -> None:
    """Be that command."""
    _, place, command, *arguments = sys.argv
    PLACES[place]()
    sys.argv = [command, *arguments]
    runpy.run_module("scrapy" if command == "scrapy" else "ims_spiders.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
