"""The browser's life: started when first needed, ended when nothing needs it."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError
from scrapy_playwright.provider import PlaywrightBrowserProvider

from ims_spiders.config import load_tracker_config
from ims_spiders.login.browser import launch_options

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
        host = urlsplit(load_tracker_config().base_url).hostname
        # The browser cannot even resolve any other host: no redirect and no script leads it off the tracker.
        options["args"] = [*options["args"], f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}"]
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
