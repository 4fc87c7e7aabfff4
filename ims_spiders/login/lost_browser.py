"""A browser that goes while it is used: how that is noticed, so that what was under way is done again in another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import Error as PlaywrightError

if TYPE_CHECKING:
    from playwright.async_api import Page

T = TypeVar("T")

LOST = ("has been closed", "Target crashed", "Page crashed")
"""How Playwright's messages tell of a page, browser or driver that is gone."""
LOOK_SECONDS = 2.0


def is_lost(error: PlaywrightError) -> bool:
    """Whether the page or the whole browser has gone, and not the tracker failed."""
    return any(sign in str(error) for sign in LOST)


async def while_it_lives(page: Page, work: Coroutine[Any, Any, T]) -> T:
    """What the work on the page comes to. Raises playwright's Error as soon as the page's browser is gone.

    What waits for something to happen on a page is not told when the driver dies, and waits for all of its time.
    """
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            await page.context.cookies()
        return task.result()
    finally:
        task.cancel()
