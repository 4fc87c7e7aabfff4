"""The crawl's rate against the network's own limit: the same requests sent by a bare client, in one run.

The demo tracker answers each request after LATENCY seconds, at most 8 at once are under way in both. The bare client
reads nothing, writes nothing and knows all addresses beforehand, so 1.0 cannot be reached.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from ims_spiders.demo.server import DemoTracker

LATENCY = 0.05
ROUNDS = 3
COMMAND = ("crawl", "--product", "OpenFrame", "--max-results", "100", "--no-related", "--no-database", "--json")


def crawl(base_url: str, data_dir: Path) -> float:
    """Seconds from the first issue asked for to the last one stored; the login is done beforehand."""
    environment = {
        **os.environ,
        "IMS_BASE_URL": base_url,
        "IMS_USERNAME": "demo",
        "IMS_PASSWORD": "demo",
        "IMS_DATA_DIR": str(data_dir),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ims_spiders.cli", *COMMAND], env=environment, check=True, capture_output=True
    )
    return float(json.loads(done.stdout)["crawl_time_ms"]) / 1000


async def fetch_all(urls: list[str], cookie: str) -> float:
    """Seconds that a bare client takes for the same addresses, eight at once."""
    gate = asyncio.Semaphore(8)
    async with aiohttp.ClientSession(headers={"Cookie": cookie}) as session:

        async def fetch(url: str) -> None:
            async with gate, session.get(url) as response:
                await response.read()

        began = time.perf_counter()
        await asyncio.gather(*map(fetch, urls))
        return time.perf_counter() - began


def main() -> None:
    """Print one line a round, and the median ratio."""
    ratios = []
    with DemoTracker(latency=LATENCY) as tracker, tempfile.TemporaryDirectory() as folder:
        crawl(tracker.base_url, Path(folder))
        (state,) = (Path(folder) / "state").glob("*.json")
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in json.loads(state.read_text())["cookies"])
        for number in range(ROUNDS):
            tracker.reset_ledger()
            seconds = crawl(tracker.base_url, Path(folder))
            urls = [
                f"{tracker.base_url}{entry.path}{'?' + entry.query if entry.query else ''}"
                for entry in tracker.ledger.entries
                if entry.method == "GET" and "issueSearchList" not in entry.path
            ]
            bare = asyncio.run(fetch_all(urls, cookie))
            ratios.append(bare / seconds)
            sys.stdout.write(
                f"round {number + 1}: {len(urls)} requests, crawl {seconds:.1f} s ({len(urls) / seconds:.0f}/s), "
                f"bare client {bare:.1f} s ({len(urls) / bare:.0f}/s), ratio {bare / seconds:.2f}\n"
            )
    sys.stdout.write(f"the crawl runs at {sorted(ratios)[ROUNDS // 2]:.2f} of the bare client's rate\n")


if __name__ == "__main__":
    main()
