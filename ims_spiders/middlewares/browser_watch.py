"""A browser that is watched: its pages are counted, it is replaced when it hangs, is gone, has grown or has served long
enough, and ended when nothing needs it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from ims_spiders.login.browser_login import close_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Browser, CDPSession, Page
    from scrapy.crawler import Crawler

    from ims_spiders.middlewares.browser_provider import LazyBrowserProvider

logger = logging.getLogger(__name__)

PAGE = "ims_browser_page"
"""Key in a request's meta: the page that was opened for it, while it is under way."""
PULSE_SECONDS = 5.0
"""How often a browser that is in use is asked whether it lives."""
END_SECONDS = 20.0


class WatchedBrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """scrapy-playwright's handler with a watch over the browser.

    What was under way when the browser is replaced fails and is repeated by the retries, in the next browser. Its
    figures are in session.json: `ims/browser/pages`, `…/pages/open`, `…/recycled`, `…/replaced`.
    """

    browser: Browser
    browser_provider: LazyBrowserProvider

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        settings = crawler.settings
        self._idle_seconds = settings.getfloat("IMS_BROWSER_IDLE_SECONDS")
        self._hung_seconds = settings.getfloat("IMS_BROWSER_HUNG_SECONDS")
        self._most_pages = settings.getint("IMS_BROWSER_MAX_PAGES")
        self._most_megabytes = settings.getfloat("IMS_BROWSER_MAX_MEGABYTES")
        self._patience = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._last_use = self._last_pulse = self._last_measure = time.monotonic()
        self._browser_requests = 0
        self._served = 0
        self._worn_out: str | None = None
        self._open: set[Page] = set()
        self._asked_for: set[Page] = set()
        self._pulse: CDPSession | None = None
        self._admitted = asyncio.Event()
        self._admitted.set()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        crawler.signals.connect(self._start_watch, scrapy_signals.engine_started)

    async def download_in_browser(self, request: Request) -> Response:
        """One page by the browser, within the request's time. Raises TimeoutError, playwright's Error."""
        # While it is being recycled: that takes a while at most, and is not the page's fault.
        await self._admitted.wait()
        self._browser_requests += 1
        try:
            # Has a limit of its own (browser_provider.py).
            await self._maybe_launch_browser()
            seconds = request.meta.get("download_timeout") or self._patience
            # A stuck browser answers nothing, not even a cancelled navigation: never wait for it without a limit.
            async with asyncio.timeout(float(seconds)):
                response: Response = await super().download_request(request)
                return response
        except (TimeoutError, PlaywrightError):
            await self._close_left_open(request)
            await self._look()
            raise
        finally:
            request.meta.pop(PAGE, None)
            self._browser_requests -= 1
            self._last_use = time.monotonic()

    async def _close_left_open(self, request: Request) -> None:
        """A navigation that is given up for its time is cancelled, and scrapy-playwright leaves its page open then."""
        request.meta.pop("playwright_page", None)
        page: Page | None = request.meta.get(PAGE)
        await close_page(page)
        if page in self._open and not page.is_closed():
            logger.warning(
                "A browser page could not be closed; its browser is replaced as soon as nothing else uses it"
            )
            self._asked_for.discard(page)
            self._worn_out = "one of its pages does not close"

    # --- Pages ---------------------------------------------------------------------------------------------------

    async def _create_browser_context(self, name: str, context_kwargs: Any, spider: Any = None) -> Any:
        wrapper = await super()._create_browser_context(name, context_kwargs, spider)
        wrapper.context.on("page", self._note_opened)
        return wrapper

    async def _create_page(self, request: Request, spider: Any) -> Page:
        page: Page = await super()._create_page(request, spider)
        self._note_opened(page)
        self._asked_for.add(page)
        request.meta[PAGE] = page
        return page

    def _note_opened(self, page: Page) -> None:
        if page in self._open or page.is_closed():
            return
        self._open.add(page)
        self._served += 1
        self.stats.inc_value("ims/browser/pages")
        self._count_open()
        page.on("close", self._note_closed)
        # One that has crashed stays open, and holds what it held.
        page.on("crash", lambda crashed: asyncio.ensure_future(close_page(crashed)))

    def _note_closed(self, page: Page) -> None:
        self._open.discard(page)
        self._asked_for.discard(page)
        self._count_open()
        self._release_page(page)

    def _release_page(self, page: Page) -> None:
        """The page is gone, perhaps without a word from the browser; may be said more than once."""

    def _count_open(self) -> None:
        self.stats.set_value("ims/browser/pages/open", len(self._open))

    def _make_close_page_callback(self, context_name: str) -> Callable[..., None]:
        """Scrapy-playwright's gives the page's place back when it crashes, and again when it is closed, and to a later
        context of that name."""
        places = self.context_wrappers[context_name].semaphore
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                places.release()

        return give_back

    # --- The browser ---------------------------------------------------------------------------------------------

    def _start_watch(self) -> None:
        self._watch = asyncio.create_task(self._keep_watch())

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(min(self._idle_seconds, 1.0) or 0.1)
            try:
                await self._watch_once()
            except Exception:
                logger.exception("The watch over the browser met something unforeseen; it goes on")

    async def _watch_once(self) -> None:
        if not hasattr(self, "browser"):
            return
        in_use = bool(self._browser_requests or self._asked_for)
        if not in_use and time.monotonic() - self._last_use >= self._idle_seconds:
            # It holds more memory than the rest of the crawl.
            await self._end_browser("nothing needs it")
        elif time.monotonic() - self._last_pulse >= min(PULSE_SECONDS, self._hung_seconds):
            await self._look()
        if hasattr(self, "browser") and (why := self._due()):
            await self._recycle(why)

    def _due(self) -> str | None:
        if self._worn_out is not None:
            return self._worn_out
        if self._served >= self._most_pages:
            return f"it has shown {self._served} pages"
        if time.monotonic() - self._last_measure < PULSE_SECONDS:
            return None
        self._last_measure = time.monotonic()
        megabytes = self.browser_provider.family.megabytes()
        self.stats.max_value("ims/browser/megabytes", round(megabytes))
        return f"it holds {megabytes:.0f} MB" if megabytes >= self._most_megabytes else None

    async def _recycle(self, why: str) -> None:
        """Let what is under way end, but nothing new begin; then end it, and have the next request start another."""
        self._admitted.clear()
        try:
            deadline = time.monotonic() + self._patience
            while (self._browser_requests or self._asked_for) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            await self._end_browser(why)
            self.stats.inc_value("ims/browser/recycled")
        finally:
            self._admitted.set()

    async def _look(self) -> None:
        """Ask the browser whether it lives; one that does not is ended by force and forgotten."""
        async with self._looking:
            browser = getattr(self, "browser", None)
            if browser is None:
                return
            gone = await self._why_gone(browser)
            self._last_pulse = time.monotonic()
            if gone is not None and getattr(self, "browser", None) is browser:
                logger.warning("The browser %s; another one is started when it is needed", gone)
                self.stats.inc_value("ims/browser/replaced")
                self.browser_provider.family.kill()
                self._forget()
                await self.browser_provider.close()

    async def _why_gone(self, browser: Browser) -> str | None:
        try:
            async with asyncio.timeout(self._hung_seconds):
                if self._pulse is None:
                    self._pulse = await browser.new_browser_cdp_session()
                await self._pulse.send("Browser.getVersion")
        except TimeoutError:
            return f"has not answered for {self._hung_seconds:.0f} s"
        except PlaywrightError:
            return "is gone"
        return None

    async def _browser_disconnected_callback(self) -> None:
        """It closed, crashed or was killed; its driver may live on."""
        browser = getattr(self, "browser", None)
        if browser is not None and not browser.is_connected():
            logger.warning("The browser is gone; another one is started when it is needed")
            self.stats.inc_value("ims/browser/replaced")
            self._forget()

    def _forget(self) -> None:
        self.context_wrappers.clear()
        for page in list(self._open):
            self._note_closed(page)
        self._pulse = self._worn_out = None
        self._served = 0
        self.__dict__.pop("browser", None)

    async def _end_browser(self, why: str) -> None:
        async with self.browser_launch_lock:
            browser = getattr(self, "browser", None)
            if browser is None:
                # It went by itself.
                return
            logger.info("Closing the browser: %s", why)
            self._forget()
            try:
                async with asyncio.timeout(END_SECONDS):
                    await browser.close()
            except (TimeoutError, PlaywrightError):
                logger.warning("The browser did not close in time")
            await self.browser_provider.close()

    async def close(self) -> None:
        """Close browser and connections; called by Scrapy at the end, also of an interrupted crawl."""
        if self._watch is not None:
            self._watch.cancel()
        try:
            async with asyncio.timeout(30):
                if hasattr(self, "browser"):
                    await self._end_browser("the crawl ends")
                await super().close()
        except (TimeoutError, PlaywrightError):
            logger.warning("The browser did not close in time")
            await self.browser_provider.close()
