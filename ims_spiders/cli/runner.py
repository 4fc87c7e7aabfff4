"""Runs one crawl in this process and turns its end into an exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ims_spiders.cli.output import volume
from ims_spiders.cli.summary import print_summary
from ims_spiders.exceptions import ImsError, StorageError


@dataclass(frozen=True, slots=True)
class CrawlRequest:
    """What `ims crawl` was asked for; the spider's arguments under the same names.

    `suggested` is what a language model already made of the query, as `understood` returns it.
    """

    product: str = ""
    query: str = ""
    max_results: int = 100
    related: bool = True
    max_depth: int = 1
    refresh: str = "all"
    resume: str | None = None
    database: bool | None = None
    user: str | None = None
    suggested: str | None = None

    def arguments(self) -> dict[str, str]:
        """As `-a` arguments: those that were given."""
        given: dict[str, Any] = {
            "product": self.product,
            "query": self.query,
            "max_results": self.max_results,
            "related": int(self.related),
            "max_depth": self.max_depth,
            "refresh": self.refresh,
            "resume": self.resume,
            "database": None if self.database is None else int(self.database),
            "user": self.user,
            "_suggested": self.suggested,
        }
        return {name: str(value) for name, value in given.items() if value is not None}


def run_crawl(request: CrawlRequest, *, output_json: bool = False) -> int:
    """Crawl, show progress on stderr and the session on stdout. Returns the exit code of design.md.

    Raises ConfigurationError for arguments and settings that are wrong, before anything is asked of the tracker.
    """
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "ims_spiders.settings")
    from scrapy.utils.project import get_project_settings

    settings = get_project_settings()
    settings.set("LOG_ENABLED", False, priority="cmdline")
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    settings.set("IMS_PROGRESS", _progress(), priority="cmdline")
    run = _Run(settings, request)
    run.start()
    return run.finish(output_json)


def _progress() -> str:
    """How progress is shown: what is logged would tear a bar apart, and a dumb terminal cannot draw one."""
    if volume.quiet:
        return "off"
    if volume.verbose:
        return "lines"
    return "bar" if sys.stderr.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"} else "plain"


class _Run:
    """One crawl with its signals: the first asks it to stop, the second ends it at once, record included."""

    def __init__(self, settings: Any, request: CrawlRequest):
        from scrapy.crawler import AsyncCrawlerProcess

        from ims_spiders.spiders.ims import ImsSpider

        self._process = AsyncCrawlerProcess(settings)
        self._crawler = self._process.create_crawler(ImsSpider)
        self._request = request
        self._failure: BaseException | None = None
        self._interrupts = 0
        self._stopping: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Run until the crawl has ended."""
        task = self._process.crawl(self._crawler, **self._request.arguments())
        task.add_done_callback(self._ended)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What was started with nohup outlives its terminal.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._interrupt)
        self._process.start(install_signal_handlers=False)

    def finish(self, output_json: bool) -> int:
        """Say how it ended; returns the exit code."""
        session = self._session()
        if session is None or session.outcome is None:
            failure = self._failure
            if isinstance(failure, StorageError):
                sys.stderr.write(f"{failure}\n")
                return 4
            if isinstance(failure, ImsError):
                raise failure
            raise failure or RuntimeError("the crawl ended without a result")
        record = session.record()
        if output_json:
            sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        print_summary(record, session.folder, with_table=not output_json)
        exit_code: int = session.outcome.exit_code
        return exit_code

    def _session(self) -> Any:
        from ims_spiders.extensions.session import CrawlSession

        return CrawlSession.of(self._crawler)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._failure = task.exception()

    def _interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            from ims_spiders.extensions.stopping import stop_in_order

            self._stopping = asyncio.ensure_future(stop_in_order(self._crawler))
            _say("Stopping: what is under way is finished first. Once more to stop at once.")
            return
        session = self._session()
        exit_code = 7 if session is None else session.interrupt_now()
        _say("Stopped. Go on with: ims crawl --resume last")
        os._exit(exit_code)


def _say(line: str) -> None:
    # The terminal may be what has gone away.
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
