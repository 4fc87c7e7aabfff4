"""Run as a process: hands requests to the real connection of a crawl, and prints what became of each as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from scrapy import Request
from scrapy.utils.project import get_project_settings
from twisted.internet import asyncioreactor


async def outcomes(asked: list[dict[str, Any]]) -> list[str]:
    """The status of the answer, or the type of the exception."""
    from scrapy.crawler import Crawler

    from ims_spiders.middlewares.download_handler import TrackerDownloadHandler
    from ims_spiders.spiders.ims import ImsSpider

    crawler = Crawler(ImsSpider, get_project_settings())
    crawler._apply_settings()
    handler = TrackerDownloadHandler.from_crawler(crawler)
    found = []
    for one in asked:
        try:
            answer = await handler.download_request(Request(**one))
            found.append(str(answer.status))
        except Exception as error:  # noqa: BLE001 - whichever it is, is what is asked for
            found.append(type(error).__name__)
    return found


def main() -> None:
    """The requests stand on the command line, as JSON."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed

    async def run() -> None:
        sys.stdout.write(json.dumps(await outcomes(json.loads(sys.argv[1]))))
        reactor.stop()

    task = loop.create_task(run())
    reactor.run()
    task.result()


if __name__ == "__main__":
    main()
