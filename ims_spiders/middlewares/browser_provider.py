"""The browser's life: started when first needed, ended when nothing needs it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError
from scrapy_playwright.provider import PlaywrightBrowserProvider

from ims_spiders.config import load_tracker_config
from ims_spiders.login.browser import launch_options
from ims_spiders.login.origin import Fence
from ims_spiders.login.sealed_browser import sealed_arguments
from ims_spiders.middlewares.browser_family import BrowserFamily, drivers

logger = logging.getLogger(__name__)

LAUNCH_SECONDS = 60.0
STOP_SECONDS = 10.0


class LazyBrowserProvider(PlaywrightBrowserProvider):  # type: ignore[misc]
    """Starts Playwright's driver with the browser, not with the crawl: two handlers would cost 117 MB each."""

    playwright: Any
    playwright_context_manager: Any

    def __init__(self, config: Any):
        super().__init__(config)
        self.family = BrowserFamily(None)

    async def start(self) -> None:
        """Nothing yet: a crawl with a saved login may never need a browser."""

    async def launch_browser(self) -> Browser:
        """Start driver and browser. Raises BrowserMissing when there is none on the machine, TimeoutError for one that
        does not come up."""
        options = launch_options()
        options["args"] = [*options["args"], *sealed_arguments(Fence(load_tracker_config().base_url))]
        self.config.launch_options = options
        if self.family.is_gone():
            await self.close()
        try:
            async with asyncio.timeout(LAUNCH_SECONDS):
                if self.playwright is None:
                    await self._start_driver()
                browser: Browser = await super().launch_browser()
        except TimeoutError:
            self.family.kill()
            await self.close()
            raise
        return browser

    async def close(self) -> None:
        """End the driver, and with it whatever is left of the browser: by force what does not end in order."""
        self.family.look()
        if self.playwright is not None:
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self.playwright.stop()
        self.family.kill()
        self.family = BrowserFamily(None)
        self.playwright = self.playwright_context_manager = self.browser_type = None

    async def _start_driver(self) -> None:
        before = drivers()
        await super().start()
        started = drivers() - before
        self.family = BrowserFamily(started.pop() if started else None)
