"""How long a file may take: DOWNLOAD_TIMEOUT in all, and more for what came, as long as it comes fast enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy import signals as scrapy_signals
from scrapy.exceptions import DownloadTimeoutError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

LONGEST_SECONDS = 86_400.0
"""For a file of whatever size."""


@dataclass(slots=True)
class _Transfer:
    limit: asyncio.Timeout
    began: float
    seconds: float
    came: int = 0


class FilePace:
    """A page has DOWNLOAD_TIMEOUT, whatever comes. So has a file, but each byte of it that came buys more time.

    At IMS_SLOWEST_FILE bytes a second or more a file of any size is had; a drip buys nothing, and nor does a silence of
    DOWNLOAD_TIMEOUT.
    """

    def __init__(self, crawler: Crawler):
        self._slowest = max(1, crawler.settings.getint("IMS_SLOWEST_FILE"))
        self._under_way: dict[Request, _Transfer] = {}
        crawler.signals.connect(self._came, scrapy_signals.bytes_received)

    @asynccontextmanager
    async def keep(self, request: Request) -> AsyncIterator[None]:
        """Around the download of a request. Raises DownloadTimeoutError for a file that comes too slowly."""
        if request.meta.get("ims_file_of") is None:
            yield
            return
        seconds = float(request.meta["download_timeout"])
        # Scrapy's own limit is one for the whole answer, however large it is.
        request.meta["download_timeout"] = LONGEST_SECONDS
        transfer = None
        try:
            async with asyncio.timeout(seconds) as limit:
                transfer = _Transfer(limit, asyncio.get_running_loop().time(), seconds)
                self._under_way[request] = transfer
                yield
        except TimeoutError as error:
            came = transfer.came if transfer is not None else 0
            raise DownloadTimeoutError(f"{request.url}: only {came} bytes came in time") from error
        finally:
            self._under_way.pop(request, None)
            request.meta["download_timeout"] = seconds

    def _came(self, data: bytes, request: Request) -> None:
        transfer = self._under_way.get(request)
        if transfer is None or transfer.limit.expired():
            return
        transfer.came += len(data)
        latest_since = min(transfer.began + transfer.came / self._slowest, asyncio.get_running_loop().time())
        transfer.limit.reschedule(latest_since + transfer.seconds)
