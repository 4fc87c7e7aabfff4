"""The browser's life: started when first needed, ended when nothing needs it."""

from __future__ import annotations

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

logger = logging.getLogger(__name__)


class LazyBrowserProvider(PlaywrightBrowserProvider):  # type: ignore[misc]
    """Starts Playwright's driver with the browser, not with the crawl: two handlers would cost 117 MB each."""

    playwright: Any
    playwright_context_manager: Any

    async def start(self) -> None:
        """Nothing yet: a crawl with a saved login may never need a browser."""

    async def launch_browser(self) -> Browser:
        """Start driver and browser. Raises BrowserMissing when there is none on the machine."""
        options = launch_options()
        options["args"] = [*options["args"], *sealed_arguments(Fence(load_tracker_config().base_url))]
        self.config.launch_options = options
        if self.playwright is None:
            await super().start()
        browser: Browser = await super().launch_browser()
        return browser

    async def close(self) -> None:
        """End the driver, and with it whatever is left of the browser."""
        if self.playwright is not None:
            with suppress(PlaywrightError):
                await self.playwright.stop()
        self.playwright = self.playwright_context_manager = self.browser_type = None
